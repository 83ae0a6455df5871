"""The terminal app and the `tripost` command."""

import os

# Read by Textual when it is imported. At its own 60 a key that comes right after a painting waits
# for up to 17 ms before it is seen.
os.environ.setdefault("TEXTUAL_FPS", "120")
