"""`python -m tripost_tui` is `tripost`."""

from tripost_tui.cli import main

main()
