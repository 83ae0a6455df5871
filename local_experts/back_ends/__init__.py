"""The ways to reach an expert. Each is imported only where it is used."""
