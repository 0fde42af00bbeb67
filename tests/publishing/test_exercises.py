import re

EXTENSIONS = ("myst_parser", "anatomy.publishing.exercises")
PAGE = """# Page

```{exercise}
:label: page-1
Why?
```

```{solution} page-1
:class: dropdown
Because *so*.

Twice.
```

```{exercise}
:label: page-2
How?
```

```{solution} page-2
Thus.
```
"""


def test_a_solution_stays_shut_and_needs_no_script(site, read):
    app = site({"index.md": PAGE}, *EXTENSIONS, numfig=True)
    page = read(app, "index.html")
    assert app.said == ""
    first, second = re.findall(r"<details.*?</details>", page, re.S)
    assert re.match(
        r'<details class="solution( dropdown)?" id="[^"]+">\n<summary>Solution to Exercise 1</summary>', first
    )
    assert "<em>so</em>" in first
    assert "<p>Twice.</p>" in first
    assert "<summary>Solution to Exercise 2</summary>" in second
    assert "exercise.css" not in page
    assert " open" not in first.partition(">")[0]


def test_no_id_stands_twice_on_the_page(site, read):
    page = read(site({"index.md": PAGE}, *EXTENSIONS), "index.html")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_pdf_keeps_solutions_in_the_open(site):
    app = site({"index.md": PAGE}, *EXTENSIONS, builder="latex")
    text = "".join(path.read_text("utf-8") for path in app.outdir.glob("*.tex"))
    assert "Because" in text
    assert "details" not in text
    asked = set(re.findall(r"\\hyperref\[\\detokenize\{(index:page-\d)\}\]", text))
    assert asked == {"index:page-1", "index:page-2"}
    for label in asked:
        assert rf"\label{{\detokenize{{{label}}}}}" in text
