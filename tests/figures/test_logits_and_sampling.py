"""What the figures on sampling show in each state of their controls, against numpy."""

import gzip
import itertools
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from anatomy import logits_and_sampling as ls
from anatomy.figures import logits_and_sampling as figures
from anatomy.figures.figure import MIME
from anatomy.studies import logits_and_sampling as study

STEPS = ("temperature", "top_k", "top_p", "min_p")


class Vocabulary:
    """Texts for ids, as far as a study needs them."""

    def decode(self, ids):
        return "".join(f" t{i}" for i in ids)


def logits_like_a_models(seed):
    """A few large ones and a long tail."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-2, 2, 20_000)
    logits[rng.choice(20_000, 30, replace=False)] = np.linspace(6, 12, 30)
    return logits


@pytest.fixture(scope="module")
def expected():
    return {
        prompt: study.describe(Vocabulary(), logits_like_a_models(seed), study.TAIL)
        for seed, prompt in enumerate(study.PROMPTS)
    }


@pytest.fixture(scope="module")
def filters(expected):
    return figures.filters(expected, study.DOOR)


TOY = (["mat", "sofa", "floor", "roof", "moon"], np.array([3.2, 2.2, 1.2, 0.2, -1.5]))


@pytest.mark.parametrize("temperature", [0, 0.05, 0.35, 1.0, 1.7, 2.5])
def test_temperature_shows_the_softmax_and_its_perplexity(shown, temperature):
    figure = figures.temperature(*TOY)
    p = ls.softmax(TOY[1], temperature)
    found = shown(figure, temperature=temperature)
    np.testing.assert_allclose(found["bars"]["value"], p, atol=1e-12)
    assert found["bars"]["text"] == [f"{share:.3f}" for share in p]
    assert found["title"]["text"] == f"T = {temperature:.2f}, perplexity {ls.perplexity(p):.2f}"
    assert found["here"]["x"] == [temperature] * 2
    assert found["dots"]["y"] == pytest.approx(p)


# --- Filters -------------------------------------------------------------------------------------


def test_groups_keep_every_token_and_the_mass(expected):
    now = expected[study.DOOR]
    gaps, counts = figures.in_groups(now.logits, now.order)
    assert counts.sum() == len(now.logits)
    np.testing.assert_allclose(
        gaps[: figures.NAMED], np.sort(now.logits)[::-1][: figures.NAMED] - now.logits.max()
    )
    mass = (np.exp(gaps) * counts).sum()
    assert mass == pytest.approx(np.exp(now.logits - now.logits.max()).sum(), rel=1e-12)


def placed(order):
    """Steps by name in this order -> the four choices."""
    return dict(zip(figures.FILTER_STEPS, (1 + STEPS.index(name) for name in order), strict=True))


def numbers(words):
    return [float(word.replace(",", "") or -1) for word in words]


@pytest.mark.parametrize("order", list(itertools.permutations(STEPS)))
def test_filters_show_what_numpy_computes_in_every_order(shown, filters, expected, order):
    values = {"temperature": 0.8, "top_k": 12, "top_p": 0.85, "min_p": 0.07}
    prompt = study.PROMPTS.index(study.TIMES)
    found = shown(filters, prompt=prompt, **placed(order), **values)
    now = expected[study.TIMES]
    stages = study.stages(now.logits, [(name, values[name]) for name in order])
    after = stages[-1].p[now.order]
    np.testing.assert_allclose(found["bars"]["value"][:-1], after[: figures.SHOWN], atol=1e-3)
    np.testing.assert_allclose(found["bars"]["before"][:-1], now.p[now.order[: figures.SHOWN]], atol=1e-4)
    for place, words in enumerate(found["bars"]["text"][:-1]):
        cutter = next((s.step[0] for s in stages if s.p[now.order[place]] == 0), None)
        assert words.partition(", cut by ")[2] == (figures.STEP_LABELS[cutter] if cutter else ""), words
    ledger = found["ledger"]
    assert ledger["c0"] == ["softmax", *(f"{figures.STEP_LABELS[name]} {values[name]:g}" for name in order)]
    np.testing.assert_allclose(numbers(ledger["c1"]), [s.n_left for s in stages], rtol=0.01)
    cuts = [-1 if s.cut is None else s.cut for s in stages]
    np.testing.assert_allclose(numbers(ledger["c2"]), cuts, atol=2e-3)
    np.testing.assert_allclose(numbers(ledger["c3"]), [s.bits for s in stages], atol=2e-2)
    np.testing.assert_allclose(numbers(ledger["c4"]), [s.perplexity for s in stages], rtol=0.02, atol=0.1)


def test_the_data_table_of_filters_is_what_the_opening_state_shows(shown, filters):
    found = shown(filters)
    rows = filters.data.rows
    tokens, ledger = rows[: figures.SHOWN + 1], rows[figures.SHOWN + 1 :]
    assert [row[0] for row in tokens] == found["bars_axis"]["labels"]
    assert [row[1] for row in tokens] == [words[:5] for words in found["bars"]["text"]]
    assert [row[2] for row in tokens] == [f"{p:.3f}" for p in found["bars"]["value"]]
    assert [row[3] for row in ledger] == found["ledger"]["c1"]
    for column, part in ((4, "c2"), (5, "c3"), (6, "c4")):
        assert [row[column] for row in ledger] == found["ledger"][part]


def test_a_step_that_takes_what_another_has_changes_places_with_it(shown, filters):
    before = {"prompt": 0, **placed(STEPS)}
    for place, option in itertools.product(range(4), range(1, 5)):
        word = figures.FILTER_STEPS[place]
        found = shown(filters, before=before, **{**placed(STEPS), word: option})
        order = [int(found[step]["value"]) for step in figures.FILTER_STEPS]
        assert sorted(order) == [1, 2, 3, 4]
        assert order[place] == option
        assert order[option - 1] == place + 1  # the other has what this one had


def test_nothing_may_stand_in_several_steps_and_its_slider_sleeps(shown, filters):
    chosen = {"first": 3, "second": 0, "third": 0, "fourth": 1}
    found = shown(filters, before={"prompt": 0, **chosen, "third": 2}, **chosen)
    assert [found[step]["value"] for step in figures.FILTER_STEPS] == ["3", "0", "0", "1"]
    assert [name for name in STEPS if found[name]["disabled"]] == ["top_k", "min_p"]
    assert found["ledger"]["c0"][2:4] == ["nothing", "nothing"]
    again = shown(filters, before={"prompt": 0, **chosen}, **{**chosen, "second": 3})
    assert [again[step]["value"] for step in figures.FILTER_STEPS] == ["0", "3", "0", "1"]


def test_at_temperature_0_nothing_is_called_cut_and_later_filters_sleep(shown, filters):
    found = shown(filters, temperature=0)
    assert found["bars"]["value"] == [1] + [0] * figures.SHOWN
    assert not any("cut" in words for words in found["bars"]["text"])
    assert [name for name in STEPS if found[name]["disabled"]] == ["top_k", "top_p", "min_p"]
    late = shown(filters, temperature=0, **placed(("top_k", "temperature", "top_p", "min_p")))
    assert [name for name in STEPS if late[name]["disabled"]] == ["top_p", "min_p"]


def test_filters_are_small(filters):
    payload = filters._repr_mimebundle_()[MIME].encode()
    assert len(payload) < 110_000
    assert len(gzip.compress(payload)) < 32_000


# --- Kept ----------------------------------------------------------------------------------------


def test_kept_shows_the_counts_of_the_chosen_prompt(shown):
    counts = {
        "a": {"top_k": [5, 5], "top_p": [2, 400], "min_p": [1, 3]},
        "b": {"top_k": [5, 5], "top_p": [9, 9000], "min_p": [2, 8]},
    }
    figure = figures.kept(np.array([1.0, 2.0]), counts, {"top_k": 5, "top_p": 0.9, "min_p": 0.1}, "a")
    for prompt, name in enumerate(counts):
        found = shown(figure, prompt=prompt)
        for kind in ("top_k", "top_p", "min_p"):
            assert found[kind]["y"] == counts[name][kind]
        assert found["top_p_label"]["y"] == counts[name]["top_p"][-1]
    assert "top-p from 9 to 9,000" in found["say"]


# --- The tree ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tree():
    """Two steps of two tokens; the second branch below rank 1 is the likeliest."""
    factors = {(0, 0): (0.5, 0.3), (0, 1): (0.5, 0.2), (1, 0): (0.4, 0.9), (1, 1): (0.4, 0.0001)}
    branches = [
        study.Branch(ranks, (f" {'xy'[ranks[0]]}", f" {'ab'[ranks[1]]}"), f, f[0] * f[1])
        for ranks, f in factors.items()
    ]
    return study.Tree("once upon", 2, 2, branches, {(): 1.0}, 0.9)


def test_the_tree_says_each_branch_and_works_its_product_out(shown, tree):
    figure = figures.tree(tree)
    assert tree.likeliest == 2
    titles = [shown(figure, branch=i)["title"]["text"] for i in range(4)]
    assert titles[0] == "… once upon x a\n0.500 × 0.300 = 0.1500"
    assert titles[2] == "… once upon y a\n0.400 × 0.900 = 0.3600"
    assert titles[3] == "… once upon y b\n0.400 × 0.000 < 0.0001"
    assert shown(figure)["title"]["text"] == titles[2]


def test_a_branch_with_a_new_line_stays_on_one_line(shown, tree):
    branches = [replace(branch, tokens=(branch.tokens[0], "\n")) for branch in tree.branches]
    figure = figures.tree(replace(tree, branches=branches))
    assert shown(figure)["title"]["text"] == "… once upon y↵\n0.400 × 0.900 = 0.3600"
    assert figure.data.rows[2][0] == "y↵"


def test_all_leaves_stand_in_the_tree_at_once_and_can_be_picked(shown, tree):
    figure = figures.tree(tree)
    leaves, cells = (figure.view.parts[name].data for name in ("leaves", "cells"))
    assert leaves["text"] == ["0.1500 greedy", "0.1000 ", "0.3600 likeliest", "< 0.0001 "]
    assert list(leaves["pick"]) == [0, 1, 2, 3]
    picks = dict(zip(cells["text"], cells["pick"], strict=True))
    assert picks["·x\n0.500"] == 0  # the likeliest branch through it
    assert picks["·y\n0.400"] == 2
    assert figure.view.picks == [["cells", "branch"], ["leaves", "branch"]]
    path = shown(figure, branch=3)["path"]
    assert path["y"] == [-2.5, -3]
    assert shown(figure, branch=3)["chosen"]["y"] == [-3]


# --- Generate ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tales():
    return study.count_tales()


@pytest.mark.parametrize(
    ("seed", "n_back", "temperature", "top_p"),
    [(1, 2, 1, 1), (2, 2, 0.7, 0.9), (7, 1, 1, 0.5), (99, 1, 2, 0.9), (3, 2, 0, 1)],
)
def test_generate_draws_as_the_study_does(shown, tales, seed, n_back, temperature, top_p):
    figure = figures.generate(tales, study.write(tales))
    draws = study.write(tales, seed, n_back, temperature, top_p, figures.N_TOKENS)
    found = shown(figure, seed=seed, memory=n_back - 1, temperature=temperature, top_p=top_p, step=1)
    n = len(draws)
    assert found["tokens"]["token"][:n] == [tales.words[draw.id] for draw in draws]
    assert found["tokens"]["text"][:n] == [f"{draw.p[draw.id]:.3f}" for draw in draws]
    assert found["numbers"]["x"] == pytest.approx([draw.u for draw in draws])
    for row, draw in enumerate(draws):
        pieces = [i for i, y in enumerate(found["rows"]["y"]) if y == -row]
        edges = [found["rows"]["left"][pieces[0]], *(found["rows"]["right"][i] for i in pieces)]
        np.testing.assert_allclose(edges, [0, *np.cumsum(draw.p[draw.p > 0])], atol=1e-9)
        assert found["drawn"]["left"][row] <= draw.u < found["drawn"]["right"][row]
    step = min(1, n - 1)
    assert found["title"]["text"].startswith(f"Step {step}: {draws[step].u:.3f} falls on ")
    assert found["step"]["end"] == n - 1


def test_the_ring_stays_while_the_temperature_moves_the_pieces(shown, tales):
    figure = figures.generate(tales, study.write(tales))
    cold, warm = (shown(figure, temperature=t, step=0) for t in (0.3, 2))
    assert cold["numbers"]["x"][0] == warm["numbers"]["x"][0]
    assert cold["strip"]["right"][0] != warm["strip"]["right"][0]


def test_generate_again_takes_the_next_seed_and_begins_anew_after_the_last(shown, tales):
    figure = figures.generate(tales, study.write(tales))
    for seed, following in ((1, 2), (figures.N_SEEDS, 1)):
        found = shown(figure, before={"again": 0}, again=1, seed=seed)
        assert found["seed"]["value"] == following
        assert found["told"] == shown(figure, seed=following)["told"]


def test_a_text_that_ends_early_takes_the_step_along(shown):
    counts = study.count_tales(["a b.", "a c."])
    figure = figures.generate(counts, study.write(counts))
    found = shown(figure, step=13)
    assert found["step"] == {"end": 3, "value": 3}
    assert found["told"]["text"] in ("a b.", "a c.")
    assert "value" not in shown(figure, step=2)["step"]  # or a preview would move the slider


def test_every_figure_is_the_same_at_every_build():
    first, second = (figures.temperature(["a", "b"], np.array([1.0, 0.0])) for _ in range(2))
    assert json.dumps(first.item()) == json.dumps(second.item())


def test_cost_table_counts_a_tied_matrix_as_none_of_its_own():
    config = SimpleNamespace(n_vocab=1000)
    cost = {"logits": SimpleNamespace(parameters=0, share=0, flops=2e6, flops_share=0.25)}
    assert figures.cost_table({"m": (config, cost)}).rows == [
        ["m", "1,000", "none: tied", "2 M", "25.0%", "4 kB", "4 MB"]
    ]
