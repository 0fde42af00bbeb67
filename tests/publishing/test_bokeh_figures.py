import json
import re

import pytest

from anatomy.publishing import bokeh_figures, pictures
from anatomy.publishing.mime import is_number

CONFIG = {
    "nb_execution_mode": "force",
    "nb_execution_raise_on_error": True,
    "numfig": True,
    "numfig_secnum_depth": 1,
    "numfig_format": {"figure": "Fig. %s", "table": "Table %s"},
    "myst_enable_extensions": ["dollarmath"],
    "html_math_renderer": "mathml",
}
EXTENSIONS = ("myst_nb", "anatomy.publishing.mathml", "anatomy.publishing.bokeh_figures")
HEAD = "---\nfile_format: mystnb\nkernelspec: {name: python3}\n---\n"
PAGE = (
    HEAD
    + """
# Rope

{numref}`fig-rope-dial` and {numref}`table-rope-cost`.

```{code-cell} python
:tags: [remove-input]
from anatomy.figures.figure import Figure, Table
from anatomy.figures import parts
plot = parts.plot(height=186)
plot.vbar([0, 1], top=[0.25, 0.75], color="#1c2530")
numbers = Table(["reads", "a", "b"], [["a", "1.00", "0.00"], ["b", "0.25", "<b>"]])
said = 'Two "rows" & <i>.', "Look at $x^2$ and `b`."
Figure(plot, "rope-dial", *said, numbers, "toy", [parts.slider("Turn", 0, 1, 0)], "by hand")
```

```{code-cell} python
:tags: [remove-input]
Table(["part", "bytes"], [["k", 1200], ["v", 33]], "rope-cost", "What it costs", "real")
```
"""
)
INDEX = "# Index\n\n```{toctree}\n:numbered:\nrope\n```\n"


@pytest.fixture(scope="module")
def payload():
    """The JSON of the page's figure, made in this process: it must equal what the kernel makes."""
    from anatomy.figures import parts
    from anatomy.figures.figure import Figure, Table

    plot = parts.plot(height=186)
    plot.vbar([0, 1], top=[0.25, 0.75], color="#1c2530")
    figure = Figure(plot, "rope-dial", "a", "b", Table(["a"], []), "toy", [parts.slider("Turn", 0, 1, 0)])
    return json.dumps(figure.payload(), separators=(",", ":"), ensure_ascii=False)


def with_pictures(tmp_path, payload, width=720, height=186):
    folder = tmp_path / "source" / "pictures"
    folder.mkdir(parents=True)
    state = pictures.state_text(payload)
    (folder / "rope-dial.json").write_text(state, "utf-8")
    for tail, wide in pictures.WIDTHS.items():
        svg = f'<svg version="1.1" xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{height}"/>\n'
        (folder / f"rope-dial{tail}.svg").write_text(pictures.head(state, 44) + svg)


def test_the_page_follows_the_contract(site, read, tmp_path, payload):
    with_pictures(tmp_path, payload)
    app = site({"index.md": INDEX, "rope.md": PAGE}, *EXTENSIONS, **CONFIG)
    page = read(app, "rope.html")
    assert app.said == ""
    figure = re.search(r"<figure.*?</figure>", page, re.S)[0]
    assert figure.startswith(
        '<figure class="anatomy-figure" id="fig-rope-dial" data-provenance="toy" data-state="static"'
    )
    assert figure.count('alt="Two &quot;rows&quot; &amp; &lt;i&gt;."') == 2
    assert 'Fig. 1.1</span> <span class="badge" data-provenance="toy">Toy</span>' in figure
    assert '<details class="figure-data"><summary>Data</summary>' in figure
    assert '<th scope="row">b</th><td>0.25</td><td>&lt;b&gt;</td>' in figure
    assert 'width="358"' in figure
    assert "--c:44px" in figure
    assert ">Fig. 1.1</span></a> and" in page
    assert ">Table 1.1</span></a>" in page
    assert '<span class="badge" data-provenance="real">Real model</span>' in page
    static = app.outdir / "_static"
    script = (static / "figures" / "rope-dial.js").read_text()
    assert script == bokeh_figures.script_of("rope-dial", payload)
    assert script.startswith('anatomyFigures["rope-dial"]={"item":{"root_id":"m0"')
    assert {p.name for p in (static / "figures").glob("*.svg")} == {
        f"rope-dial{tail}{dark}.svg" for tail in pictures.WIDTHS for dark in ("", "-dark")
    }
    assert len(list((static / "bokeh").glob("*.min.js"))) == 2
    assert not re.search(r'(src|href)="(https?:)?//', figure)


def test_a_stale_picture_warns_in_one_line_and_is_still_shown(site, read, tmp_path):
    with_pictures(tmp_path, '{"another": "figure"}')
    app = site({"index.md": INDEX, "rope.md": PAGE}, *EXTENSIONS, **CONFIG)
    assert app.said.count("\n") == 1
    assert "rope-dial.svg shows an older state" in app.said
    assert "nox -s pictures" in app.said
    assert "<img" in read(app, "rope.html")


def test_a_missing_picture_warns_and_its_words_stand_in_its_place(site, read):
    app = site({"index.md": INDEX, "rope.md": PAGE}, *EXTENSIONS, **CONFIG)
    assert "no state rope-dial.json" in app.said
    assert '<p class="no-picture">Two &quot;rows&quot; &amp; &lt;i&gt;.</p>' in read(app, "rope.html")
    again = site({}, *EXTENSIONS, fresh=False, **CONFIG)
    assert again.said == app.said  # no page was read, and nothing is forgotten
    assert (again.outdir / "_static" / "figures" / "rope-dial.js").exists()


def test_text_keeps_the_alt_text_and_the_data(site, read, tmp_path, payload):
    with_pictures(tmp_path, payload)
    app = site({"index.md": INDEX, "rope.md": PAGE}, *EXTENSIONS, builder="text", **CONFIG)
    page = read(app, "rope.txt")
    assert 'Two "rows" & <i>.' in page
    assert "b | 0.25 | <b>" in page


def test_a_figure_must_be_called_after_its_page(site, tmp_path, payload):
    with_pictures(tmp_path, payload)
    pages = {
        "index.md": INDEX.replace("rope", "qkv"),
        "qkv.md": PAGE.replace("table-rope-cost", "fig-rope-dial"),
    }
    app = site(pages, *EXTENSIONS, **CONFIG)
    assert "figure 'rope-dial' must be called 'qkv-…', after its page" in app.said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,200", True), ("−0.25", True), ("1.2e-4", True), ("21%", True), ("38.6 M", True), ("2.6×", True),
        ("", True), ("none", True), ("k", False), ("–", False), ("198 | 4", False), ("(576, 3)", False),
    ],
)  # fmt: skip
def test_numbers_are_recognised(text, expected):
    assert is_number(text) is expected
