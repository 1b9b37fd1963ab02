"""Sphinx: `make docs`."""

from hideseek_cli import __version__

project = "hideseek"
release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
myst_heading_anchors = 3
exclude_patterns = ["_build"]
suppress_warnings = ["myst.xref_missing"]
