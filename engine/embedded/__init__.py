"""The student that comes with the package, and how it was made."""

from pathlib import Path

STUDENT = Path(__file__).parent / "student"
"""Folder of the embedded student, loadable by transformers."""
