"""The closing walk, against the model itself."""

import re
from pathlib import Path

import numpy as np
import pytest

from anatomy.figures import closing as figures
from anatomy.logits_and_sampling import softmax
from anatomy.model import Trace
from anatomy.studies import closing as study
from anatomy.topics import BY_STEM

PAGE = Path(__file__).parents[2] / "book" / "closing.md"
pytestmark = pytest.mark.checkpoint


@pytest.fixture(scope="module")
def stages(real_model):
    return study.walk(real_model)


def test_every_stage_leads_to_a_chapter_and_fits_the_plate(stages):
    assert {stage.topic for stage in stages} <= set(BY_STEM)
    assert max(len(stage.rows) for stage in stages) <= 5
    assert all(value for stage in stages for _, value in stage.rows)


def test_numbers_are_the_models(stages, real_model):
    ids = real_model.encode(study.TEXT)
    trace = Trace("residual", "weights")
    logits = real_model.forward(ids, trace=trace)[-1].astype(float)
    rows = {stage.title: dict(stage.rows) for stage in stages}
    p = softmax(logits)
    assert rows["A score for every token"]["·Paris"] == f"{p.max():.3f}"
    length = np.linalg.norm(trace["residual"][-1, -1])
    assert rows["30 layers"]["at the end"] == f"{length:.0f}"
    weight = trace["weights"][study.HEAD][-1]
    assert rows["Query meets keys"]["weight of France"] == f"{weight.max():.2f}"
    scaled = [
        float(word.replace("−", "-")) for word in rows["Query meets keys"]["the same of all"].split(", ")
    ]
    assert np.exp(scaled[3]) / np.exp(scaled).sum() == pytest.approx(weight.max(), abs=0.02)
    pair = [
        float(x.replace("−", "-")) for x in rows["Layer 16, head 0: a query"]["its first pair"].split(", ")
    ]
    turn = float(rows["Both turned by position"]["first pair, by"].split()[0])
    turned = (np.array(pair) @ [1, 1j]) * np.exp(1j * turn)
    said = rows["Both turned by position"]["so the query's is now"].split(", ")
    assert [float(x.replace("−", "-")) for x in said] == pytest.approx([turned.real, turned.imag], abs=0.1)
    assert rows["Text is bytes"]["bytes"] == str(len(study.TEXT))
    assert rows["What is kept for the next"]["bytes a token, 32 bits"] == "46,080"
    drawn = rows["One is drawn"]["drawn"].replace("·", " ")
    assert f"{p[real_model.encode(drawn)[0]]:.3f}" == rows["One is drawn"]["its probability"]


def test_every_head_looks_somewhere(stages, real_model):
    rows = next(stage.rows for stage in stages if stage.topic == "multi-head-attention")
    counts = [int(value.split()[0]) for what, value in rows if what.startswith("most at")]
    assert sum(counts) == real_model.config.n_heads


def test_the_list_below_the_plate_leads_from_every_stage_to_its_chapter(stages):
    led = {}
    for first, last, words in re.findall(
        r"^- Stages? (\d+)(?: (?:and|to) (\d+))?: (.*)$", PAGE.read_text("utf-8"), re.M
    ):
        for i in range(int(first), int(last or first) + 1):
            led[i] = re.findall(r"{ref}`([\w-]+)`", words)
    assert list(led) == list(range(1, len(stages) + 1))
    for i, stage in enumerate(stages, 1):
        assert stage.topic in led[i], stage.title


def test_what_is_written_is_what_the_page_writes(real_model):
    pairs = study.written(real_model)
    assert pairs[0][0] == " Paris"
    assert pairs[1][1] < 0.05
    assert pairs[-1][1] < 1e-4
    assert f'"{study.TEXT}"' in PAGE.read_text("utf-8")


def test_the_plate_shows_each_stage(stages, shown):
    figure = figures.walk(stages)
    for i, stage in enumerate(stages, 1):
        found = shown(figure, stage=i)
        assert f"Stage {i} of {len(stages)}, chapter {BY_STEM[stage.topic].number}" in found["said"]["text"]
        assert found["said"]["text"].endswith(stage.title)
        assert found["rows"]["c0"][: len(stage.rows)] == [what for what, _ in stage.rows]
        assert len(found["rows"]["c1"]) == 5
