"""Sphinx configuration of the book. What the pages need beyond it lives in anatomy.publishing."""

import os

# Before numpy is imported, here and in the kernels, which inherit it: sums by two threads differ in their last digits,
# and with them a printed loss. And sets are gone through in one order.
for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[threads] = "1"
os.environ["PYTHONHASHSEED"] = "0"
# figures and numbers go to pages; without it a figure shows itself, as in a notebook
os.environ["ANATOMY_BOOK"] = "1"

from anatomy import __version__  # noqa: E402

project = "The Anatomy of an LLM"
author = "The contributors of The Anatomy of an LLM"
copyright = "the contributors; text CC BY 4.0, code Apache-2.0"
version = release = __version__
language = "en"

extensions = [
    "anatomy.publishing.inputs",
    "anatomy.publishing.cell_cache",
    "myst_nb",
    "sphinx_exercise",
    "sphinxcontrib.bibtex",
    "anatomy.publishing.anchors",
    "anatomy.publishing.bibliography",
    "anatomy.publishing.bokeh_figures",
    "anatomy.publishing.cell_errors",
    "anatomy.publishing.bundle",
    "anatomy.publishing.epub",
    "anatomy.publishing.exercises",
    "anatomy.publishing.front_page",
    "anatomy.publishing.glued",
    "anatomy.publishing.llms_txt",
    "anatomy.publishing.mathml",
    "anatomy.publishing.model_map",
    "anatomy.publishing.notebooks",
    "anatomy.publishing.pages",
    "anatomy.publishing.pdf",
    "anatomy.publishing.search_words",
    "anatomy.publishing.shown_code",
    "anatomy.publishing.token_explorer",
]
exclude_patterns = ["_build", "pictures"]
nitpicky = True
numfig = True
numfig_secnum_depth = 1
numfig_format = {"figure": "Fig. %s", "table": "Table %s"}

# MyST and its cells
myst_enable_extensions = [
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
    "smartquotes",
]
nb_execution_mode = "cache"
nb_execution_timeout = 300
nb_merge_streams = True

# Citations
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "once"
bibtex_reference_style = "author_year"
# every chapter lists its own sources, and references.md lists all: a citation leads to the list on its page
suppress_warnings = ["bibtex.duplicate_citation", "bibtex.duplicate_label"]

# HTML
html_theme = "sphinx_book_theme"
html_title = project
html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", "")
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_secnumber_suffix = "\u2002"
html_scaled_image_link = False
html_permalinks_icon = "#"
html_sidebars = {"**": ["navbar-logo.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
html_context = {"default_mode": "auto"}
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_navbar_depth": 1,
    "max_navbar_depth": 1,
    "navigation_with_keys": False,
}

# EPUB
epub_title = project
epub_basename = "anatomy-of-an-llm"
epub_uid = "anatomy-of-an-llm"
epub_identifier = "urn:uuid:333e7b5f-e554-5499-af93-5265e61f633e"  # of this book in all its versions
epub_scheme = "UUID"
epub_cover = ("_static/cover.png", "epub-cover.html")
epub_publisher = author
epub_language = "en"
epub_tocscope = "includehidden"
epub_tocdup = False
epub_use_index = False
epub_show_urls = "no"
epub_exclude_files = ["search.html", "404.xhtml", ".buildinfo.bak"]

# PDF
latex_engine = "xelatex"
latex_use_xindy = False
latex_show_urls = "no"
