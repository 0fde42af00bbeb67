PAGE = """---
file_format: mystnb
kernelspec: {name: python3}
---
# Page

```{code-cell} python
from myst_nb import glue

for depth in (2, 3):
    glue(f"best_{depth}", depth, display=False)
    glue(f"best_{depth}_p", depth, display=False)
```

{glue:text}`best_2` and {glue:text}`best_3:.2f` with {glue:text}`best_3_p`.
"""
EXTENSIONS = ("myst_nb", "anatomy.publishing.glued")


def test_a_number_that_no_sentence_says_is_named_with_its_page(site):
    pages = {"index.md": "# A\n\n```{toctree}\npage\n```\n", "page.md": PAGE}
    app = site(pages, *EXTENSIONS, nb_execution_mode="force")
    assert "page.md: WARNING: glued and not said: best_2_p [anatomy.glue]" in app.said
    assert app.said.count("\n") == 1


def test_a_page_that_says_all_is_silent(site):
    pages = {"index.md": PAGE.replace("with", "({glue:text}`best_2_p`) with")}
    assert site(pages, *EXTENSIONS, nb_execution_mode="force").said == ""
