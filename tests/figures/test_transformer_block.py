"""What the figures on the block show in every state, without a browser."""

import pytest

from anatomy.figures import transformer_block as figures
from anatomy.model import PUBLISHED
from anatomy.studies import transformer_block as study


@pytest.fixture(scope="module")
def build():
    return figures.build(study.TARGETS)


def test_it_opens_with_too_few(shown, build):
    found = shown(build)
    assert found["said"]["text"].split("\n")[:2] == [
        "6,738,415,616 parameters",
        "1,291,845,632 fewer than Llama-3-8B",
    ]
    assert "W_k: 4,096 × (32 × 128), 32 layers" in found["said"]["text"]
    assert not found["fill"]["disabled"]


def test_it_locks_when_the_sizes_are_right(shown, build):
    found = shown(build, n_vocab=128_256, n_kv_heads=8, d_ff=14_336)
    assert found["said"]["text"].startswith("8,030,261,248 parameters\nexactly Llama-3-8B")
    assert found["bars"]["value"] == pytest.approx(found["ghosts"]["value"])
    assert found["fill"]["disabled"]


@pytest.mark.parametrize("target", range(len(study.TARGETS)))
def test_one_press_shows_the_sizes_of_every_target(shown, build, target):
    name = list(study.TARGETS)[target]
    before = {"target": target, "fill": 0}
    found = shown(build, before, target=target, fill=1)
    assert f"exactly {name}" in found["said"]["text"]
    config = study.TARGETS[name].config
    assert [found[size]["value"] for size in study.SIZES] == [getattr(config, size) for size in study.SIZES]
    assert found["tied"]["active"] == config.tied


def test_sizes_that_do_not_fit_are_said(shown, build):
    assert "d_model 4,096 is no multiple of 30 heads" in shown(build, n_heads=30)["said"]["text"]
    assert "32 heads are no multiple of 5 key heads" in shown(build, n_kv_heads=5)["said"]["text"]
    assert shown(build, d_ff=None)["d_ff"]["value"] == 1


@pytest.mark.parametrize("box", range(len(study.BOXES)))
@pytest.mark.parametrize("target", [0, 4, 6])
def test_every_box_has_its_shape(shown, build, box, target):
    found = shown(build, {"target": target, "fill": 0}, target=target, fill=1, box=box)
    line = found["said"]["text"].split("\n")[2]
    assert line.startswith(f"{study.BOXES[box]}: ")
    assert "undefined" not in line
    assert "NaN" not in line
    assert found["here"]["y"] == [-box]


def test_experts_grow_in_memory_and_not_at_work(shown):
    figure = figures.experts(PUBLISHED["Mistral-7B"])
    found = shown(figure)
    config = PUBLISHED["Mistral-7B"]
    assert found["bars"]["value"][0] == pytest.approx(sum(study.box_parameters(config, 8).values()) / 1e9)
    assert found["bars"]["value"][1] == pytest.approx(study.at_work(config, 8, 2) / 1e9)
    assert found["said"]["text"] == "2 of 8 at work: 28% of parameters"
    one = shown(figure, n_experts=1, n_active=5)
    assert one["n_active"] == {"value": 1, "disabled": True}
    assert one["bars"]["value"] == pytest.approx([config.n_parameters() / 1e9] * 3)


@pytest.fixture(scope="module")
def streams(real_model):
    return study.streams(real_model)


@pytest.mark.checkpoint
def test_the_stream_in_every_state(shown, streams):
    figure = figures.stream(streams)
    n = len(streams[study.FRANCE].lengths)
    for state in range(n):
        found = shown(figure, state=state)
        assert found["dots"]["y"] == pytest.approx(streams[study.FRANCE].lengths[state], rel=1e-3)
    assert shown(figure, state=n - 1)["said"]["text"].startswith("After the last layer")
    assert "99%" in shown(figure)["said"]["text"]


@pytest.mark.checkpoint
def test_the_lens_in_every_state(shown, streams):
    figure = figures.lens(streams)
    for prompt, each in enumerate(streams.values()):
        for state in (0, 15, len(each.rank) - 1):
            found = shown(figure, prompt=prompt, state=state)
            assert found["bars"]["value"] == pytest.approx(each.p[state], abs=6e-4)
        assert found["dot"]["y"] == [1]


def test_the_dial_turns(shown):
    dial = study.dial()
    figure = figures.dial(dial)
    for i, losses in enumerate(dial.losses):
        found = shown(figure, dial=i)
        assert found["bars"]["value"][0] == pytest.approx(dial.harm(losses)[0], abs=1e-3)
        assert f"perplexity {dial.perplexity(losses)[0]:.1f}" in found["said"]["text"]
    assert "Paris" in shown(figure, dial=4)["said"]["text"]
    assert "Paris" not in shown(figure, dial=0)["said"]["text"]


def test_norms_with_and_without_warm_up(shown):
    norms = study.norms()
    figure = figures.norms(norms)
    for warm in (0, 1):
        found = shown(figure, warm=warm)
        for kind in (0, 1):
            assert found[f"mean_{kind}"]["y"] == pytest.approx(norms.losses[kind, :, warm].mean(-1), rel=1e-3)
            assert found[f"ghost_{kind}"]["y"] == pytest.approx(
                norms.losses[kind, :, 1 - warm].mean(-1), rel=1e-3
            )
