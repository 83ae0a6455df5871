"""The TriPosT algorithm and the process that runs it."""
