"""What the 270 heads of SmolLM2 look at, what is lost without some of them, and the toy without any of its heads.

Records multi_head_attention.npz: scores of every head on random tokens that repeat and on a novel, its map on one
sentence, losses with heads silenced, and the toy's loss for every combination of its eight heads.
"""

from itertools import product

import numpy as np

from anatomy import smollm2, tiny_tales
from anatomy.model import Trace, forward, silence_heads
from anatomy.multi_head_attention import induction_score, previous_token_score, sink_score
from anatomy.tokenization import novel
from anatomy.training_phases import token_losses
from experiments.record import save
from experiments.tiny_tales import materials

PROGRAM = "experiments/multi_head_attention.py"
SEEDS = (0, 1, 2, 3, 4)
PERIOD, N_NOVEL = 50, 256
N_SILENCED, N_RANDOM = 8, 20
N_BEFORE = 4  # heads with the largest previous-token score, silenced one by one
FIRST_TOKEN = 17  # of those that are drawn; smaller ids are control tokens
SENTENCE = "The red car hit the blue boat and the red car"
N_TALES = 96

CAVEATS = [
    "The induction heads that are silenced were chosen by their score on the first repeated text and measured on all.",
    "A silenced head writes zeros. That is a state the model has never seen, so a part of the harm may be due to it.",
    "One novel, its first chapter, stands for ordinary text.",
    "The toy's losses are those of held-out tales; which head does what differs from one training to the next.",
]


def repeated(model, seed):
    """PERIOD random tokens, twice: ids (2 * PERIOD,)."""
    once = np.random.default_rng(seed).integers(FIRST_TOKEN, model.config.n_vocab, PERIOD)
    return np.concatenate([once, once])


def weights_of(model, ids):
    """Attention weights of every head: (n_layers, n_heads, n_tokens, n_tokens)."""
    trace = Trace("weights")
    model.forward(ids, trace=trace)
    return trace["weights"].astype(float)


def scores(model, ids):
    """Each head's previous-token and sink score: two arrays (n_layers, n_heads)."""
    weights = weights_of(model, ids)
    return previous_token_score(weights), sink_score(weights)


def copying(model, texts, heads=()):
    """Mean loss on the second half of repeated texts, and the share of tokens that are guessed right, by text."""
    logits = model.forward(np.array(texts), edit=silence_heads(heads) if heads else None)
    targets = np.array(texts)[:, PERIOD + 1 :]
    second = logits[:, PERIOD:-1]
    return token_losses(second, targets).mean(axis=1), (second.argmax(-1) == targets).mean(axis=1)


def reading(model, ids, heads=()):
    """Mean loss on the novel."""
    logits = model.forward(ids, edit=silence_heads(heads) if heads else None)
    return float(token_losses(logits[:-1], ids[1:]).mean())


def toy_losses():
    """Loss of the toy for every set of silenced heads: (2 ** 8,), the bits of the place from the left, by layer."""
    _, _, held_out = materials()
    held_out = held_out.pick(np.arange(N_TALES))
    toy = tiny_tales.load()
    heads = list(product(range(toy.config.n_layers), range(toy.config.n_heads)))
    found = []
    for bits in product((0, 1), repeat=len(heads)):
        silent = [head for head, bit in zip(heads, bits, strict=True) if bit]
        edit = silence_heads(silent) if silent else None
        losses = token_losses(forward(toy.config, toy.weights, held_out.inputs, edit=edit), held_out.targets)
        found.append((losses * held_out.counts).sum() / held_out.counts.sum())
    return np.array(found, np.float32)


def main():
    model = smollm2.load()
    texts = [repeated(model, seed) for seed in SEEDS]
    found = [weights_of(model, ids) for ids in texts]
    induction = np.array([induction_score(weights, PERIOD) for weights in found], np.float32)
    previous = np.array([previous_token_score(weights) for weights in found], np.float32)
    sink = np.array([sink_score(weights) for weights in found], np.float32)
    ids = np.array(model.encode(novel())[:N_NOVEL])
    novel_previous, novel_sink = scores(model, ids)
    sentence = weights_of(model, model.encode(SENTENCE))

    order = np.argsort(-induction[0].round(3), axis=None, kind="stable")[:N_SILENCED]
    best = [tuple(map(int, np.unravel_index(i, induction[0].shape))) for i in order]
    rng = np.random.default_rng(0)
    others = [i for i in range(induction[0].size) if i not in set(order.tolist())]
    random = [
        [
            tuple(map(int, np.unravel_index(i, induction[0].shape)))
            for i in rng.choice(others, N_SILENCED, False)
        ]
        for _ in range(N_RANDOM)
    ]
    arms = [
        copying(model, texts),
        copying(model, texts, best),
        *(copying(model, texts, heads) for heads in random),
    ]
    print("whole", arms[0], "without induction", arms[1], flush=True)
    before = np.argsort(-previous[0].round(3), axis=None, kind="stable")[:N_BEFORE]
    before = [tuple(map(int, np.unravel_index(i, previous[0].shape))) for i in before]
    single = [copying(model, texts, [head])[0] for head in before]
    print("without one that looks back", before, np.mean(single, axis=1), flush=True)
    rows, columns = np.tril_indices(sentence.shape[-1])
    arrays = {
        "induction": induction,
        "previous": previous,
        "sink": sink,
        "novel_previous": novel_previous.astype(np.float32),
        "novel_sink": novel_sink.astype(np.float32),
        "maps": (sentence[..., rows, columns] * 255).round().astype(np.uint8),
        "silenced": np.array(best, np.int16),
        "random": np.array(random, np.int16),
        "before": np.array(before, np.int16),
        "before_losses": np.array(single, np.float32),
        "copy_losses": np.array([losses for losses, _ in arms], np.float32),
        "copy_right": np.array([right for _, right in arms], np.float32),
        "novel_losses": np.array([reading(model, ids, heads) for heads in ([], best, *random)], np.float32),
        "toy_losses": toy_losses(),
    }
    settings = {
        "period": PERIOD, "n_novel": N_NOVEL, "n_silenced": N_SILENCED, "n_random": N_RANDOM, "sentence": SENTENCE,
        "n_tales": N_TALES,
    }  # fmt: skip
    save("multi_head_attention", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
