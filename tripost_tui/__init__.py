"""The terminal app and the `tripost` command."""
