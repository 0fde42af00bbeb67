"""What the page counts for the chapter on the block, against anatomy.studies.transformer_block."""

from dataclasses import replace

import pytest

from anatomy.figures.transformer_block import LABELS, kind_of, sizes_of
from anatomy.studies import transformer_block as study


def on_page(javascript, config, n_experts=1):
    return javascript(
        ["box_parameters"],
        "box_parameters(sizes, kind)",
        sizes=dict(zip(LABELS, sizes_of(config, n_experts), strict=True)),
        kind=kind_of(config),
    )


@pytest.mark.parametrize("name", list(study.TARGETS))
@pytest.mark.parametrize("n_experts", [1, 8])
def test_boxes_are_counted_as_in_python(javascript, name, n_experts):
    config = study.TARGETS[name].config
    assert on_page(javascript, config, n_experts) == study.box_parameters(config, n_experts)


def test_tied_and_untied(javascript):
    for tied in (True, False):
        config = replace(study.TARGETS["Llama-3-8B"].config, tied=tied)
        assert on_page(javascript, config) == study.box_parameters(config)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (9216, "9,216"), (266_240, "266,240"), (16_777_216, "16.8 M"), (1_442_840_576, "1.44 B")],
)
def test_counts_in_words(javascript, count, words):
    assert javascript(["in_millions"], "in_millions(count)", count=count) == words
