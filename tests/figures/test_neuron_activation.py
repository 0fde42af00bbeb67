"""What the figures on neurons show in every state, against anatomy.neuron_activation."""

import gzip
import json

import numpy as np
import pytest

from anatomy import neuron_activation as na
from anatomy.figures import neuron_activation as figures
from anatomy.figures.figure import MIME
from anatomy.figures.parts import fixed
from anatomy.studies import neuron_activation as study

X, W, B = [1.5, -1.0, 2.0], [0.8, 0.6, 0.5], -0.4
WANTED = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": na.XOR_TARGETS}


@pytest.fixture(scope="module")
def a_neuron():
    return figures.one_neuron(X, W, B)


@pytest.fixture(scope="module")
def the_line():
    return figures.decision(na.XOR_INPUTS, WANTED, np.array([1.0, 1.0]), -1.5)


@pytest.fixture(scope="module")
def fits():
    return study.wave_fits()


@pytest.fixture(scope="module")
def the_bends(fits):
    return figures.bends(fits)


@pytest.fixture(scope="module")
def the_network():
    return figures.xor_network(study.CORNERS, study.xor_table())


@pytest.fixture(scope="module")
def the_curves():
    return figures.curves(study.SEVEN)


@pytest.fixture(scope="module")
def the_gates():
    return figures.gates(study.gates(), study.SHOWN_LAYERS)


@pytest.mark.parametrize("bend", range(5))
@pytest.mark.parametrize("weights", [W, [-1, 1, -1], [1, -1, 1], [0, 0, 0]])
def test_a_neuron_adds_up_and_bends(shown, a_neuron, weights, bend):
    name = ["silu", "relu", "gelu", "sigmoid", "tanh"][bend]
    found = shown(a_neuron, **{f"w{i}": w for i, w in enumerate(weights)}, bend=bend)
    totals = na.running_totals(X, weights, B)
    np.testing.assert_allclose(found["steps"]["left"], [*totals[:-1], 0], atol=1e-9)
    np.testing.assert_allclose(found["steps"]["right"], [*totals[1:], totals[-1]], atol=1e-9)
    output = float(na.neuron(X, weights, B, name))
    assert found["point"]["y"] == [pytest.approx(output)]
    assert found["title"]["text"].startswith(f"sum {fixed(totals[-1])}, ")
    assert found["title"]["text"].endswith(f" {fixed(output)}")


@pytest.mark.parametrize("w", [(1.0, 1.0), (-2.0, 0.3), (0.0, -1.5), (2.0, 2.0)])
@pytest.mark.parametrize("bias", [-1.5, -0.5, 0.0, 2.0])
@pytest.mark.parametrize("wanted", range(3))
def test_a_line_parts_what_it_can(shown, the_line, w, bias, wanted):
    found = shown(the_line, w0=w[0], w1=w[1], bias=bias, wanted=wanted)
    sums = (na.XOR_INPUTS @ w + bias).round(9)
    right = (sums > 0) == (np.array(list(WANTED.values())[wanted]) == 1)
    assert found["title"]["text"] == f"{right.sum()} of 4 right"
    np.testing.assert_allclose(found["sums"]["value"], sums, atol=1e-9)
    assert [label[-1] == "✓" for label in found["sums_axis"]["labels"]] == right.tolist()
    on_side = np.transpose([found["side"]["x"], found["side"]["y"]]) @ w + bias
    assert (on_side > -1e-6).all()
    assert on_side.max() > 1
    arrow = {key: value[0] for key, value in found["arrow"].items()}
    assert (arrow["to_x"] - arrow["x"], arrow["to_y"] - arrow["y"]) == pytest.approx((w[0] / 2, w[1] / 2))
    assert arrow["x"] * w[0] + arrow["y"] * w[1] + bias == pytest.approx(0, abs=1e-9)


def test_without_weights_there_is_no_line(shown, the_line):
    found = shown(the_line, w0=0, w1=0, bias=1)
    assert found["line"] == {"x": [], "y": []}
    assert found["title"]["text"] == "1 of 4 right, no line"
    assert max(found["side"]["x"]) > 10


def test_three_of_four_is_the_most_for_xor(shown, the_line):
    grid = [-2, -1, -0.5, 0.5, 1, 2]
    best = max(
        int(shown(the_line, w0=a, w1=b, bias=c, wanted=2)["title"]["text"][0])
        for a in grid
        for b in grid
        for c in grid
    )
    assert best == 3


@pytest.mark.parametrize(("count", "bend"), [(1, 0), (7, 0), (10, 0), (4, 1), (10, 1), (1, 2), (10, 2)])
def test_bends_show_the_fit_and_its_knots(shown, fits, the_bends, count, bend):
    name = ["relu", "silu", "identity"][bend]
    found = shown(the_bends, count=count, bend=bend)
    np.testing.assert_allclose(found["curve"]["y"], fits.curves[name][count - 1], atol=6e-4)
    knots = [] if name == "identity" else fits.knots[name][:count]  # without a bend there is nothing to mark
    np.testing.assert_allclose(found["marks"]["x"], knots, atol=1e-3)
    said = f"error {figures.small(fits.errors[name][count - 1])}"
    if name == "identity":
        said += "\nno weight can bend it"
    else:
        weight = fits.largest[name][count - 1]
        said += f"\noutput weights up to {fixed(weight, 1) if weight < 10 else f'{weight:,.0f}'}"
    assert found["title"]["text"].endswith(said)


@pytest.mark.parametrize("leak", [0.0, 0.2, 0.25, 0.5, 0.95, 1.0])
def test_the_network_with_its_weights_and_refitted(shown, the_network, leak):
    frozen = shown(the_network, leak=leak, fit=False)
    np.testing.assert_allclose(frozen["answers"]["y"], na.xor(study.CORNERS, leak), atol=1e-12)
    assert (frozen["title"]["text"] == "solved") == (leak < study.fails_from())
    fitted = shown(the_network, leak=leak, fit=True)
    weights, bias, outputs = study.refitted(leak)
    np.testing.assert_allclose(fitted["answers"]["y"], outputs, atol=1e-9)
    assert (fitted["title"]["text"] == "solved") == (leak < 1)
    assert (
        fitted["weights"]["text"] == f"output: {fixed(weights[0])}, {fixed(weights[1])}, bias {fixed(bias)}"
    )
    edge = np.transpose([fitted["line"]["x"], fitted["line"]["y"]]) @ weights + bias
    np.testing.assert_allclose(edge, 0.5, atol=1e-6)


@pytest.mark.parametrize("name", study.SEVEN)
@pytest.mark.parametrize("input_", [-5, -1.3, 0, 2.4])
def test_curves_show_values_slopes_and_flat_ground(shown, the_curves, name, input_):
    which = study.SEVEN.index(name)
    found = shown(the_curves, first=which, input=input_)
    value, slope = na.ACTIVATIONS[name]
    assert found["value_spots"]["y"][0] == pytest.approx(float(value(input_)), abs=1e-9)
    assert found["slope_spots"]["y"][0] == pytest.approx(float(slope(input_)), abs=1e-9)
    x = np.array(found["value_one"]["x"])
    np.testing.assert_allclose(found["value_one"]["y"], value(x), atol=1e-9)
    np.testing.assert_allclose(found["slope_one"]["y"], slope(x), atol=1e-9)
    shaded = np.zeros(len(x), bool)
    for left, right in zip(found["slope_flat"]["left"], found["slope_flat"]["right"], strict=True):
        shaded |= (x >= left) & (x <= right)
    assert (np.abs(slope(x[shaded])) <= 0.05).all()
    assert (np.abs(slope(x[~shaded])) > 0.045).all()
    assert fixed(float(value(input_)), 3) in found["value_title"]["text"]


def test_an_activation_beside_itself_is_one_curve(shown, the_curves):
    found = shown(the_curves, first=0, second=0, zoom=1)
    assert len(found["value_spots"]["x"]) == 1
    assert found["values_x"] == {"start": -5, "end": 0}


def test_the_input_stays_in_the_window(shown, the_curves):
    found = shown(the_curves, input=3, zoom=1)
    assert found["input"] == {"end": 0, "value": 0}
    assert found["value_spots"]["x"] == [0, 0]
    assert shown(the_curves, input=3)["input"] == {"end": 5, "value": 3}


@pytest.mark.parametrize("layer", [0, 3, 29])
def test_gates_show_shares_of_a_layer(shown, the_gates, layer):
    gates = study.gates()
    found = shown(the_gates, layer=layer)
    np.testing.assert_allclose(found["share"]["top"], 100 * gates.shares[layer], rtol=6e-3, atol=1e-9)
    assert f"layer {layer}: {gates.below[layer]:.0%} below zero" in found["title"]["text"]


def test_swapped_compares_with_silu_and_with_guessing(shown):
    exchanges = study.exchanged()
    figure = figures.swapped(exchanges, np.log(49_152))
    found = shown(figure)
    assert len(found["bars"]["value"]) == len(exchanges) + 1
    assert found["bars"]["text"][-1] == "10.80"
    for text, e in zip(found["bars"]["text"][1:], list(exchanges.values())[1:], strict=False):
        assert text == f"{e.loss:.2f}, +{e.change:.2f} ± {e.error:.2f}"


def test_every_figure_is_light(a_neuron, the_line, the_bends, the_network, the_curves, the_gates):
    for figure in (a_neuron, the_line, the_bends, the_network, the_curves, the_gates):
        text = json.dumps(json.loads(figure._repr_mimebundle_()[MIME])["payload"]).encode()
        assert len(text) < 100_000, figure
        assert len(gzip.compress(text)) < 30_000, figure
