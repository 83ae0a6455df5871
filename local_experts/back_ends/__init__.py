"""The ways to reach an expert, one file for each."""
