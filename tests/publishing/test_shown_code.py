import ast
import re

import pytest

from anatomy.publishing import shown_code

EXTENSIONS = ("myst_parser", "anatomy.publishing.shown_code")
MODULE = '''"""A module."""

from anatomy.checks import finite, whole


def _checked_rows(rows):
    return rows


@staticmethod
def mean(rows, n=1):
    """The mean of rows.

    >>> mean([1, 3])
    2
    """
    whole("n", n)
    _checked_rows(rows)
    rows = finite("rows", rows)  # a list becomes an array

    if rows.ndim != 1:
        # said here
        raise ValueError("rows must have 1 axis")
    for row in rows:
        whole("row", row)
    # the sum first
    if n == 0:
        raise ValueError("n")
    elif n == 1:
        pass
    return rows.sum()   /   len(rows)


class Counter:
    """Counts."""

    def add(self, n):
        """Add n; a long first line, so that three more quotes would not fit here.

        More.
        """
        whole("n", n)
        self.n += n


def only(n):
    """Nothing else."""
    whole("n", n)
'''
MEAN = '''@staticmethod
def mean(rows, n=1):
    """The mean of rows."""
    rows = finite("rows", rows)  # a list becomes an array

    # the sum first
    if n == 0:
        raise ValueError("n")
    elif n == 1:
        pass
    return rows.sum()   /   len(rows)'''
ADD = '''def add(self, n):
    """Add n; a long first line, so that three more quotes would not fit here.
    """
    self.n += n'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.setattr(shown_code, "ROOT", tmp_path)
    (tmp_path / "anatomy").mkdir()
    (tmp_path / "anatomy" / "means.py").write_text(MODULE)
    return tmp_path


def test_checks_and_the_tails_of_docstrings_go_and_all_else_stays_as_written(package):
    short, whole, path = shown_code.forms("anatomy.means.mean")
    assert short == MEAN
    assert whole in MODULE
    assert path == package / "anatomy" / "means.py"


def test_a_method_loses_its_indent(package, monkeypatch):
    monkeypatch.setattr(shown_code, "COLUMNS", 78)
    short, whole, _ = shown_code.forms("anatomy.means.Counter.add")
    assert short == ADD
    assert whole.startswith("def add(self, n):\n    ")


def test_a_class_is_shown_with_its_methods_cut(package):
    short, _, _ = shown_code.forms("anatomy.means.Counter")
    assert 'class Counter:\n    """Counts."""\n\n    def add(self, n):' in short
    assert "whole(" not in short


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("anatomy.means.median", "there is no 'median', but _checked_rows, mean, Counter, only"),
        ("anatomy.nothing.mean", "in no module; write anatomy.module.function"),
        ("anatomy.means", "in no module"),
        ("anatomy.means.only", "only holds nothing but checks"),
    ],
)
def test_an_error_says_what_there_is(package, name, error):
    with pytest.raises(ValueError, match=error):
        shown_code.forms(name)


@pytest.mark.parametrize(
    "header",
    [
        "def continue_a_text(next_logits, ids, n_tokens, steps=((1, 2), (3, 4)), *, generator, end=None) -> list:",
        "def f(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbb=', )', ccccccccccccccccccccccc='a  b'):",
    ],
)
def test_a_long_signature_is_broken_and_means_the_same(header):
    source = f"{header}\n    return 1"
    short = shown_code.short(source, set())
    assert max(map(len, short.splitlines())) <= 80
    assert ast.dump(ast.parse(short)) == ast.dump(ast.parse(source))


PAGE = "# A\n\n```{show} anatomy.logits_and_sampling.softmax\n```\n"


def test_a_page_has_the_short_form_and_the_whole_in_details(site, read):
    app = site({"index.md": PAGE}, *EXTENSIONS)
    assert app.said == ""
    page = read(app, "index.html")
    first, second = re.findall(r"<pre>.*?</pre>", page, re.S)
    assert '<span class="k">def</span>' in first
    assert "in_range" not in first
    assert "in_range" in second
    details = re.search(r"<details.*?</details>", page, re.S)[0]
    assert "in_range" in details
    assert re.search(r"<summary>[^\n]*softmax[^\n]*anatomy/logits_and_sampling\.py", details)


@pytest.mark.parametrize(
    ("builder", "name"), [("epub", "index.xhtml"), ("latex", "test.tex"), ("text", "index.txt")]
)
def test_other_editions_have_the_short_form_and_say_where_the_rest_is(site, read, builder, name):
    text = read(site({"index.md": PAGE}, *EXTENSIONS, builder=builder), name)
    assert "Turn logits into probabilities" in text
    assert "temperature &gt; 1" not in text.replace(">", "&gt;")
    assert "logits_and_sampling.py" in text.replace("\\_", "_").replace("{", "").replace("}", "")
    assert "<details" not in text


def test_the_markdown_of_a_page_has_the_short_form(site, read):
    app = site({"index.md": PAGE}, *EXTENSIONS, "anatomy.publishing.llms_txt")
    text = read(app, "index.md")
    assert text.count("```") == 2
    assert text.endswith("```\n\nIts checks and examples are in `anatomy/logits_and_sampling.py`.\n")


def test_a_name_that_is_not_there_is_said_with_its_page(site):
    app = site({"index.md": PAGE.replace("softmax", "softmin")}, *EXTENSIONS)
    assert "index.md:3" in app.said
    assert "there is no 'softmin', but softmax" in app.said


def test_the_page_is_read_again_when_the_module_changes(site, read, package):
    page = {"index.md": PAGE.replace("logits_and_sampling.softmax", "means.mean")}
    assert ">sum<" in read(site(page, *EXTENSIONS), "index.html")
    (package / "anatomy" / "means.py").write_text(MODULE.replace("rows.sum()   /", "rows.max()   /"))
    assert ">max<" in read(site({}, *EXTENSIONS, fresh=False), "index.html")
