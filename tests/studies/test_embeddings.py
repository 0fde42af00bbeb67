"""What the chapter on embeddings says, measured again another way where that is cheap."""

import re
from pathlib import Path

import numpy as np
import pytest

from anatomy import embeddings as em
from anatomy.studies import embeddings as study


@pytest.fixture(scope="module")
def found(real_model):
    return study.real_rows(real_model)


@pytest.fixture(scope="module")
def kinds(real_model):
    return study.analogies(real_model)


def test_equal_cosines_keep_the_order_of_the_list():
    assert study.best_first(np.array([0.1, 0.9001, 0.9004, 0.95])).tolist() == [3, 1, 2, 0]
    rows = np.array([[1.0, 0], [1, 0], [1, 1e-4], [0, 1]])
    assert study.neighbours(rows, 2).tolist() == [[1, 2], [0, 2], [0, 1], [0, 1]]


def test_the_skip_gram_finds_the_classes():
    formed = study.forming()
    assert formed.losses[-1] < formed.losses[0]
    assert formed.purity_first < 0.4 < formed.purity_last == 1
    assert formed.silhouettes[0] < 0.1
    assert formed.silhouettes[-1] > 0.85
    sizes = np.unique(formed.classes, return_counts=True)[1]
    assert formed.by_chance == pytest.approx((sizes * (sizes - 1)).sum() / (50 * 49))


def test_a_wide_window_tells_names_apart_only_if_tales_keep_to_them():
    near, wide = study.names_by_window().values()
    assert min(*near.names, *near.drawn, *wide.drawn) > 0.98
    assert max(wide.names) < 0.9
    assert min(map(min, wide.others.values())) > 0.94  # other classes hardly move


def test_the_language_model_keeps_names_further_apart():
    two = study.pair()
    skip_gram, teller = (two.within[title] for title in ("skip-gram", "language model"))
    assert min(skip_gram.values()) > 0.99 > 0.9 > max(teller.values())
    assert teller["name"] == min(teller.values()) < 0.6
    assert set(two.purities.values()) == {1}


def test_the_mean_cosine_is_that_of_all_pairs():
    rows = np.random.default_rng(4).normal(0.3, 1, (7, 5))
    pairs = em.cosine_matrix(rows)[np.triu_indices(7, 1)]
    assert study.mean_cosine(rows) == pytest.approx(pairs.mean())


def test_the_best_number_orders_pairs_as_counted_one_by_one():
    rng = np.random.default_rng(6)
    rows, groups = rng.normal(size=(9, 4)), np.array(list("aaabbcccc"))
    for name, found in zip("abc", study.best_number(rows, groups), strict=True):
        own, others = rows[groups == name], rows[groups != name]
        above = (own[:, None] > others[None]).mean(axis=(0, 1))
        assert found == pytest.approx(np.maximum(above, 1 - above).max())


@pytest.mark.checkpoint
def test_stored_numbers_tell_groups_hardly_better_than_turned_ones(found):
    named = study.naming(found)
    assert named.groups == sorted(set(study.WORDS) - {"more than one meaning"})
    stored, turned, shuffled = named.stored.mean(), named.turned.mean(axis=1), named.shuffled.mean(axis=1)
    assert shuffled.max() + 0.1 < stored
    assert abs(stored - turned.mean()) < 2 * turned.std()
    assert stored < turned.max() + 0.005
    most = named.groups.index("verbs")
    assert named.stored[most] > named.turned[:, most].max()
    gaps = (named.stored - named.turned.mean(axis=0)) / named.turned.std(axis=0, ddof=1)
    assert [named.groups[i] for i in np.flatnonzero(abs(gaps) > 2)] == ["verbs"]


@pytest.mark.checkpoint
def test_the_mean_of_the_words_leaves_frog_where_it_was(found):
    frog = found.words.index("frog")
    before, after, by_table = (
        study.neighbours(found.rows - shift)[frog].tolist()
        for shift in (0, found.rows.mean(axis=0), found.mean)
    )
    assert after == before
    assert found.words[before[0]] == "banana"
    assert by_table != before


@pytest.mark.checkpoint
def test_every_word_is_one_token(real_model):
    for groups in (study.WORDS, study.FLAT_WORDS):
        words = [word for group in groups.values() for word in group]
        assert len(set(words)) == len(words)
        assert all(len(real_model.encode(" " + word)) == 1 for word in words)
    with pytest.raises(ValueError, match="'tokenization' must be one token, got"):
        study.id_of(real_model, "tokenization")


@pytest.mark.checkpoint
def test_centring_turns_frequent_words_into_hubs(found):
    results, (lost, error) = study.centrings(found)
    stored, table, words = results.values()
    assert lost == pytest.approx(stored.purity - table.purity)
    assert lost > 2 * error
    assert table.small > 5 * stored.small
    assert stored.without_small - table.without_small < lost / 3
    assert words.purity >= stored.purity - 0.02


@pytest.mark.checkpoint
def test_rows_lean_by_how_often_they_were_seen(found):
    assert found.lean[0] < found.lean[1]
    assert found.among[0] < found.random_cosine[0] < found.among[1]
    assert found.lengths[0] < found.lengths[1]
    assert found.random_cosine[0] > 20 * found.random_cosine[1]


@pytest.mark.checkpoint
def test_a_plane_of_all_axes_loses_nothing(real_model):
    flat = study.plane(real_model)
    assert flat.variance[-1] == pytest.approx(1)
    assert (flat.recall[-1], flat.error[-1]) == (1, 0)
    assert flat.recall[1] > flat.chance
    assert flat.n_kept.mean() / 5 == pytest.approx(flat.recall[1])
    assert flat.n_kept[flat.words.index("Rome")] == 0
    by_true, in_plane = flat.of_group
    assert in_plane / by_true > flat.recall[1]  # what the caption says of groups and neighbours
    assert flat.kept_random < flat.kept_as_many[0] - 2 * flat.kept_as_many[1]
    assert flat.kept_as_many[0] + 2 * flat.kept_as_many[1] < flat.variance[1]
    rows = study.rows_of(real_model, flat.words)
    which = flat.words.index("Rome")
    assert set(flat.true[which]) == set(em.nearest(rows, which, k=5)[0])


def test_variance_kept_is_that_of_the_principal_axes():
    table = np.random.default_rng(7).normal(size=(30, 6))
    for n in (5, 20):
        kept = study.kept_of_random(table, n, np.random.default_rng(0))
        chosen = np.random.default_rng(0).choice(30, n, replace=False)
        assert kept == pytest.approx(em.pca(em.unit_rows(table[chosen]))[1])


@pytest.mark.checkpoint
def test_spellings_of_a_word_are_one(real_model):
    word_of = study.spellings(real_model)
    spelled = {
        real_model.decode([int(i)])
        for i in np.flatnonzero(word_of == word_of[study.id_of(real_model, "Paris")])
    }
    assert {" Paris", "Paris"} <= spelled
    assert {text.strip().lower() for text in spelled} == {"paris"}


@pytest.mark.checkpoint
def test_analogies_that_need_no_arithmetic_are_found_out(kinds):
    assert kinds["all"].n == 392 == sum(kinds[kind].n for kind in study.PAIRS)
    assert kinds["one, many"].c_alone > 0.9
    assert kinds["country, capital"].c_alone == 0
    assert all(counted.words >= counted.tokens for counted in kinds.values())
    capitals = kinds["country, capital"]
    assert capitals.gain > 2 * capitals.gain_error
    others = [kinds[kind] for kind in study.PAIRS if kind != "country, capital"]
    assert all(abs(counted.gain) < 1.1 * counted.gain_error + 1e-9 for counted in others)
    assert {counted.b_wins for counted in others} == {0}
    assert all(
        counted.an_input == pytest.approx(counted.b_wins + counted.c_wins) for counted in kinds.values()
    )
    assert study.analogy_rows(kinds)[-1][0] == "all"


@pytest.mark.checkpoint
def test_rankings_are_those_of_the_whole_vocabulary(real_model):
    [rome, *_] = study.questions(real_model)
    units = em.unit_rows(real_model.weights.embedding)
    a, b, c, _ = (study.id_of(real_model, word) for word in rome.words)
    target = units[b] - units[a] + units[c]
    for left_out, exclude in ((0, []), (1, [a, b, c])):
        ids, cosines = em.nearest(units, target, k=3, exclude=exclude)
        ranking = rome.rankings[0][left_out]
        assert ranking["tokens"][:3] == [real_model.decode([i]).replace(" ", "·") for i in ids]
        np.testing.assert_allclose(ranking["cosines"][:3], cosines, atol=6e-4)
    assert "input" not in rome.rankings[0][2]["kinds"]


def test_costs_keep_the_two_ends_apart():
    rows = {row[0]: row for row in study.cost_rows()}
    assert rows["SmolLM2-135M"][2:5] == ["28.3 M", "the same matrix", "21%"]
    assert rows["GPT-2"][2:5] == ["38.6 M", "the same matrix", "31%"]
    assert rows["Llama-2-7B"][2:5] == ["131.1 M", "131.1 M", "4%"]


@pytest.mark.checkpoint
def test_the_chapter_says_every_number_and_no_other(real_model, found, kinds):
    said = {
        **study.told_of_opening(real_model), **study.told_of_forming(study.forming()),
        **study.told_of_pair(study.pair()),
        **study.told_of_rows(found), **study.told_of_naming(study.naming(found)),
        **study.told_of_plane(study.plane(real_model)),
        **study.told_of_questions(study.questions(real_model)),
        **study.told_of_analogies(kinds),
        **study.told_of_costs(),
    }  # fmt: skip
    chapter = (Path(__file__).parents[2] / "book" / "embeddings.md").read_text("utf-8")
    asked = dict(re.findall(r"\{glue:text\}`(\w+)(:?)", chapter))
    assert set(asked) == set(said)
    assert {name: bool(colon) for name, colon in asked.items()} == {
        name: isinstance(value, float) for name, value in said.items()
    }
