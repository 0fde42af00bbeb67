"""The chapter on embeddings: every control by keyboard, and what the page shows against numpy."""

import re

import numpy as np
import pytest

from anatomy import embeddings as em
from anatomy import tiny_tales
from anatomy.figures import embeddings as figures

STEM = "embeddings"
TOY = np.array(
    [
        [0.1, -0.9, 0.0, 0.2],
        [0.9, 0.3, 0.1, -0.4],
        [0.8, 0.4, -0.2, -0.5],
        [-0.3, 0.2, 0.9, 0.1],
        [-0.4, 0.1, 0.8, 0.6],
        [0.0, -0.8, 0.1, -0.3],
    ]
)
WORDS = [word for group in figures.WORDS.values() for word in group]


def id_of(model, word):
    [id] = model.encode(" " + word)
    return id


def test_lookup(opened):
    figure = opened("lookup")
    figure.choose("Token", "ArrowDown", "ArrowDown")
    hot = em.one_hot([4], 6)
    [left, right] = sorted(
        figure.sources("value", "column"), key=lambda source: "one-hot" not in source["column"]
    )
    np.testing.assert_allclose(np.reshape(left["value"], (6, 5)), np.hstack([hot.T, TOY]))
    products = np.vstack([hot.T * TOY, hot @ TOY])
    np.testing.assert_allclose(np.reshape(right["value"], (7, 4)), products, atol=1e-12)
    assert figure.titles() == ["the sum is row 4 of the table"]


@pytest.mark.checkpoint
@pytest.mark.parametrize("width", [1280, 390])
def test_row(opened, real_model, width):
    figure = opened("row", width)
    table = real_model.weights.embedding
    rows = em.look_up(table, [id_of(real_model, word) for word in WORDS]).astype(float)
    mean = table.mean(axis=0).astype(float)

    def expect(word, n_numbers=576, centred=False):
        shown = (rows - centred * mean)[:, :n_numbers]
        which = WORDS.index(word)
        ids, cosines = em.nearest(shown, which, k=figures.N_NEAR)
        [bars] = figure.sources("label", "value", "text")
        assert bars["label"] == [WORDS[i] for i in ids]
        np.testing.assert_allclose(bars["value"], cosines, atol=6e-4)
        [cells] = [s for s in figure.sources("x", "value") if len(s["value"]) == 576]
        np.testing.assert_allclose(cells["value"], np.pad(shown[which], (0, 576 - n_numbers)), atol=6e-4)
        others = (em.cosine_matrix(shown)[which].sum() - 1) / (len(WORDS) - 1)
        assert f"mean of all {len(WORDS) - 1}: {others:.2f}".replace("-", "−") in figure.titles()

    expect("Monday")
    figure.choose("Word", "ArrowDown")
    expect("Tuesday")
    figure.slide("Numbers used", *["ArrowLeft"] * 9)
    expect("Tuesday", 504)
    figure.click("Subtract the mean row")
    expect("Tuesday", 504, centred=True)
    figure.slide("Numbers used", "End")
    figure.choose("Word", "End")
    expect("fair", centred=True)


@pytest.fixture(scope="module")
def run():
    """The chapter's skip-gram -> vocabulary, run."""
    tales = [re.findall(r"[a-z]+|[.,]", tale.text) for tale in tiny_tales.training_tales()]
    vocabulary = sorted({word for tale in tales for word in tale})
    ids = {word: i for i, word in enumerate(vocabulary)}
    counts = em.co_occurrence([[ids[word] for word in tale] for tale in tales], len(vocabulary))
    rng = np.random.default_rng(0)
    return ids, em.skip_gram(counts, d_model=16, rng=rng, n_steps=400, save_every=10)


CLASS_OF = {
    word: kind
    for kind, members in tiny_tales.WORDS.items()
    if kind not in ("friend", "kin")
    for word in members
}


def test_forming(opened, run):
    figure = opened("forming")
    ids, run = run
    words = figure.sources("word")[0]["word"]
    rows = [ids[word] for word in words]
    history = run.embeddings[:, rows]
    mean, axes, _ = em.principal_axes(history[-1])

    def expect(saved):
        [shown] = figure.sources("x", "y", "word")
        np.testing.assert_allclose(
            np.column_stack([shown["x"], shown["y"]]), (history[saved] - mean) @ axes.T, atol=0.006
        )
        score = em.silhouette(history[saved], [CLASS_OF[word] for word in words])
        loss = run.losses[run.steps[saved]]
        assert figure.titles() == [
            f"step {run.steps[saved]}: loss {loss:.2f}, silhouette {score:.2f}".replace("-", "−")
        ]

    expect(40)
    figure.slide("Training step", "Home")
    expect(0)
    figure.slide("Training step", "ArrowRight", "ArrowRight")
    expect(2)
    figure.slide("Training step", "End")
    expect(40)


def test_pair(opened, run):
    figure = opened("pair")
    ids, run = run
    teller = tiny_tales.load()
    words = figure.sources("word")[0]["word"]
    tables = [
        run.embeddings[-1][[ids[word] for word in words]],
        em.look_up(teller.weights.embedding, [teller.encode(" " + word)[0] for word in words]),
    ]
    before = figure.titles()
    figure.choose("Word", "Home")
    which = words.index(sorted(words)[0])
    expected = []
    for rows in tables:
        near, cosines = em.nearest(rows.astype(float).round(3), which, k=3)
        expected.append(
            f"{words[which]}: " + ", ".join(f"{words[i]} {c:.2f}" for i, c in zip(near, cosines, strict=True))
        )
    assert sorted(figure.titles()) == sorted(expected)
    assert figure.titles() != before
    marked = [source["text"] for source in figure.sources("text")]
    assert all(texts[0] == words[which] and len(texts) == 4 for texts in marked)


@pytest.mark.checkpoint
def test_plane(opened, real_model):
    figure = opened("plane")
    words = [word for group in figures.FLAT_WORDS.values() for word in group]
    table = real_model.weights.embedding
    rows = em.unit_rows(em.look_up(table, [id_of(real_model, word) for word in words]))
    flat, _ = em.pca(rows)
    in_plane = figures.nearest_by_distance(flat.round(3))
    figure.choose("Word", "Home")
    seen = set()
    for i, word in enumerate(words):
        [truly], _ = em.nearest(rows, i, k=1)
        same = truly == in_plane[i]
        seen.add(same)
        if same:
            assert figure.titles() == [f"{word}: {words[truly]} is nearest, in the plane and truly"]
        else:
            assert figure.titles() == [f"{word}: in the plane {words[in_plane[i]]}, truly {words[truly]}"]
        figure.choose("Word", "ArrowDown")
    assert seen == {False, True}


@pytest.mark.checkpoint
@pytest.mark.parametrize("width", [1280, 390])
def test_analogy(opened, real_model, width):
    figure = opened("analogy", width)
    units = em.unit_rows(real_model.weights.embedding)

    def expect(a, b, c, answer, exclude, subtract=True):
        a, b, c, d = (id_of(real_model, word) for word in (a, b, c, answer))
        target = em.unit_rows(units[b] + units[c] - subtract * units[a])
        ids, cosines = em.nearest(units, target, k=len(units), exclude=[a, b, c] if exclude else [])
        rank = ids.tolist().index(d) + 1
        assert figure.titles() == [f"{answer}: rank {rank} of {len(ids):,}"]
        [bars] = figure.sources("label", "value", "kind")
        assert bars["label"][0] == token(real_model, ids[0])
        np.testing.assert_allclose(bars["value"][:7], cosines[:7], atol=6e-4)
        inputs = [i in (a, b, c) for i in ids[:7]]
        assert [kind == "input" for kind in bars["kind"][:7]] == inputs

    expect("France", "Paris", "Italy", "Rome", exclude=True)
    figure.click("Exclude the input words")
    expect("France", "Paris", "Italy", "Rome", exclude=False)
    figure.choose("Question", "ArrowDown")
    expect("man", "king", "woman", "queen", exclude=False)
    figure.choose("Target", "ArrowDown")
    expect("man", "king", "woman", "queen", exclude=False, subtract=False)
    figure.click("Exclude the input words")
    expect("man", "king", "woman", "queen", exclude=True, subtract=False)


def token(model, id):
    return model.tokenizer.token_bytes(int(id)).decode().replace(" ", "·")
