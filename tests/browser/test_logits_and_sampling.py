"""The chapter on logits and sampling: every control by keyboard, and what it shows against numpy."""

import numpy as np
import pytest

from anatomy import logits_and_sampling as ls
from anatomy import tiny_tales
from anatomy.figures import logits_and_sampling as figures

TOY = np.array([3.2, 2.2, 1.2, 0.2, -1.5])
STEM = "logits-and-sampling"
PROMPTS = [
    "She opened the door and saw",
    "The capital of France is",
    "The capital of Australia is",
    "It was the best of times, it was the",
    "Once upon a time, there was a",
    "import numpy as",
]


def test_temperature(opened):
    figure = opened("temperature")
    before = figure.columns("value", "text")
    figure.slide("Temperature", "ArrowRight", "ArrowRight")
    after = figure.columns("value", "text")
    assert before != after
    np.testing.assert_allclose(after["value"], ls.softmax(TOY, 1.1), rtol=1e-9)
    assert figure.titles() == [f"T = 1.10, perplexity {ls.perplexity(ls.softmax(TOY, 1.1)):.2f}"]
    figure.slide("Temperature", "Home")
    assert figure.columns("value")["value"] == [1, 0, 0, 0, 0]


@pytest.mark.checkpoint
def test_filters(opened, real_model):
    figure = opened("filters")
    names = ["temperature", "top_k", "top_p", "min_p"]
    steps = list(figures.OPENING_STEPS)

    def expect(prompt, steps):
        logits = real_model.forward(real_model.encode(PROMPTS[prompt]))[-1].astype(float)
        ids, gaps, counts = figures.in_groups(logits)
        gaps = np.array([float(f"{gap:.4g}") for gap in gaps])
        stages = figures.stages_of(gaps, counts, steps)
        rows = figures.bar_rows([real_model.decode([i]) for i in ids], counts, stages, steps)
        ledger = figures.ledger_rows(stages, steps)
        shown = figure.columns("before", "after", "text")
        np.testing.assert_allclose(shown["before"], rows["before"], atol=1e-3)
        np.testing.assert_allclose(shown["after"], rows["after"], atol=1e-3)
        cut = [words.partition("cut")[2] for words in shown["text"]]
        assert cut == [words.partition("cut")[2] for words in rows["text"]]
        page = figure.columns("c0", "c1", "c2", "c3", "c4")
        assert page["c0"][: len(ledger)] == [row[0] for row in ledger]
        for column, tolerance in (("c1", 2), ("c2", 2e-3), ("c3", 2e-2)):
            number = [float(row[int(column[1])].replace(",", "") or 0) for row in ledger]
            found = [float(words.replace(",", "") or 0) for words in page[column][: len(ledger)]]
            np.testing.assert_allclose(found, number, atol=tolerance, rtol=1e-3)

    expect(0, steps)
    figure.choose("Prompt", "ArrowDown", "ArrowDown")  # Australia
    expect(2, steps)
    figure.slide("Temperature", "ArrowLeft", "ArrowLeft")
    figure.slide("top-k", *["ArrowLeft"] * 3)
    figure.slide("top-p", "ArrowRight")
    figure.slide("min-p", "ArrowRight", "ArrowRight")
    steps = [("temperature", 1.4), ("top_k", 47), ("top_p", 0.95), ("min_p", 0.07)]
    expect(2, steps)
    figure.choose("Step 1", "ArrowDown", "ArrowDown")  # first step: top-p
    figure.choose("Step 3", "ArrowUp", "ArrowUp")  # third step: temperature
    value = dict(steps)
    expect(2, [(name, value[name]) for name in (names[2], names[1], names[0], names[3])])
    figure.choose("Step 2", "Home")  # second step: nothing
    order = [(name, value[name]) for name in (names[2], names[0], names[3])]
    after = figure.columns("after")["after"]
    figure.choose("Step 4", "Home")
    assert figure.columns("c0")["c0"][1:] == ["top-p 0.95", "nothing", "temperature 1.4", "nothing"]
    assert figure.columns("after")["after"] != after
    figure.choose("Step 4", "End")  # min-p again
    assert figure.columns("after")["after"] == after
    assert order[0] == ("top_p", 0.95)
    figure.slide("Temperature", "Home")  # greedy
    assert figure.columns("after")["after"] == [1] + [0] * figures.SHOWN


@pytest.mark.checkpoint
def test_kept(opened, real_model):
    figure = opened("kept")
    figure.choose("Prompt", "ArrowDown", "ArrowDown", "ArrowDown")
    logits = real_model.forward(real_model.encode(PROMPTS[4]))[-1].astype(float)
    finals = sorted(source["y"][-1] for source in figure.sources("x", "y"))
    warm = ls.softmax(logits, 3.0)
    expected = sorted([50, int((ls.top_p(warm, 0.9) > 0).sum()), int((ls.min_p(warm, 0.1) > 0).sum())])
    np.testing.assert_allclose(finals, expected, rtol=2e-3)


@pytest.mark.checkpoint
def test_tree_is_conditioned_on_the_path(opened, real_model):
    figure = opened("tree")
    figure.choose("Step 1", "ArrowDown", "ArrowDown")  # the third token
    figure.choose("Step 2", "ArrowDown")  # then the second
    ids = real_model.encode(PROMPTS[4])
    words, product = "", 1.0
    for rank in (2, 1, 0):
        p = ls.softmax(real_model.forward(ids)[-1].astype(float))
        token = int(np.argsort(-p, kind="stable")[rank])
        ids.append(token)
        words += real_model.decode([token])
        product *= float(p[token])
    first, second = figure.titles()[0].split("\n")
    assert first == f"… there was a{words} …"
    assert float(second.split("= ")[1]) == pytest.approx(product, abs=6e-4)
    options = figure.locator("select").nth(1).locator("option").all_inner_texts()
    assert options[1] == "·" + real_model.decode([ids[-2]]).strip()


def text_of(words, followers, begin, end, seed, reads, steps):
    """What the page must write, and the bits of each step."""
    next_logits = figures.next_logits_of(followers[reads], reads)
    ids = ls.continue_text(next_logits, [begin] * 2, figures.N_TOKENS, steps, figures.Uniform(seed), end)
    bits = [
        ls.entropy(ls.apply_steps(next_logits([begin, begin, *ids[:i]]), steps)[-1]) / np.log(2)
        for i in range(len(ids))
    ]
    return [words[i] for i in ids], bits


def test_generate(opened):
    texts = [
        [*tale.text.replace(".", " .").replace(",", " ,").split(), "(end)"]
        for tale in tiny_tales.training_tales()
    ]
    words = ["(begin)", *sorted({word for text in texts for word in text})]
    begin, end = words.index("(begin)"), words.index("(end)")
    ids = [[words.index(word) for word in text] for text in texts]
    followers = {n: ls.count_followers([[begin] * n + text for text in ids], n, len(words)) for n in (1, 2)}
    figure = opened("generate")

    def expect(seed, reads, temperature, top_p):
        steps = [("temperature", temperature), ("top_p", top_p)]
        tokens, bits = text_of(words, followers, begin, end, seed, reads, steps)
        shown = figure.columns("token", "bits")
        assert shown["token"] == tokens
        np.testing.assert_allclose(shown["bits"], bits, atol=2e-3)
        return bits

    bits = expect(1, 2, 1.0, 1.0)
    assert len({round(b, 2) for b in bits}) > 4  # the distribution changes from step to step
    figure.click("Generate with the next seed")
    expect(2, 2, 1.0, 1.0)
    figure.slide("Temperature", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    expect(2, 2, 0.7, 1.0)
    figure.slide("top-p", "ArrowLeft", "ArrowLeft")
    expect(2, 2, 0.7, 0.9)
    figure.choose("It sees", "ArrowUp")  # one word only
    expect(2, 1, 0.7, 0.9)
    figure.slide("Step shown", "Home")
    assert figure.titles()[0].startswith("Step 1: ")
    figure.slide("Temperature", "Home")
    bits = expect(2, 1, 0.0, 0.9)
    assert max(bits) == 0
    figure.slide("Temperature", "End")
    figure.slide("Seed", "End")
    expect(99, 1, 2.0, 0.9)
    figure.click("Generate with the next seed")
    expect(1, 1, 2.0, 0.9)
