import numpy as np
import pytest

from anatomy import logits_and_sampling as ls
from anatomy import recordings
from anatomy.figures import logits_and_sampling as figures
from anatomy.studies import logits_and_sampling as study
from anatomy.studies import mean_and_error


def test_order_is_stable_where_only_the_last_digits_differ():
    p = np.array([0.2, 0.3 + 1e-12, 0.3, 0.2 + 1e-13])
    assert study.in_order(p).tolist() == [1, 2, 0, 3]


def test_stages_by_hand():
    found = study.stages(np.log([0.5, 0.3, 0.2]), [("top_k", 2), ("temperature", 0), ("min_p", 1)])
    assert [(s.n_left, s.cut and round(s.cut, 3)) for s in found] == [(3, None), (2, 0.2), (1, None), (1, 0)]
    assert found[1].bits == pytest.approx(-(0.625 * np.log2(0.625) + 0.375 * np.log2(0.375)))
    assert found[1].perplexity == pytest.approx(2 ** found[1].bits)
    assert (found[2].bits, found[2].perplexity) == (0, 1)


@pytest.mark.checkpoint
def test_each_filter_of_the_opening_cuts_something_on_the_opening_prompt(expected):
    logits = expected[study.AUSTRALIA].logits
    for steps in (study.OPENING, study.WARM_LAST):
        assert all(s.cut > 0.01 for s in study.stages(logits, steps) if s.cut is not None)
    first, last = (study.stages(logits, steps)[-1].n_left for steps in (study.OPENING, study.WARM_LAST))
    assert first > last


@pytest.fixture(scope="module")
def expected(real_model):
    return study.expected(real_model)


@pytest.fixture(scope="module")
def tree(real_model):
    return study.tree(real_model)


@pytest.mark.checkpoint
def test_expected_is_the_models_forward_pass(expected, real_model):
    for prompt, now in expected.items():
        logits = real_model.forward(real_model.encode(prompt))[-1]
        np.testing.assert_allclose(now.logits, logits, atol=2e-3)
        assert now.perplexity == pytest.approx(2**now.bits)
        assert now.tokens[0] == real_model.decode([int(logits.argmax())])
    australia = expected[study.AUSTRALIA]
    assert australia.p_of(" Sydney") > australia.p_of(" Canberra")


@pytest.mark.checkpoint
def test_what_the_caption_says_of_the_filters_is_so_for_every_prompt(expected):
    for now in expected.values():
        kept = study.n_kept(now.logits)
        for t, top_p, min_p in zip(study.TEMPERATURES, kept["top_p"], kept["min_p"], strict=True):
            if t > 1.05:
                assert min_p <= top_p
            if t >= 1.5:
                assert top_p >= 1000
        at = int(np.argmin(abs(study.TEMPERATURES - 2)))
        exact = ls.apply_steps(now.logits, [("temperature", 2.0), ("top_p", 0.9)])[-1]
        assert kept["top_p"][at] == (exact > 0).sum()


@pytest.mark.checkpoint
def test_branches_are_products_of_conditional_probabilities(tree, real_model):
    for branch in (tree.branches[0], tree.branches[14], tree.branches[tree.likeliest]):
        ids, p = real_model.encode(tree.prompt), 1.0
        for rank in branch.ranks:
            now = ls.softmax(real_model.forward(ids, last_only=True)[-1].astype(float))
            ids.append(int(np.argsort(-now, kind="stable")[rank]))
            p *= now[ids[-1]]
        assert branch.p == pytest.approx(p, rel=1e-3)
        assert real_model.decode(ids) == tree.prompt + "".join(branch.tokens)


def beam(tree, width):
    """The branch that a beam search of this width ends with."""
    kept = [()]
    for depth in range(1, tree.depth + 1):
        grown = {
            b.ranks[:depth]: np.prod(b.factors[:depth]) for b in tree.branches if b.ranks[: depth - 1] in kept
        }
        kept = sorted(grown, key=grown.get)[-width:]
    return kept[-1]


@pytest.mark.checkpoint
def test_greedy_misses_the_likeliest_branch_and_a_beam_finds_it(tree):
    best = tree.branches[tree.likeliest]
    assert best.p > 1.5 * tree.branches[0].p
    assert beam(tree, 1) == tree.branches[0].ranks
    assert beam(tree, tree.width) == best.ranks


@pytest.mark.checkpoint
def test_samples_are_those_of_continue_text(real_model):
    settings = {"held": study.SETTINGS["T = 2, then min-p 0.1"], "plain": [("temperature", 1.0)]}
    found = study.samples(real_model, n=4, settings=settings, seeds=(0, 3))

    def next_logits(ids):
        return real_model.forward(ids, last_only=True)[-1].astype(float)

    start = real_model.encode(study.NIGHT)
    for (name, seed), written in found.items():
        ids = ls.continue_text(next_logits, start, 4, settings[name], np.random.default_rng(seed))
        assert written.text == real_model.decode(ids)
        again = study.read_aloud(real_model, study.NIGHT + written.text, 4)
        assert written.bits == pytest.approx(again.bits, abs=1e-3)


@pytest.mark.checkpoint
def test_saying_a_sentence_again_makes_it_likelier_than_saying_another_first(real_model):
    found = study.repetition(real_model, study.SENTENCES[:4])
    first, second, third = found.repeated
    assert first > second + 4 * found.errors[1] > third
    assert found.control > third + 4 * found.control_error


def test_judged_by_hand():
    class Letters:
        def decode(self, ids):
            return "".join("abc"[i] for i in ids)

    found = study.judged(Letters(), [0, 2], np.log([[0.5, 0.25, 0.25], [0.5, 0.375, 0.125]]))
    assert (found.text, found.first_choice, found.in_tail) == ("ac", 0.5, 0)
    assert found.bits == pytest.approx([1, 3])
    assert found.mean == pytest.approx(2)
    assert found.tails == [0, 0]  # of three letters none is beyond the likeliest 200


def test_the_tail_is_what_the_200_likeliest_leave():
    p = np.random.default_rng(0).permutation(np.array([0.9 / 200] * 200 + [0.1 / 50] * 50))

    class Silent:
        def decode(self, ids):
            return ""

    assert study.judged(Silent(), [0], np.log(p)[None]).tails == pytest.approx([0.1])


def test_temperature_commutes_with_top_k_alone():
    toy = list(study.TOY.values())
    for step, same in ((("top_k", 3), True), (("top_p", 0.9), False), (("min_p", 0.1), False)):
        warm = ("temperature", 2.0)
        one, other = (ls.apply_steps(toy, steps)[-1] for steps in ([warm, step], [step, warm]))
        assert np.allclose(one, other) == same, step


@pytest.mark.checkpoint
def test_temperature_commutes_with_top_k_on_real_logits(expected):
    for now in expected.values():
        steps = ("temperature", 1.7), ("top_k", 20)
        one, other = (ls.apply_steps(now.logits, order)[-1] for order in (steps, steps[::-1]))
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.checkpoint
def test_the_tail_of_the_story_is_longer_than_that_of_the_novel(expected, real_model):
    tail, error = mean_and_error(study.austen(real_model).tails, together=8)
    assert 5 * error < tail < expected[study.STORY].tail - 10 * error


def test_greedy_texts_are_less_surprising_than_the_novel_at_the_same_places():
    found = recordings.load("logits_and_sampling")
    greedy, novel = (found[f"{name}_bits"].mean(axis=1) for name in ("greedy", "novel"))
    assert (greedy < novel).all()
    difference, error = mean_and_error(novel - greedy)
    assert difference > 5 * error
    assert np.diff(found["places"]).min() >= found["written"].shape[1]  # no token of the novel counts twice
    told = study.told_of_recorded()
    assert (told["n_places"], told["n_written"]) == (20, 20)
    assert told["greedy_bits"].startswith(f"{greedy.mean():.1f} ± ")
    seconds = dict(zip(found["parts"].tolist(), np.median(found["seconds"], axis=1), strict=True))
    assert told["of_whole"] == f"{seconds['softmax and top-p'] / seconds['whole pass']:.0%}"


def test_a_written_text_follows_the_counts_and_its_numbers():
    counts = study.count_tales(["a b.", "a c.", "b a."])
    draws = study.write(counts, seed=4)
    assert counts.words[draws[-1].id] == "(end)"
    assert draws[0].p[counts.words.index("a")] == pytest.approx(2 / 3)
    for draw in draws:
        edges = np.cumsum(draw.p)
        assert edges[draw.id] - draw.p[draw.id] <= draw.u < edges[draw.id]
    assert len(study.write(study.count_tales())) == figures.N_TOKENS
