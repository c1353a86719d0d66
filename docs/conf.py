"""Sphinx configuration: Markdown through MyST, warnings are errors (see the Makefile)."""

from importlib.metadata import version as installed_version

project = "onnxport"
author = copyright = "The onnxport authors"
release = installed_version("onnxport")
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "onnxport"
html_static_path = ["_static"]
myst_heading_anchors = 3
myst_enable_extensions = ["deflist", "fieldlist"]
nitpicky = True
