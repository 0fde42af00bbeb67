import xml.etree.ElementTree as ElementTree

import pytest

from anatomy.publishing.mathml import mathml

PAGE = "# Formulas\n\nInline $\\sqrt{d}$.\n\n$$ a = \\sum_i \\frac{q_i}{k_i} $$ (eq-a)\n\nSee {eq}`eq-a`.\n"


@pytest.mark.parametrize(
    "tex", [r"\sqrt{d}", r"f(x)", r"\mathrm{softmax}\left(\frac{q\,k^\top}{\sqrt{d}}\right) < 1"]
)
def test_a_formula_is_well_formed_without_named_entities(tex):
    root = ElementTree.fromstring(mathml(tex, block=True))
    assert root.tag == "{http://www.w3.org/1998/Math/MathML}math"


def test_pages_hold_mathml_and_no_script(site, read):
    extensions = ("myst_nb", "anatomy.publishing.mathml")
    app = site(
        {"index.md": PAGE}, *extensions, html_math_renderer="mathml", myst_enable_extensions=["dollarmath"]
    )
    page = read(app, "index.html")
    assert app.said == ""
    assert page.count("<math ") == 2
    assert 'href="#equation-eq-a"' in page
    assert 'id="equation-eq-a"' in page
    assert "MathJax" not in page
