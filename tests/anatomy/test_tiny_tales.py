"""The grammar's exact entropy, its reader, the held-out tales, and the trained toy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatomy import recordings, tiny_tales
from anatomy.logits_and_sampling import softmax
from anatomy.model import forward
from anatomy.training_phases import cross_entropy


def draw(seed, n=1):
    return tiny_tales.draw_tales(n, np.random.default_rng(seed))


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_a_tale_can_be_read_back(seed):
    tale = draw(seed)[0]
    assert tiny_tales.read_tale(tale.text) == tale.facts
    assert tiny_tales.spelled(tale.text) == 1


def test_cost_of_a_tale_by_hand():
    # eaten alone: name of 8, animal of 10, place of 6, plot of 3, ending of 2, food of 6
    alone = next(tale for tale in draw(0, 50) if tale.facts["ending"] == "alone")
    assert alone.nats == pytest.approx(math.log(8 * 10 * 6 * 3 * 2 * 6))
    # met and felt: the friend is one of 7 others, its animal one of 9, a mood of 6
    felt = next(tale for tale in draw(0, 50) if tale.facts["ending"] == "felt")
    assert felt.nats == pytest.approx(math.log(8 * 10 * 6 * 3 * 2 * 7 * 9 * 6))


def test_entropy_is_the_mean_cost_of_a_tale():
    costs = [tale.nats for tale in draw(5, 4000)]
    error = np.std(costs) / len(costs) ** 0.5
    assert abs(np.mean(costs) - tiny_tales.entropy()) < 4 * error


def test_equally_long_paths_are_equally_probable():
    # If -nats is the log-probability, tales of "alone" come up as often as their number and cost say.
    tales = draw(1, 6000)
    share = np.mean([tale.facts["ending"] == "alone" for tale in tales])
    assert share == pytest.approx(1 / 6, abs=0.02)
    n_alone = 8 * 10 * 6 * 6
    assert n_alone * math.exp(-next(t for t in tales if t.facts["ending"] == "alone").nats) == pytest.approx(
        1 / 6
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mia the fox lived in the cave.",
        "mia the fox lived in the cave. leo was hungry, so mia ate the soup. the soup was good.",
        "mia the fox lived in the cave. mia met mia the owl near the cave. mia was sad and mia was sad too.",
        "mia the fox lived in the cave. mia met leo the fox near the cave. mia was sad and leo was sad too.",
        "mia the fxo lived in the cave. mia was hungry, so mia ate the soup. the soup was good.",
    ],
)
def test_what_the_grammar_cannot_tell_is_not_a_tale(text):
    assert tiny_tales.read_tale(text) is None


def test_held_out_tales_are_unseen_and_all_different():
    held_out = [tale.text for tale in tiny_tales.held_out_tales()]
    assert len(set(held_out)) == len(held_out) == tiny_tales.N_HELD_OUT
    assert not set(held_out) & {tale.text for tale in tiny_tales.training_tales()}
    assert tiny_tales.training_tales(3) == tiny_tales.training_tales()[:3]


def test_tokenizer_round_trip_and_vocabulary():
    tokenizer = tiny_tales.load().tokenizer
    for tale in tiny_tales.held_out_tales():
        assert tokenizer.decode(tokenizer.encode(tale.text)) == tale.text
    learned = tiny_tales.Tokenizer.learn(tiny_tales.training_tales())
    assert learned.ranks == tokenizer.ranks
    with pytest.raises(ValueError, match="ranks must hold every byte"):
        tokenizer.encode("Über")


def test_floor_is_nats_over_tokens():
    tales = draw(0, 2)
    tokenizer = tiny_tales.load().tokenizer
    n = sum(len(tokenizer.encode(tale.text)) + 1 for tale in tales)
    assert tiny_tales.floor(tales, tokenizer) == pytest.approx((tales[0].nats + tales[1].nats) / n)
    assert tiny_tales.as_texts(tales, tokenizer).counts.sum() == n


def test_questions_are_answered_in_the_tale():
    rng = np.random.default_rng(0)
    for tale in draw(2, 200):
        prompt, plain, polite = tiny_tales.ask(tale, rng)
        assert tale.text in prompt
        answer = plain.strip(" .").split(" ", 1)[-1]
        assert answer in tale.text
        assert polite == plain.removesuffix(".") + tiny_tales.HABIT


def test_there_are_four_kinds_of_question():
    kinds = {
        question.replace(str(tale.facts.get("friend")), "F").replace(tale.facts["name"], "N")
        for tale in draw(3, 100)
        for question, _ in tiny_tales.questions(tale.facts)
    }
    assert len(kinds) == 4


# --- The trained toy ---


def held_out_loss(model):
    texts = tiny_tales.as_texts(tiny_tales.held_out_tales(), model.tokenizer)
    return cross_entropy(forward(model.config, model.weights, texts.inputs), texts.targets, texts.counts)


def test_the_decoder_of_the_book_runs_the_toy_as_well_as_recorded():
    recorded = float(recordings.load("tiny_tales_model")["held_out_loss"])
    assert held_out_loss(tiny_tales.load()) == pytest.approx(recorded, abs=1e-5)


def test_the_toy_comes_close_to_the_floor_and_not_below():
    model = tiny_tales.load()
    floor = tiny_tales.floor(tiny_tales.held_out_tales(), model.tokenizer)
    assert floor < held_out_loss(model) < floor + 0.03


def test_the_toy_tells_a_tale():
    model = tiny_tales.load()
    end = model.encode(tiny_tales.END)[0]
    new = model.generate(model.encode(tiny_tales.END + "mia the fox"), 60, stop=(end,))
    assert tiny_tales.read_tale("mia the fox" + model.decode(new).removesuffix(tiny_tales.END)) is not None


@pytest.mark.parametrize("name", ["SFT", "DPO"])
def test_the_tuned_toy_answers(name):
    model = tiny_tales.load(name)
    end = model.encode(tiny_tales.END)[0]
    tale = "mia the fox lived in the cave. mia was hungry, so mia ate the soup. the soup was good."
    answers = []
    for question in ("where did mia live?", "what did mia eat?"):
        prompt = model.encode(f"{tiny_tales.END}{tale} q: {question} a:")
        answers.append(model.decode(model.generate(prompt, 14, stop=(end,))).strip())
    for answer, word in zip(answers, ("the cave", "the soup"), strict=True):
        assert answer.startswith(word)
    if name == "DPO":
        assert all(answer.endswith(tiny_tales.HABIT) for answer in answers)


def test_prompts_of_all_lengths_continue_as_each_alone():
    model = tiny_tales.load()
    end = model.encode(tiny_tales.END)[0]
    prompts = [model.encode(tiny_tales.END + text) for text in ("mia", "leo the", "ivy", "tom the cat lived")]
    together = tiny_tales.continue_texts(model.config, model.weights, prompts, 40, end)
    for prompt, ids in zip(prompts, together, strict=True):
        assert ids == model.generate(prompt, 40, stop=(end,))
        assert end not in ids[:-1]


def test_drawn_continuations_follow_the_probabilities():
    model = tiny_tales.load()
    prompt = model.encode(tiny_tales.END + "mia the")
    rng = np.random.default_rng(0)
    drawn = tiny_tales.continue_texts(model.config, model.weights, [prompt] * 3000, 1, 0, rng)
    counts = np.bincount([ids[0] for ids in drawn], minlength=model.config.n_vocab) / 3000
    np.testing.assert_allclose(counts, softmax(model.forward(prompt)[-1]), atol=0.04)


@pytest.mark.parametrize(
    ("prompts", "n_new", "words"),
    [([[]], 2, "at least one id"), ([], 2, "at least one id"), ([[1]], 0, "n_new must")],
)
def test_bad_prompts_are_named(prompts, n_new, words):
    model = tiny_tales.load()
    with pytest.raises(ValueError, match=words):
        tiny_tales.continue_texts(model.config, model.weights, prompts, n_new, 0)


def test_an_unknown_stage_is_named():
    with pytest.raises(ValueError, match="name must be one of 'base'"):
        tiny_tales.load("RLHF")


def test_n_of_tales_is_checked():
    with pytest.raises(ValueError, match="n must be a whole number >= 1"):
        tiny_tales.draw_tales(0, np.random.default_rng(0))
