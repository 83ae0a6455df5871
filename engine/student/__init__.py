"""The student: loading it, its texts as tokens, and what it writes. Everything here loads torch."""
