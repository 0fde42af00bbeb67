"""Every public function that takes numbers takes whole ones, lists and floats of any width, to the same answer."""

import importlib
import inspect
import pkgutil
from dataclasses import replace

import numpy as np
import pytest

import anatomy
from anatomy import backpropagation as bp
from anatomy import (
    embeddings,
    feed_forward_network,
    kv_cache,
    model,
    multi_head_attention,
    neuron_activation,
    optimizers,
    post_training,
    qkv,
    quantization,
    rope,
    tiny_tales,
    training_phases,
)
from anatomy import logits_and_sampling as ls
from anatomy import transformer_block as tb

X = [[1, 2], [3, 5], [0, 7], [4, 1]]
SQUARE = [[0, 2, 1], [2, 0, 3], [1, 3, 0]]
HEADS = [[[1, 2], [3, 4]], [[5, 6], [7, 9]]]  # (n_heads, n_tokens, d_head)
W = [[1, 0, 2, 1], [3, 1, 0, 2]]
ROWS = [[0, 0], [9, 1], [3, 7]]
WEIGHTS = [[9, 0, 0], [4, 5, 0], [2, 3, 4]]
CURVES = [name for pair in neuron_activation.ACTIVATIONS.values() for name in (pair[0], pair[1])]
CONFIG = model.Config(n_vocab=5, d_model=4, n_layers=1, n_heads=2, n_kv_heads=1, d_ff=3)


def half(x):
    return np.divide(x, 2, dtype=float)


def weights(n):
    rng = np.random.default_rng(0)
    return model.Weights.from_arrays(
        CONFIG, {name: n(rng.integers(0, 4, shape).tolist()) for name, shape in CONFIG.shapes().items()}
    )


def t(n, values):
    return bp.Tensor(n(values))


def grown(n):
    cache = kv_cache.Cache(1)
    cache.append(0, n(HEADS), n(HEADS))
    return cache.append(0, np.divide(HEADS, 2), np.divide(HEADS, 2))


def stepped(optimizer, n):
    gradient = n([1, 2, 3])
    x = [np.ones(np.shape(gradient))]
    for _ in range(3):
        optimizer.step(x, [gradient])
    return x


# name -> a call; n turns a list of whole numbers into what is tested
CALLS = {
    "backpropagation.Tensor": lambda n: ((t(n, X) * 2 + n(X)) / 3 - t(n, X) @ t(n, [[1], [2]])).data,
    "backpropagation.as_tensor": lambda n: bp.as_tensor(n(X), bp.Tensor(1.0)).data,
    "backpropagation.sum_to_shape": lambda n: bp.sum_to_shape(n(X), (2,)),
    "backpropagation.finite_difference": lambda n: bp.finite_difference(lambda x: (x * x).sum(), n(X)),
    "backpropagation.run_network": lambda n: bp.run_network([(t(n, W), t(n, [1, 2, 3, 4]))], n(X)).data,
    "backpropagation.softmax": lambda n: bp.softmax(t(n, X)).data,
    "backpropagation.rms_norm": lambda n: bp.rms_norm(t(n, X), t(n, [1, 2])).data,
    "backpropagation.silu": lambda n: bp.silu(t(n, X)).data,
    "backpropagation.gelu": lambda n: bp.gelu(t(n, X)).data,
    "backpropagation.rope": lambda n: bp.rope(t(n, X), n([0]), n([1])).data,
    "backpropagation.cross_entropy": lambda n: bp.cross_entropy(t(n, X), (0, 1, 1, 0), n([1, 2, 3, 4])).data,
    "backpropagation.embedding": lambda n: bp.embedding(t(n, X), (1, 1)).data,
    "backpropagation.checked_share": lambda n: bp.checked_share(n([1, 2, 3]), 3),
    "backpropagation.elementary_softmax": lambda n: bp.elementary_softmax(t(n, X)).data,
    "backpropagation.elementary_rms_norm": lambda n: bp.elementary_rms_norm(t(n, X), t(n, [1, 2])).data,
    "backpropagation.elementary_silu": lambda n: bp.elementary_silu(t(n, X)).data,
    "backpropagation.elementary_rope": lambda n: bp.elementary_rope(t(n, X), n([0]), n([1])).data,
    "backpropagation.elementary_cross_entropy": lambda n: (
        bp.elementary_cross_entropy(t(n, X), [0, 1, 1, 0]).data
    ),
    "backpropagation.elementary_embedding": lambda n: bp.elementary_embedding(t(n, X), [1, 1]).data,
    "embeddings.look_up": lambda n: embeddings.look_up(n(X), (1, 1)),
    "embeddings.unit_rows": lambda n: embeddings.unit_rows(n(X)),
    "embeddings.cosine": lambda n: embeddings.cosine(n([1, 2]), n([3, 4])),
    "embeddings.cosine_matrix": lambda n: embeddings.cosine_matrix(n(X), n(X)),
    "embeddings.nearest": lambda n: embeddings.nearest(n(X), n([1, 3])),
    "embeddings.analogy": lambda n: embeddings.analogy(n(X), 0, 1, 2),
    "embeddings.analogy_ranks": lambda n: embeddings.analogy_ranks(n(X), [(0, 1, 2, 3)]),
    "embeddings.principal_axes": lambda n: embeddings.principal_axes(n(X)),
    "embeddings.pca": lambda n: embeddings.pca(n(X)),
    "embeddings.skip_gram": lambda n: embeddings.skip_gram(n(SQUARE), 2, np.random.default_rng(0), n_steps=9),
    "embeddings.ppmi": lambda n: embeddings.ppmi(n(SQUARE)),
    "embeddings.ppmi_svd": lambda n: embeddings.ppmi_svd(n(SQUARE), 1),
    "embeddings.silhouette": lambda n: embeddings.silhouette(n(X), list("aabb")),
    "embeddings.neighbour_purity": lambda n: embeddings.neighbour_purity(n(X), list("aabb")),
    "feed_forward_network.mlp": lambda n: feed_forward_network.mlp(
        n(X), n(W), n([1, 2, 3, 4]), n([[1, 2], [3, 4], [5, 6], [7, 8]]), n([1, 1])
    ),
    "feed_forward_network.gated": lambda n: feed_forward_network.gated(n(X), n(W), n(W), n(X)),
    "feed_forward_network.contributions": lambda n: feed_forward_network.contributions(n([1, 2, 3, 4]), n(X)),
    "feed_forward_network.energy_shares": lambda n: feed_forward_network.energy_shares(
        n([11, 12, 13, 9]), n(X)
    ),
    "feed_forward_network.exciting_tokens": lambda n: feed_forward_network.exciting_tokens(n(X), 0),
    "feed_forward_network.promoted_tokens": lambda n: feed_forward_network.promoted_tokens(n([9, 99]), n(W)),
    "kv_cache.Cache": grown,
    "logits_and_sampling.softmax": lambda n: ls.softmax(n(X), 2),
    "logits_and_sampling.greedy": lambda n: ls.greedy(n([1, 3, 2])),
    "logits_and_sampling.one_hot_of_maximum": lambda n: ls.one_hot_of_maximum(n(X)),
    "logits_and_sampling.temper": lambda n: ls.temper(n([1, 3, 2]), 2),
    "logits_and_sampling.top_k": lambda n: ls.top_k(n([1, 3, 2]), 2),
    "logits_and_sampling.top_p": lambda n: ls.top_p(n([1, 3, 2]), 0.6),
    "logits_and_sampling.min_p": lambda n: ls.min_p(n([1, 3, 2]), 0.6),
    "logits_and_sampling.apply_steps": lambda n: ls.apply_steps(n([1, 3, 2]), [("top_p", 0.6)]),
    "logits_and_sampling.sample": lambda n: ls.sample(n([0, 1, 0]), np.random.default_rng(0)),
    "logits_and_sampling.entropy": lambda n: ls.entropy(n([1, 3, 2])),
    "logits_and_sampling.perplexity": lambda n: ls.perplexity(n([1, 3, 2])),
    "logits_and_sampling.continue_text": lambda n: ls.continue_text(
        lambda ids: n([1, 3, 2]), [0], 5, [], np.random.default_rng(0)
    ),
    "model.forward": lambda n: model.forward(CONFIG, weights(n), [1, 2, 3]),
    "model.times": lambda n: model.times(n(X), n(W)),
    "model.quick_silu": lambda n: model.quick_silu(n(X)),
    "model.unembedding": lambda n: model.unembedding(weights(n)),
    "model.logit_lens": lambda n: model.logit_lens(CONFIG, weights(n), n([[1, 2, 3, 4]])),
    "model.edited": lambda n: model.edited(lambda *_: n(X), "q", 0, np.ones((4, 2))),
    "model.zero_columns": lambda n: model.zero_columns(n(X), [1]),
    "model.generate": lambda n: model.generate(CONFIG, weights(n), [1, 2], 3),
    "multi_head_attention.split_heads": lambda n: multi_head_attention.split_heads(n(W), 2),
    "multi_head_attention.merge_heads": lambda n: multi_head_attention.merge_heads(n(HEADS)),
    "multi_head_attention.attend_heads": lambda n: multi_head_attention.attend_heads(
        n(HEADS), n(HEADS), n(HEADS)
    ),
    "multi_head_attention.multi_head_attention": lambda n: multi_head_attention.multi_head_attention(
        n(X), n([[1, 0], [0, 1]]), n([[0, 1], [1, 0]]), n([[9, 8], [7, 6]]), n([[9, 2], [2, 9]]), 2
    ),
    "multi_head_attention.knock_out": lambda n: multi_head_attention.knock_out(n(HEADS), [1]),
    "multi_head_attention.contributions": lambda n: multi_head_attention.contributions(
        n(HEADS), n([[11, 12], [13, 14], [1, 2], [3, 4]])
    ),
    "multi_head_attention.previous_token_score": lambda n: multi_head_attention.previous_token_score(
        n(WEIGHTS)
    ),
    "multi_head_attention.sink_score": lambda n: multi_head_attention.sink_score(n(WEIGHTS)),
    "multi_head_attention.induction_score": lambda n: multi_head_attention.induction_score(n(WEIGHTS), 2),
    "multi_head_attention.square": lambda n: multi_head_attention.square(n(WEIGHTS), 2),
    **{f"neuron_activation.{f.__name__}": lambda n, f=f: f(n([-3, -1, 0, 2])) for f in CURVES},
    "neuron_activation.normal_cdf": lambda n: neuron_activation.normal_cdf(n([-3, -1, 0, 2])),
    "neuron_activation.activate": lambda n: neuron_activation.activate(n([-3, 2]), "leaky_relu"),
    "neuron_activation.neuron": lambda n: neuron_activation.neuron(n(X), n([11, 99]), n(1)),
    "neuron_activation.layer": lambda n: neuron_activation.layer(n(X), n(W), n([1, 2, 3, 4])),
    "neuron_activation.collapse": lambda n: neuron_activation.collapse(
        n(X), n([1, 2]), n(W), n([1, 2, 3, 4])
    ),
    "neuron_activation.decision_line": lambda n: neuron_activation.decision_line(n([1, 2]), n(3)),
    "neuron_activation.running_totals": lambda n: neuron_activation.running_totals(
        n([11, 12]), n([13, 14]), n(1)
    ),
    "neuron_activation.fit_with_knots": lambda n: neuron_activation.fit_with_knots(
        n([0, 1, 2, 3]), n([5, 1, 0, 3]), n([0, 1])
    ),
    "neuron_activation.output_weights": lambda n: neuron_activation.output_weights(
        n([0, 1, 2, 3]), n([5, 1, 0, 3]), n([0, 1])
    ),
    "neuron_activation.knots_by_need": lambda n: neuron_activation.knots_by_need(
        n([0, 1, 2, 3]), n([5, 1, 0, 3]), 2
    ),
    "neuron_activation.in_ranges": lambda n: neuron_activation.in_ranges(n([-3, 0, 2]), [(None, 0)]),
    "neuron_activation.xor_hidden": lambda n: neuron_activation.xor_hidden(n(ROWS), 0.25),
    "neuron_activation.xor": lambda n: neuron_activation.xor(n(ROWS), 0.25),
    **{
        f"optimizers.{cls.__name__}": lambda n, cls=cls: stepped(cls(0.1), n)
        for cls in (
            *(optimizers.SGD, optimizers.Momentum, optimizers.Nesterov, optimizers.RMSProp),
            *(optimizers.Adam, optimizers.AdamW, optimizers.Lion),
        )
    },
    "optimizers.Muon": lambda n: stepped(optimizers.Muon(0.1), lambda row: n([row, [3, 1, 2]])),
    "optimizers.orthogonalised": lambda n: optimizers.orthogonalised(n(W)),
    "optimizers.quadratic": lambda n: optimizers.quadratic(100, 30).gradient(n(X)),
    "optimizers.rosenbrock": lambda n: (
        optimizers.rosenbrock().value(n(X)),
        optimizers.rosenbrock().gradient(n(X)),
    ),
    "optimizers.beale": lambda n: (optimizers.beale().value(n(X)), optimizers.beale().gradient(n(X))),
    "optimizers.descend": lambda n: optimizers.descend(
        optimizers.SGD(0.001), optimizers.quadratic(), n(X), 3
    ),
    "post_training.log_probabilities": lambda n: post_training.log_probabilities(t(n, X), (0, 1, 1, 0)).data,
    "post_training.preference_margins": lambda n: post_training.preference_margins(
        n([-1, -2]), n([-3, -4]), n([-2, -2]), n([-4, -5])
    ),
    "post_training.dpo_loss": lambda n: (
        post_training.dpo_loss(t(n, [-1, -2]), t(n, [-3, -4]), n([-2, -2]), n([-4, -5]), 1).data
    ),
    "post_training.win_rate": lambda n: post_training.win_rate(n([1, 0, -2])),
    "post_training.kl_to_reference": lambda n: post_training.kl_to_reference(n([-1, -3]), n([-2, -3])),
    "qkv.project": lambda n: qkv.project(n(X), n(W), n(W), n(W)),
    "qkv.attend_in_steps": lambda n: qkv.attend_in_steps(n(X), n(X), n(X), qkv.causal_mask(4)),
    "qkv.attend": lambda n: qkv.attend(n(X), n(X), n(X)),
    "qkv.softmax_rows": lambda n: qkv.softmax_rows(n(X)),
    "qkv.checked": lambda n: qkv.checked(n(X), n(X), n(X), None),
    "quantization.quantize": lambda n: quantization.quantize(n([[7, 2], [-3, 14]]), 4, 2).dequantize(),
    "quantization.encode_float": lambda n: quantization.encode_float(n(X), "BF16"),
    "quantization.quantize_q8_0": lambda n: np.frombuffer(
        quantization.quantize_q8_0(n(list(range(32)))), np.uint8
    ),
    "quantization.quantize_q4_1": lambda n: np.frombuffer(
        quantization.quantize_q4_1(n(list(range(32)))), np.uint8
    ),
    "rope.angles": lambda n: rope.angles(n([0, 3]), 4, 100),
    "rope.frequencies": lambda n: rope.frequencies(4, n(100)),
    "rope.wavelengths": lambda n: rope.wavelengths(4, n(100)),
    "rope.rotate": lambda n: rope.rotate(n(X), n([0, 1, 2, 3])),
    "rope.turn": lambda n: rope.turn(n([3, 4]), cos=0.6, sin=0.8),
    "rope.rotate_half": lambda n: rope.rotate_half(n(X), n([0, 1, 2, 3])),
    "rope.scores_by_distance": lambda n: rope.scores_by_distance(n(X), n(X), n([0, 2])),
    "rope.cos_and_sin": lambda n: rope.cos_and_sin(n(X), n([0, 1, 2, 3]), 100),
    "tiny_tales.continue_texts": lambda n: tiny_tales.continue_texts(CONFIG, weights(n), [[1, 2]], 3, 0),
    "training_phases.log_softmax": lambda n: training_phases.log_softmax(n(X)),
    "training_phases.token_losses": lambda n: training_phases.token_losses(n(X), (0, 1, 1, 0)),
    "training_phases.cross_entropy": lambda n: training_phases.cross_entropy(
        n(X), (0, 1, 1, 0), n([1, 2, 3, 4])
    ),
    "training_phases.Parameters": lambda n: (
        training_phases.decoder(
            training_phases.Parameters(CONFIG_TRAINED, weights_trained(n)), np.array([[1, 2, 3]])
        ).data
    ),
    "training_phases.frequency_power": lambda n: training_phases.frequency_power(n(ROWS)),
    "post_training.group_advantages": lambda n: post_training.group_advantages(n(X)),
    "post_training.reward_loss": lambda n: (
        post_training.reward_loss(bp.Tensor(np.array(n([1, 2, 3]), float)), n([1, 0, 2])).data
    ),
    "post_training.pass_at": lambda n: post_training.pass_at(n([[1, 0], [0, 0]])),
    "quantization.nearest_level": lambda n: quantization.nearest_level(n(X), np.array([0.0, 1.0, 4.0])),
    "quantization.round_in_blocks": lambda n: quantization.round_in_blocks(n([list(range(32))]), "MXFP4"),
    "quantization.hadamard": lambda n: quantization.hadamard(n(W)),
    "transformer_block.rms_norm": lambda n: tb.rms_norm(n([[100, 20], [3, 4]]), n([1, 2])),
    "transformer_block.layer_norm": lambda n: tb.layer_norm(n([[100, 20], [3, 4]]), n([1, 2]), n([0, 1])),
    "transformer_block.pre_norm_block": lambda n: tb.pre_norm_block(n(X), half, half, np.abs, np.abs),
    "transformer_block.post_norm_block": lambda n: tb.post_norm_block(n(X), half, half, np.abs, np.abs),
    "transformer_block.mixture_of_experts": lambda n: tb.mixture_of_experts(
        n(X), n(W), [half] * len(W[0]), 2
    ),
}
CONFIG_TRAINED = replace(CONFIG, n_kv_heads=2)


def weights_trained(n):
    rng = np.random.default_rng(0)
    return {name: n(rng.integers(0, 4, shape).tolist()) for name, shape in CONFIG_TRAINED.shapes().items()}


# Public functions of the maths that take no array of numbers: sizes, ids, words, configs, files, functions.
NO_NUMBERS = {
    "backpropagation": "computation_order backward_steps small_network gradient_step checked_ids checked_targets",
    "embeddings": "one_hot co_occurrence",
    "feed_forward_network": "mlp_parameters gated_parameters gated_d_ff flops_per_token",
    "kv_cache": "cache_bytes keys_read sum_of_range flops generation_flops",
    "logits_and_sampling": "count_followers",
    "model": "runs_here token_ids silence_heads silence_neurons silence",
    "multi_head_attention": "attention_parameters",
    "neuron_activation": "flat_ranges",
    # clip_norm changes its arrays in place, so they must be floats already
    "optimizers": "positive check_pairs warm_up_cosine clip_norm coordinates",
    "post_training": "answer_texts answer_log_probabilities align all_log_probabilities exact_match habit_rate "
    "answers_kl lora_parameters",
    "qkv": "causal_mask blocked",
    "quantization": "code_range bits_per_weight pack unpack split_float decode_float dequantize_q8_0 dequantize_q4_1 "
    "normal_levels",
    "rope": "half_split_order interleaved_order",
    "tiny_tales": "paths tell draw_tale draw_tales entropy patterns read_tale lexicon spelled training_tales "
    "held_out_tales floor as_texts questions ask config load_arrays load",
    "training_phases": "causal_attention rectangle trains_here initial_arrays decoder feed_forward text_loss "
    "adamw_pair train mean_loss addition_table learn_addition measure",
}
NO_ARRAYS = ("checks", "gguf", "recordings", "smollm2", "tokenization", "figures", "publishing", "studies")

KINDS = {
    "a list": lambda values: values,
    "int8": lambda values: np.array(values, np.int8),
    "int64": lambda values: np.array(values, np.int64),
    "float16": lambda values: np.array(values, np.float16),
    "float32": lambda values: np.array(values, np.float32),
    "longdouble": lambda values: np.array(values, np.longdouble),
}
DIGITS = {"float16": 5e-3, "float32": 1e-5}


def numbers_in(result):
    """All numbers of a result, as float64, one after another."""
    if isinstance(result, (tuple, list)):
        return np.concatenate([numbers_in(part) for part in result])
    if hasattr(result, "__dataclass_fields__"):
        return numbers_in(list(vars(result).values()))
    return np.ravel(np.asarray(result, float))


def test_every_public_function_is_tried_or_takes_no_numbers():
    found = set()
    for name in (module.name for module in pkgutil.iter_modules(anatomy.__path__)):
        if name in NO_ARRAYS:
            continue
        module = importlib.import_module(f"anatomy.{name}")
        for function in vars(module).values():
            inner = inspect.unwrap(function) if callable(function) else None
            if inspect.isfunction(inner) and inner.__module__ == module.__name__ and inner.__name__[0] != "_":
                found.add(f"{name}.{inner.__name__}")
    left_out = {f"{module}.{name}" for module, names in NO_NUMBERS.items() for name in names.split()}
    functions = {name for name in CALLS if name.split(".")[1][0].islower()}
    assert found == functions | left_out


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CALLS)
def test_the_answer_is_that_for_float64(name, kind):
    expected = numbers_in(CALLS[name](lambda values: np.array(values, float)))
    found = numbers_in(CALLS[name](KINDS[kind]))
    digits = DIGITS.get(kind, 1e-12)
    np.testing.assert_allclose(found, expected, rtol=digits, atol=digits)
