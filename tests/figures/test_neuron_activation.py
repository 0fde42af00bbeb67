"""What the figures on neurons show before any control has moved."""

import gzip
import json

import numpy as np
import pytest
from bokeh.models import ColumnDataSource, Patch

from anatomy import neuron_activation as na
from anatomy.figures import neuron_activation as figures
from anatomy.figures.figure import MIME


def source(figure, *names):
    """The one data source of a figure that has these columns."""
    found = {
        model
        for part in [figure.plot, *figure.controls]
        for model in part.references()
        if isinstance(model, ColumnDataSource) and set(names) <= set(model.data)
    }
    (only,) = found
    return only.data


def payload(figure):
    return json.loads(figure._repr_mimebundle_()[MIME])


def light(figure):
    """A figure's data stay within what the book allows: 100 kB, 30 kB compressed."""
    text = json.dumps(payload(figure)["payload"]["item"], separators=(",", ":")).encode()
    return len(text) < 100_000 and len(gzip.compress(text)) < 30_000


@pytest.fixture
def a_neuron():
    x, w, b = [1.5, -1.0, 2.0], [0.8, 0.6, -0.5], 0.4
    outputs = {name: float(na.neuron(x, w, b, name)) for name in na.ACTIVATIONS}
    grid = np.linspace(-7.5, 7.5, 31)
    return figures.one_neuron(x, w, b, na.running_totals(x, w, b), outputs, (grid, na.silu(grid)))


def test_a_neuron_adds_up(a_neuron):
    steps = source(a_neuron, "left", "right")
    np.testing.assert_allclose(steps["left"], [0, 1.2, 0.6, -0.4, 0], atol=1e-12)
    np.testing.assert_allclose(steps["right"], [1.2, 0.6, -0.4, 0, 0], atol=1e-12)
    assert steps["kind"] == ["plus", "minus", "minus", "plus", "sum"]
    assert steps["text"] == ["1.20", "−0.60", "−1.00", "0.40", "0.00"]
    assert light(a_neuron)


def test_every_activation_can_be_chosen(a_neuron):
    (chosen,) = a_neuron.controls[-1].select({"title": "Activation"})
    assert [name for name, _ in chosen.options] == list(na.ACTIVATIONS)


def test_curves_shade_where_the_slope_is_gone():
    x = np.linspace(-6, 6, 121)
    names = ["sigmoid", "relu", "silu"]
    figure = figures.curves(
        x,
        {n: na.ACTIVATIONS[n][0](x) for n in names},
        {n: na.ACTIVATIONS[n][1](x) for n in names},
        {n: na.saturation(n) for n in names},
    )
    flat = source(figure, "left", "right", "top")
    assert (flat["right"][0], flat["left"][1]) == na.saturation("sigmoid")
    points = source(figure, "x", "y", "kind")
    np.testing.assert_allclose(points["y"], [na.sigmoid(1.0), na.sigmoid_derivative(1.0)])
    assert light(figure)


@pytest.mark.parametrize(("chosen", "right"), [("AND", 4), ("OR", 2), ("XOR", 1)])
def test_a_line_parts_what_it_can(chosen, right):
    w, b = np.array([1.0, 1.0]), -1.5
    wanted = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": na.XOR_TARGETS}
    sums = na.XOR_INPUTS @ w + b
    figure = figures.decision(na.XOR_INPUTS, wanted, w, b, sums, na.decision_line(w, b), chosen)
    assert f"{right} of the 4" in figure.alt
    shown = source(figure, "sum", "text")
    assert sum(text.endswith("✓") for text in shown["text"]) == right
    side = source_of_patch(figure)
    inside = (np.array(side["x"]) * w[0] + np.array(side["y"]) * w[1] + b).round(9)
    assert (inside >= 0).all()
    assert (inside > 0).any()


def source_of_patch(figure):
    (renderer,) = {r for r in figure.plot.references() if isinstance(getattr(r, "glyph", None), Patch)}
    return renderer.data_source.data


def test_the_hidden_plane_parts_xor_with_relu_only():
    three = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    for leak, solved in ((0.0, True), (1.0, False)):
        figure = figures.xor_network(
            np.array([0.0, 1.0, 2.0]),
            na.xor(np.array([[0.0, 0], [1, 0], [2, 0]]), leak),
            na.xor_hidden(three, leak),
            na.xor(three, leak),
            {leak: na.xor(three, leak)},
            leak,
        )
        hidden = next(d for d in sources(figure) if "0,1 and 1,0" in d.get("text", []))
        shaded = np.array(hidden["x"]) - 2 * np.array(hidden["y"]) > 0.5
        assert (shaded.tolist() == [False, True, False]) == solved


def sources(figure):
    return [m.data for m in figure.plot.references() if isinstance(m, ColumnDataSource)]


def test_bends_carry_every_fit_and_their_errors():
    x = np.linspace(-3, 3, 81)
    wave = np.sin(2 * x)
    knots = [-3.0, 0.0, -1.5]
    fits = {n: [na.fit_with_knots(x, wave, knots[:k], n) for k in (1, 2, 3)] for n in ("relu", "identity")}
    errors = {n: [float(((row - wave) ** 2).mean()) for row in fits[n]] for n in fits}
    figure = figures.bends(x, wave, knots, fits, errors, count=2)
    assert [row[0] for row in figure.data.rows] == ["1", "2", "3"]
    assert figure.data.rows[2][1] == f"{errors['relu'][2]:.4f}"
    assert len({row[2] for row in figure.data.rows}) == 1  # without a bend the number changes nothing
    assert light(figure)


def test_gates_show_shares_of_a_layer():
    rng = np.random.default_rng(0)
    bins = np.linspace(-4, 4, 81)
    sums = rng.normal(-0.2, np.linspace(0.4, 2, 30)[:, None], (30, 4000))
    shares = np.array([100 * np.histogram(row, bins)[0] / row.size for row in sums])
    below = (sums < 0).mean(axis=1)
    figure = figures.gates(
        bins, shares, below, np.percentile(sums, [5, 50, 95], axis=1).T, (0, 15, 29), layer=3
    )
    filled = source(figure, "left", "right", "top")
    np.testing.assert_allclose(filled["top"], shares[3])
    assert len(figure.data.rows) == 30
    assert light(figure)


def test_swapped_compares_with_guessing():
    figure = figures.swapped({"SiLU": 3.0, "no bend": 14.0}, np.log(49_152))
    assert figure.data.rows == [["SiLU", "3.00"], ["no bend", "14.00"], ["guessing evenly", "10.80"]]
    assert "14.00" in figure.alt
