"""A report as one HTML file: nothing in it asks a network for anything, and no script runs.

`page.py` puts it together, `plots.py` and `svg.py` draw, `passages.py` marks what changed in
trajectories. Charts and tables are those of `engine.report_charts` and `engine.report_layout`.
"""
