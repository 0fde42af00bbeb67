"""Configs against published totals; the decoder against transformers, against the chapters' functions, and edited."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatomy import model
from anatomy.feed_forward_network import gated
from anatomy.logits_and_sampling import softmax
from anatomy.model import PUBLISHED, Config, LanguageModel, Trace, Weights, forward, generate
from anatomy.multi_head_attention import attend_heads, merge_heads, split_heads
from anatomy.neuron_activation import silu
from anatomy.qkv import causal_mask
from anatomy.rope import rotate
from anatomy.transformer_block import pre_norm_block, rms_norm

FROZEN = np.load(Path(__file__).parents[1] / "references" / "attention.npz")
SEEDS = st.integers(0, 2**32 - 1)


def small(seed=0, **changes):
    sizes = {"n_vocab": 11, "d_model": 12, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1, "d_ff": 16}
    config = Config(**sizes | changes)
    return config, Weights.random(config, np.random.default_rng(seed))


# Configs


def test_totals_are_those_that_transformers_counts():
    counted = json.loads(FROZEN["parameter_counts"].item())
    assert {name: config.n_parameters() for name, config in PUBLISHED.items()} == counted


def test_totals_are_those_that_were_published():
    published = {
        "GPT-2": 124_439_808,
        "Llama-2-7B": 6_738_415_616,
        "Llama-3-8B": 8_030_261_248,
        "Mistral-7B": 7_241_732_096,
        "SmolLM2-135M": 134_515_008,
    }
    assert {name: PUBLISHED[name].n_parameters() for name in published} == published


def test_a_total_by_hand():
    """11·12 for the table, 12 at the end; a layer: 2·12 gains, 12·12 twice, 12·6 twice, 3·12·16."""
    config = Config(n_vocab=11, d_model=12, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=16)
    layer = 24 + 2 * 144 + 2 * 72 + 3 * 192
    assert config.n_parameters() == 132 + 12 + 2 * layer
    untied = Config(n_vocab=11, d_model=12, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=16, tied=False)
    assert untied.n_parameters() == config.n_parameters() + 132


def test_gated_with_all_biases_counts_the_gates():
    plain = Config(11, 12, 2, 2, 1, 16)
    biased = Config(11, 12, 2, 2, 1, 16, biases="all")
    per_layer = 12 + 6 + 6 + 12 + 16 + 16 + 12
    assert biased.n_parameters() == plain.n_parameters() + 2 * per_layer


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n_vocab": 0}, "n_vocab must be a whole number >= 1, got 0"),
        ({"n_layers": 1.5}, r"n_layers must be a whole number >= 1, got 1\.5"),
        ({"n_heads": 3, "n_kv_heads": 2}, "n_heads must be a multiple of n_kv_heads, got 3 and 2"),
        ({"n_heads": 5, "n_kv_heads": 1}, "n_heads must divide d_model, got 5 and 12; or give d_head"),
        ({"d_head": 0}, "d_head must be a whole number >= 1, got 0"),
        ({"window": 0}, "window must be a whole number >= 1, got 0"),
        ({"norm_eps": 0.0}, "norm_eps must be in"),
        ({"rope_base": float("nan")}, "rope_base must be in"),
        ({"norm": "batch"}, "norm must be one of 'rms', 'layer', got 'batch'"),
        ({"biases": "some"}, "biases must be one of"),
    ],
)
def test_bad_configs(changes, words):
    with pytest.raises(ValueError, match=words):
        small(**changes)


def test_only_the_llama_family_runs():
    for name in ("GPT-2", "Qwen2.5-7B"):
        with pytest.raises(ValueError, match="forward runs models with RMSNorm"):
            forward(PUBLISHED[name], None, [1])


# Weights


@pytest.mark.parametrize("tied", [True, False])
def test_weights_there_and_back(tied, tmp_path):
    config, weights = small(tied=tied)
    np.savez(tmp_path / "weights.npz", **weights.arrays())
    with np.load(tmp_path / "weights.npz") as loaded:
        again = Weights.from_arrays(config, dict(loaded))
    assert sum(array.size for array in weights.arrays().values()) == config.n_parameters()
    np.testing.assert_array_equal(forward(config, again, [1, 2]), forward(config, weights, [1, 2]))


def test_wrong_weights_are_named():
    config, weights = small()
    arrays = weights.arrays()
    with pytest.raises(
        ValueError, match=r"weight layers\.1\.w_k is missing; the config asks for shape \(12, 6\)"
    ):
        Weights.from_arrays(config, {k: v for k, v in arrays.items() if k != "layers.1.w_k"})
    with pytest.raises(ValueError, match=r"weight norm_final has shape \(3,\), the config asks for \(12,\)"):
        Weights.from_arrays(config, arrays | {"norm_final": np.ones(3)})
    with pytest.raises(ValueError, match="weight unembedding has no place"):
        Weights.from_arrays(config, arrays | {"unembedding": np.ones((12, 11))})


def test_random_weights_keep_the_stream_at_its_size():
    config, weights = small(d_model=64, n_layers=16, n_heads=4, d_ff=128, n_vocab=50)
    trace = Trace("residual")
    forward(config, weights, np.arange(20), trace=trace)
    norms = np.sqrt((trace["residual"] ** 2).mean(axis=(1, 2)))
    assert norms[-1] < 3


# The forward pass


@pytest.mark.parametrize("name", ["tied", "grouped", "window"])
def test_small_decoders_are_those_of_transformers(name):
    prefix = f"decoder {name}/"
    case = {key.removeprefix(prefix): FROZEN[key] for key in FROZEN.files if key.startswith(prefix)}
    config = Config(
        50, 24, 3, int(case["n_heads"]), int(case["n_kv_heads"]), 40,
        tied=bool(case["tied"]), window=int(case["window"]) or None,
    )  # fmt: skip
    arrays = {key.removeprefix("weight "): case[key] for key in case if key.startswith("weight ")}
    weights = Weights.from_arrays(config, arrays)
    np.testing.assert_allclose(forward(config, weights, case["ids"]), case["logits"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("window", [None, 3])
def test_forward_is_the_chapters_functions_one_after_another(window):
    """What forward does quickly and in the open, said once more in the words of the chapters."""
    config, weights = small(tied=False, window=window)
    ids = np.array([3, 1, 4, 1, 5, 9])
    positions, mask = np.arange(len(ids)), causal_mask(len(ids), window=window)
    x = weights.embedding[ids]
    for layer in weights.layers:

        def attention(x, layer=layer):
            q, k, v = (
                split_heads(x @ layer.w_q, 2),
                split_heads(x @ layer.w_k, 1),
                split_heads(x @ layer.w_v, 1),
            )
            q, k = (rotate(heads.swapaxes(0, 1), positions).swapaxes(0, 1) for heads in (q, k))
            return merge_heads(attend_heads(q, k, v, mask).mixed) @ layer.w_o

        x = pre_norm_block(
            x,
            attention,
            lambda x, layer=layer: gated(x, layer.w_gate, layer.w_up, layer.w_down),
            lambda x, layer=layer: rms_norm(x, layer.norm_attention),
            lambda x, layer=layer: rms_norm(x, layer.norm_ffn),
        )
    logits = rms_norm(x, weights.norm_final) @ weights.unembedding
    np.testing.assert_allclose(forward(config, weights, ids), logits, atol=1e-5)


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=9), st.sampled_from([np.float32, np.float64]))
def test_the_quick_silu_is_the_plain_one(x, dtype):
    x = np.array(x, dtype)
    np.testing.assert_allclose(model.quick_silu(x), silu(x), rtol=1e-6, atol=1e-30)


@settings(deadline=None)
@given(SEEDS, st.integers(2, 9), st.data())
def test_a_later_token_changes_no_earlier_logits(seed, n_tokens, data):
    config, weights = small(seed)
    ids = np.random.default_rng(seed).integers(0, 11, n_tokens)
    changed = data.draw(st.integers(1, n_tokens - 1))
    other = ids.copy()
    other[changed] = (ids[changed] + 1) % 11
    before, after = forward(config, weights, ids), forward(config, weights, other)
    np.testing.assert_allclose(after[:changed], before[:changed], atol=1e-5)
    assert not np.allclose(after[changed], before[changed], atol=1e-5)


@settings(deadline=None)
@given(SEEDS, st.integers(1, 6), st.integers(0, 5000))
def test_positions_matter_by_distance_alone(seed, n_tokens, first):
    config, weights = small(seed)
    ids = np.random.default_rng(seed).integers(0, 11, n_tokens)
    moved = forward(config, weights, ids, first_position=first)
    np.testing.assert_allclose(moved, forward(config, weights, ids), atol=1e-4)


@settings(deadline=None)
@given(SEEDS, st.integers(1, 4), st.integers(1, 6))
def test_a_batch_is_its_rows(seed, n_batch, n_tokens):
    config, weights = small(seed)
    ids = np.random.default_rng(seed).integers(0, 11, (n_batch, n_tokens))
    rows = [forward(config, weights, row) for row in ids]
    np.testing.assert_allclose(forward(config, weights, ids), rows, atol=1e-5)


def test_last_only_is_the_last():
    config, weights = small()
    everything, last = (forward(config, weights, [1, 2, 3], last_only=only) for only in (False, True))
    assert last.shape == (1, 11)
    np.testing.assert_allclose(last, everything[-1:], atol=1e-6)


def test_weights_may_be_float64():
    config, weights = small()
    exact = Weights.from_arrays(config, {name: w.astype(float) for name, w in weights.arrays().items()})
    logits = forward(config, exact, [1, 2, 3])
    assert logits.dtype == np.float64
    np.testing.assert_allclose(forward(config, weights, [1, 2, 3]), logits, atol=1e-5)


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([], "ids must not be empty"),
        ([1, 11], "ids must be in 0 … 10, got 11"),
        ([-1], "ids must be in 0 … 10, got -1"),
        ([1.0], "ids must be whole numbers, got an array of float64"),
        ([[[1]]], r"ids must have shape .* got \(1, 1, 1\)"),
        (3, r"ids must have shape .* got \(\)"),
    ],
)
def test_bad_ids(ids, words):
    with pytest.raises(ValueError, match=words):
        forward(*small(), ids)


# Trace


SHAPES = {
    "residual": (3, 5, 12), "normed_attention": (2, 5, 12), "q": (2, 2, 5, 6), "k": (2, 1, 5, 6),
    "v": (2, 1, 5, 6), "q_rotated": (2, 2, 5, 6), "k_rotated": (2, 1, 5, 6), "scores": (2, 2, 5, 5),
    "weights": (2, 2, 5, 5), "heads": (2, 2, 5, 6), "attention_out": (2, 5, 12), "residual_middle": (2, 5, 12),
    "normed_ffn": (2, 5, 12), "gate_in": (2, 5, 16), "gate": (2, 5, 16), "up": (2, 5, 16),
    "hidden": (2, 5, 16), "ffn_out": (2, 5, 12), "normed_final": (5, 12), "logits": (5, 11),
}  # fmt: skip


def test_everything_is_traced():
    config, weights = small()
    trace = Trace()
    logits = forward(config, weights, np.arange(5), trace=trace)
    assert {name: trace[name].shape for name in SHAPES} == SHAPES
    assert set(SHAPES) == set(Trace.PER_LAYER + Trace.ONCE)
    np.testing.assert_array_equal(trace["logits"], logits)
    np.testing.assert_array_equal(trace["residual"][0], weights.embedding[:5])
    np.testing.assert_allclose(
        trace["residual_middle"], trace["residual"][:-1] + trace["attention_out"], atol=1e-6
    )
    np.testing.assert_allclose(trace["residual"][1:], trace["residual_middle"] + trace["ffn_out"], atol=1e-6)
    np.testing.assert_allclose(trace["hidden"], trace["gate"] * trace["up"], atol=1e-6)
    np.testing.assert_allclose(trace["gate"], silu(trace["gate_in"]), atol=1e-6)
    masked = np.where(causal_mask(5), trace["scores"], -np.inf)
    np.testing.assert_allclose(trace["weights"], softmax(masked), atol=1e-6)


def test_a_trace_changes_nothing():
    config, weights = small()
    np.testing.assert_array_equal(
        forward(config, weights, [1, 2, 3], trace=Trace()), forward(config, weights, [1, 2, 3])
    )


def test_bad_traces():
    with pytest.raises(ValueError, match=r"name must be one of .* got 'attention'"):
        Trace("attention")
    with pytest.raises(ValueError, match="trace has no q yet; pass it to forward first"):
        Trace("q")["q"]
    with pytest.raises(ValueError, match="name must be one of 'q', got 'k'"):
        Trace("q")["k"]


def test_the_lens_at_the_end_is_the_model():
    config, weights = small(tied=False)
    trace = Trace("residual")
    logits = forward(config, weights, [[1, 2], [3, 4]], trace=trace)
    lens = model.logit_lens(config, weights, trace["residual"])
    assert lens.shape == (3, 2, 2, 11)
    np.testing.assert_allclose(lens[-1], logits, atol=1e-6)


# Edits


def test_silenced_heads_write_nothing():
    config, weights = small()
    trace = Trace("attention_out", "heads")
    edit = model.silence_heads([(0, 0), (0, 1), (1, 1)])
    forward(config, weights, [1, 2, 3], trace=trace, edit=edit)
    assert not trace["attention_out"][0].any()
    assert trace["heads"][1, 0].any()
    assert not trace["heads"][1, 1].any()


def test_silenced_neurons_are_cut_from_the_matrices():
    config, weights = small()
    logits = forward(config, weights, [1, 2, 3], edit=model.silence_neurons([(1, 0), (1, 7)]))
    weights.layers[1].w_down[[0, 7]] = 0
    np.testing.assert_allclose(logits, forward(config, weights, [1, 2, 3]), atol=1e-6)


def test_any_intermediate_may_be_edited():
    config, weights = small()
    before = forward(config, weights, [1, 2, 3])
    for name in SHAPES:
        if name in ("scores", "weights"):
            continue
        rng = np.random.default_rng(0)
        after = forward(
            config,
            weights,
            [1, 2, 3],
            edit=lambda n, layer, x, name=name, rng=rng: (
                x + rng.standard_normal(x.shape).astype(x.dtype) if n == name else x
            ),
        )
        assert not np.allclose(after, before), name


@pytest.mark.parametrize("edit", [model.silence_heads([(0, 2)]), model.silence_heads([(1, -1)])])
def test_bad_heads(edit):
    with pytest.raises(ValueError, match="head must be in 0 … 1"):
        forward(*small(), [1], edit=edit)


@pytest.mark.parametrize("neuron", [-1, 16])
def test_bad_neurons(neuron):
    with pytest.raises(ValueError, match=f"column must be in 0 … 15, got {neuron}"):
        forward(*small(), [1], edit=model.silence_neurons([(0, neuron)]))


# Generation


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.integers(1, 4), st.integers(0, 6), st.sampled_from([0.0, 1.0]), st.sampled_from([None, 2]))
def test_the_cache_changes_no_text(seed, n_prompt, n, temperature, window):
    config, weights = small(seed, window=window)
    prompt = np.random.default_rng(seed).integers(0, 11, n_prompt)
    texts = [
        generate(config, weights, prompt, n, temperature, np.random.default_rng(seed), cached=cached)
        for cached in (True, False)
    ]
    assert texts[0] == texts[1]
    assert len(texts[0]) == n


def test_greedy_by_hand():
    config, weights = small()
    text = [1, 2]
    for _ in range(4):
        text.append(int(forward(config, weights, text)[-1].argmax()))
    assert generate(config, weights, [1, 2], 4) == text[2:]


def test_stop_is_the_last_token():
    config, weights = small()
    text = generate(config, weights, [1], 8, temperature=1.0, rng=np.random.default_rng(0))
    stopped = generate(config, weights, [1], 8, 1.0, np.random.default_rng(0), stop={text[2]})
    assert stopped == text[: text.index(text[2]) + 1]
    assert generate(config, weights, [text[2]], 1, stop={text[2]})  # a stop in the prompt stops nothing


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1], -1), "n must be a whole number >= 0, got -1"),
        (([], 1), "ids must not be empty"),
        (([[1, 2]], 1), r"ids must have shape \(n_tokens,\), got \(1, 2\)"),
        (([1], 1, -1.0, None), r"temperature must be in \[0, inf\), got -1"),
        (([1], 1, float("nan"), None), "temperature must be in"),
        (([1], 1, 1.0, None), r"temperature 1\.0 needs rng"),
    ],
)
def test_bad_generation(arguments, words):
    with pytest.raises(ValueError, match=words):
        generate(*small(), *arguments)


def test_a_language_model_is_its_parts():
    class Letters:
        def encode(self, text):
            return [ord(character) - ord("a") for character in text]

        def decode(self, ids):
            return "".join(chr(i + ord("a")) for i in ids)

    config, weights = small()
    toy = LanguageModel(config, weights, Letters())
    ids = toy.encode("abc")
    assert toy.decode(ids) == "abc"
    np.testing.assert_array_equal(
        toy.forward(ids, last_only=True), forward(config, weights, ids, last_only=True)
    )
    assert toy.generate(ids, 3) == generate(config, weights, ids, 3)
    assert toy.logit_lens(weights.embedding[ids]).shape == (3, 11)


# What is handed in fits the config, or is refused


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"n_layers": 3}, r"weight layers\.2\.norm_attention has no place"),
        ({"n_layers": 1}, r"weight layers\.1\.norm_attention is missing"),
        ({"n_vocab": 12}, r"weight embedding has shape \(12, 12\), the config asks for \(11, 12\)"),
        ({"n_kv_heads": 2}, r"weight layers\.0\.w_k has shape \(12, 12\), the config asks for \(12, 6\)"),
        ({"n_heads": 4}, r"weight layers\.0\.w_k has shape \(12, 3\), the config asks for \(12, 6\)"),
        ({"tied": False}, "weight unembedding has no place"),
    ],
)
def test_weights_of_another_model_are_refused(other, message):
    config, _ = small()
    _, weights = small(**other)
    with pytest.raises(ValueError, match=message):
        forward(config, weights, [1, 2])
    with pytest.raises(ValueError, match=message):
        model.logit_lens(config, weights, np.ones((1, 12)))
    with pytest.raises(ValueError, match=message):
        generate(config, weights, [1, 2], 1)


def test_a_trace_of_another_pass_is_refused():
    config, weights = small()
    trace = Trace("weights")
    forward(config, weights, [1, 2, 3], trace=trace)
    with pytest.raises(ValueError, match=r"trace must hold no other pass.* make a new Trace\(\)"):
        forward(config, weights, [1, 2, 3], trace=trace)
    assert trace["weights"].shape == (2, 2, 3, 3)


def test_an_edit_that_changes_a_shape_is_refused():
    config, weights = small()
    with pytest.raises(ValueError, match=r"edit must keep the shape \(3, 16\) of hidden, got \(16,\)"):
        forward(config, weights, [1, 2, 3], edit=lambda name, _, x: x[0] if name == "hidden" else x)


def test_a_layer_that_is_no_number_is_not_silenced():
    with pytest.raises(ValueError, match="layer must be a whole number >= 0, got -1"):
        model.silence_heads([(-1, 0)])


def test_weights_may_be_whole_numbers():
    config, weights = small()
    whole = {name: np.rint(3 * array).astype(int) for name, array in weights.arrays().items()}
    floats = {name: array.astype(float) for name, array in whole.items()}
    np.testing.assert_allclose(
        forward(config, Weights.from_arrays(config, whole), [1, 2, 3]),
        forward(config, Weights.from_arrays(config, floats), [1, 2, 3]),
    )
