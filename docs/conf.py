"""How the documentation is built: `make docs`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "client")]

from pubserve import __version__  # noqa: E402

project = "Pubserve"
author = "Pubserve"
copyright = "Pubserve's authors; Apache-2.0"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "tools.docs.extension"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", ".*")
]  # types of other libraries; our own links are Markdown's, and those are checked
default_role = "code"  # a name in single backticks, in docstrings

myst_enable_extensions = ["attrs_block", "attrs_inline", "deflist"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
add_module_names = False

html_theme = "furo"
html_title = "Pubserve"
html_favicon = "../serve/web/icon.svg"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#0d5c5b",
        "color-brand-content": "#0d5c5b",
        "color-brand-visited": "#0d5c5b",
    },
    "dark_css_variables": {
        "color-brand-primary": "#74c9c0",
        "color-brand-content": "#74c9c0",
        "color-brand-visited": "#74c9c0",
    },
    "footer_icons": [],
}

copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
