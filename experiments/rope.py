"""SmolLM2 with its positions turned wrongly, not at all, and further apart than training ever showed.

Records rope.npz: losses by position with the right pairing, the other pairing and no rotation, with the next tokens of
a few prompts; and losses on a passage whose beginning lies ever further back, with positions as they are, pressed
together, and with a larger base.
"""

import numpy as np

from anatomy import smollm2
from anatomy.kv_cache import Cache
from anatomy.rope import frequencies, rotate, rotate_half, turn
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


def reads_apart(model, ids, gap, way):
    """Loss of each token of the second half, which begins at position `gap`, after the first half: (HALF - 1,)."""
    extra, cache = extra_turn(way, model.config), Cache(model.config.n_layers)

    def edit_from(start):
        def edit(name, layer, array):
            if name not in ("q_rotated", "k_rotated"):
                return array
            theta = (start + np.arange(array.shape[-2]))[:, None] * extra
            return turn(array, np.cos(theta), np.sin(theta)).astype(array.dtype)

        return edit

    model.forward(ids[:HALF], cache=cache, edit=edit_from(0), last_only=True)
    logits = model.forward(ids[HALF:], cache=cache, first_position=gap, edit=edit_from(gap))
    return token_losses(logits[:-1], ids[HALF + 1 :])


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
    print(arrays["arm_losses"].mean(axis=(1, 2)), arrays["next_tokens"].tolist())
    print(arrays["gap_losses"].mean(axis=(2, 3)).round(2).tolist(), arrays["alone_losses"].mean())
    settings = {
        "arms": ARMS,
        "ways": WAYS,
        "factor": FACTOR,
        "prompts": PROMPTS,
        "half": HALF,
        "n_tokens": N_TOKENS,
    }
    save("rope", arrays, PROGRAM, [], settings, CAVEATS)


if __name__ == "__main__":
    main()
