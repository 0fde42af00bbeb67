import json
import re

INDEX = "# Book\n\n(about)=\n## About\n\n```{toctree}\nqkv\nnotes\n```\n"
CHAPTER = "(attention-q-k-v)=\n(qkv)=\n# Queries\n\n(qkv-exercises)=\n## Exercises\n"
NOTES = "(aside)=\n# Notes\n"


def test_the_index_forwards_to_the_labels_of_chapters_and_to_nothing_else(site, read):
    pages = {"index.md": INDEX, "qkv.md": CHAPTER, "notes.md": NOTES}
    app = site(pages, "myst_parser", "anatomy.publishing.anchors")
    assert app.said == ""
    assert '<script src="_static/forward.js"></script>' in read(app, "index.html")
    table = json.loads(re.search(r"\((\{.*\})\);", read(app, "_static/forward.js"))[1])
    assert table == {
        "attention-q-k-v": "qkv.html#attention-q-k-v",
        "qkv": "qkv.html#qkv",
        "qkv-exercises": "qkv.html#qkv-exercises",
    }
    assert "forward.js" not in read(app, "qkv.html")
    for anchor in ("attention-q-k-v", "qkv", "qkv-exercises"):
        assert f'id="{anchor}"' in read(app, "qkv.html")
