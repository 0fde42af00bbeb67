"""SmolLM2 with its positions turned wrongly, not at all, and further apart than training ever showed.

Records rope.npz: losses by position with the right pairing, the other pairing and no rotation, with the next tokens of
a few prompts; and losses on a passage whose beginning lies ever further back, with positions as they are, pressed
together, and with a larger base; and, for what does the harm, with some of the pairs that far, or some of the tokens.
"""

import numpy as np

from anatomy import smollm2
from anatomy.kv_cache import Cache
from anatomy.rope import frequencies, rotate, rotate_half, turn, wavelengths
from anatomy.tokenization import novel
from anatomy.training_phases import token_losses
from experiments.record import save

PROGRAM = "experiments/rope.py"
PROMPTS = (
    "The capital of France is",
    "The opposite of hot is",
    "import numpy as",
    "Water freezes at 0 degrees",
    "The first president of the United States was George",
)
N_WINDOWS, N_TOKENS = 8, 128
ARMS = ("right pairing", "other pairing", "no rotation")
GAPS = (256, 1024, 4096, 8192, 12_288, 16_384, 24_576, 32_768, 65_536)  # where the second half begins
HALF = 256
FACTOR = 8
WAYS = ("as trained", "positions ÷ 8", "larger base")
FAR = 16_384
PAIRS_FAR = ("slow pairs far", "fast pairs far")  # the others as with the context right before
FIRST = (1, 16)  # so many tokens of the context alone, that far

CAVEATS = [
    "Windows of one chapter of one novel; they overlap nowhere.",
    "The model was trained on texts of up to 8,192 tokens. Here distances are made by numbering, not by a long text.",
    "Neither way of reaching further was trained for; both are applied to the model as it is.",
]


def every_token(function, x, positions, base):
    """Apply a rotation of (n_tokens, …, d_head) to heads (…, n_tokens, d_head)."""
    return np.moveaxis(function(np.moveaxis(x, -2, 0), positions, base), 0, -2).astype(x.dtype)


def rotated_as(arm, config):
    """An edit that replaces the rotation of queries and keys by another, or takes it back."""
    base = config.rope_base

    def edit(name, layer, array):
        if name not in ("q_rotated", "k_rotated") or arm == ARMS[0]:
            return array
        positions = np.arange(array.shape[-2])
        plain = every_token(rotate, array, -positions, base)
        return plain if arm == ARMS[2] else every_token(rotate_half, plain, positions, base)

    return edit


def reads(model, arm, windows):
    """Loss of each token after the first: (n_windows, n_tokens - 1)."""
    logits = model.forward(windows, edit=rotated_as(arm, model.config))
    return token_losses(logits[:, :-1], windows[:, 1:])


def next_tokens(model, arm):
    """The likeliest next token after each prompt."""
    found = []
    for prompt in PROMPTS:
        logits = model.forward(model.encode(prompt), edit=rotated_as(arm, model.config), last_only=True)
        found.append(model.decode([int(logits[-1].argmax())]))
    return found


def extra_turn(way, config):
    """Radians a position by which each pair turns further than it was trained to."""
    trained = frequencies(config.d_head, config.rope_base)
    if way == WAYS[1]:
        return trained * (1 / FACTOR - 1)
    if way == WAYS[2]:  # the slowest pair turns FACTOR times as slowly, the fastest as before
        return frequencies(config.d_head, larger_base(config)) - trained
    return np.zeros_like(trained)


def larger_base(config, factor=FACTOR):
    """The base with which the slowest pair turns `factor` times as slowly."""
    return config.rope_base * factor ** (config.d_head / (config.d_head - 2))


def reads_apart(model, ids, gap, way, n_context=HALF):
    """Losses of the second half, which begins at position `gap`, after the first tokens of the first half."""
    extra = extra_turn(way, model.config)
    return reads_after(model, ids[:n_context], ids[HALF:], gap, lambda places: places[:, None] * extra)


def reads_with_pairs_far(model, ids, kind, gap=FAR):
    """Losses of the second half: to the slow or to the fast pairs it begins at `gap`, to the others at HALF."""
    config = model.config
    slow = wavelengths(config.d_head, config.rope_base) > config.n_context
    near = ~slow if kind == PAIRS_FAR[0] else slow
    back = near * (HALF - gap) * frequencies(config.d_head, config.rope_base)
    return reads_after(model, ids[:HALF], ids[HALF:], gap, lambda places: (places >= gap)[:, None] * back)


def reads_after(model, context, passage, gap, extra):
    """Loss of each token of a passage, which begins at position `gap`, but its first: (n_tokens - 1,).

    extra: positions (n,) -> radians by which each pair turns further there, (n, d_head / 2).
    """
    cache = Cache(model.config.n_layers)

    def edit_from(start):
        def edit(name, layer, array):
            if name not in ("q_rotated", "k_rotated"):
                return array
            theta = extra(start + np.arange(array.shape[-2]))
            return turn(array, np.cos(theta), np.sin(theta)).astype(array.dtype)

        return edit

    model.forward(context, cache=cache, edit=edit_from(0), last_only=True)
    logits = model.forward(passage, cache=cache, first_position=gap, edit=edit_from(gap))
    return token_losses(logits[:-1], passage[1:])


def what_harms(model, halves):
    """Losses with some pairs far (2, n_texts, HALF - 1), and with the first tokens alone far (2, n_texts, HALF - 1)."""
    pairs = [[reads_with_pairs_far(model, text, kind) for text in halves] for kind in PAIRS_FAR]
    first = [[reads_apart(model, text, FAR, WAYS[0], n) for text in halves] for n in FIRST]
    return {"pair_losses": np.array(pairs, np.float32), "first_losses": np.array(first, np.float32)}


def main():
    model = smollm2.load()
    ids = np.array(model.encode(novel()))
    windows = ids[: N_WINDOWS * N_TOKENS].reshape(N_WINDOWS, N_TOKENS)
    halves = ids[: 4 * HALF].reshape(2, 2 * HALF)
    apart = [[[reads_apart(model, text, gap, way) for text in halves] for gap in GAPS] for way in WAYS]
    arrays = {
        "arm_losses": np.array([reads(model, arm, windows) for arm in ARMS], np.float32),
        "next_tokens": np.array([next_tokens(model, arm) for arm in ARMS]),
        "gaps": np.array(GAPS, np.int32),
        "gap_losses": np.array(apart, np.float32),
        "alone_losses": np.array(
            [token_losses(model.forward(text[HALF:])[:-1], text[HALF + 1 :]) for text in halves], np.float32
        ),
    }
    arrays |= what_harms(model, halves)
    print(arrays["arm_losses"].mean(axis=(1, 2)), arrays["next_tokens"].tolist())
    print(arrays["gap_losses"].mean(axis=(2, 3)).round(2).tolist(), arrays["alone_losses"].mean())
    settings = {
        "arms": ARMS,
        "ways": WAYS,
        "factor": FACTOR,
        "prompts": PROMPTS,
        "half": HALF,
        "n_tokens": N_TOKENS,
        "far": FAR,
        "pairs_far": PAIRS_FAR,
        "first": FIRST,
    }
    save("rope", arrays, PROGRAM, [], settings, CAVEATS)


if __name__ == "__main__":
    main()
