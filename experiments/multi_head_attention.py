"""What the 270 heads of SmolLM2 look at, what is lost without some of them, and the toy without any of its heads.

Records multi_head_attention.npz: scores of every head on random tokens that repeat and on a novel, its map on one
sentence, losses with heads silenced or averaged, where the induction heads still look without one other head, and the
toy's loss for every combination of its eight heads.
"""

from collections import Counter
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
STARTS = (1, 2, 3, 100, 500)  # where else in the novel a text may begin
FIRST_TOKEN = 17  # of those that are drawn; smaller ids are control tokens
SENTENCE = "The red car hit the blue boat and the red car"
N_TALES = 96

CAVEATS = [
    "The induction heads that are silenced were chosen by their score on the first repeated text and measured on all.",
    "A silenced head writes zeros. That is a state the model has never seen, so a part of the harm may be due to it.",
    "An averaged head writes its mean over all tokens of the texts that are measured.",
    "One novel, its first chapter, stands for ordinary text.",
    "The toy's losses are those of held-out tales; which head does what differs from one training to the next.",
]


def repeated(model, seed):
    """PERIOD random tokens, twice: ids (2 * PERIOD,)."""
    once = np.random.default_rng(seed).integers(FIRST_TOKEN, model.config.n_vocab, PERIOD)
    return np.concatenate([once, once])


def weights_of(model, ids, edit=None):
    """Attention weights of every head: (n_layers, n_heads, n_tokens, n_tokens)."""
    trace = Trace("weights")
    model.forward(ids, trace=trace, edit=edit)
    return trace["weights"].astype(float)


def average_heads(averages):
    """An `edit` for forward in which heads write their average at every token: {(layer, head): (d_head,)}."""

    def edit(name, layer, array):
        if name != "heads":
            return array
        array = np.array(array)
        for (of, head), average in averages.items():
            if of == layer:
                array[..., head, :, :] = average
        return array

    return edit


def averages_of(trace, heads, counts):
    """What heads write on average over the tokens that count: {(layer, head): (d_head,)}. trace: of "heads"."""
    counts = np.asarray(counts, bool)
    return {(layer, head): trace["heads"][layer][:, head][counts].mean(axis=0) for layer, head in heads}


def scores(model, ids):
    """Each head's previous-token and sink score: two arrays (n_layers, n_heads)."""
    weights = weights_of(model, ids)
    return previous_token_score(weights), sink_score(weights)


def copying(model, texts, edit=None):
    """By text: mean loss on the first half and on the second half of repeated texts, share guessed right there."""
    ids = np.array(texts)
    logits = model.forward(ids, edit=edit)[:, :-1]
    losses = token_losses(logits, ids[:, 1:])
    right = logits[:, PERIOD:].argmax(-1) == ids[:, PERIOD + 1 :]
    return losses[:, : PERIOD - 1].mean(axis=1), losses[:, PERIOD:].mean(axis=1), right.mean(axis=1)


def looking(model, texts, heads, edit=None):
    """Induction scores of some heads: (n_texts, n_heads)."""
    found = [induction_score(weights_of(model, ids, edit), PERIOD) for ids in texts]
    return np.array([[scores[head] for head in heads] for scores in found])


def reading(model, ids, edit=None):
    """Loss on each token of the novel."""
    return token_losses(model.forward(ids, edit=edit)[:-1], ids[1:])


def largest(scores, n):
    """The n heads with the largest scores, equal ones to three digits layer by layer."""
    order = np.argsort(-scores.round(3), axis=None, kind="stable")[:n]
    return [tuple(map(int, np.unravel_index(i, scores.shape))) for i in order]


def drawn(shape, besides, rng):
    """As many heads as `besides`, none of them in it, from anywhere."""
    others = [head for head in product(*map(range, shape)) if head not in besides]
    return [others[i] for i in rng.choice(len(others), len(besides), False)]


def drawn_by_layer(n_heads, besides, rng):
    """As many heads of each layer as in `besides`, none of them in it."""
    found = []
    for layer, n in sorted(Counter(layer for layer, _ in besides).items()):
        free = [head for head in range(n_heads) if (layer, head) not in besides]
        found += [(layer, int(head)) for head in rng.choice(free, n, False)]
    return found


def toy_losses(sets=range(256)):
    """The toy's loss on each tale, summed over tokens, with sets of heads silenced and averaged: (2, n_sets, n).

    The bits of a set say which heads, from the left, by layer. Also the number of tokens of each tale.
    """
    _, _, held_out = materials()
    held_out = held_out.pick(np.arange(N_TALES))
    toy = tiny_tales.load()
    heads = list(product(range(toy.config.n_layers), range(toy.config.n_heads)))
    trace = Trace("heads")
    forward(toy.config, toy.weights, held_out.inputs, trace=trace)
    averages = averages_of(trace, heads, held_out.counts)
    found = [[], []]
    for bits in sets:
        chosen = [head for i, head in enumerate(reversed(heads)) if bits >> i & 1]
        edits = silence_heads(chosen), average_heads({head: averages[head] for head in chosen})
        for losses, edit in zip(found, edits, strict=True):
            logits = forward(toy.config, toy.weights, held_out.inputs, edit=edit)
            losses.append((token_losses(logits, held_out.targets) * held_out.counts).sum(axis=1))
    return np.array(found), held_out.counts.sum(axis=1)


def toy_sets(n_heads=8):
    """The sets whose loss is kept tale by tale: none, each head alone, the first half and the second."""
    half = 2 ** (n_heads // 2)
    return [0, *(2 ** (n_heads - 1 - i) for i in range(n_heads)), (half - 1) * half, half - 1]


def main():
    model = smollm2.load()
    texts = [repeated(model, seed) for seed in SEEDS]
    found = [weights_of(model, ids) for ids in texts]
    induction = np.array([induction_score(weights, PERIOD) for weights in found], np.float32)
    previous = np.array([previous_token_score(weights) for weights in found], np.float32)
    sink = np.array([sink_score(weights) for weights in found], np.float32)
    ids = np.array(model.encode(novel())[:N_NOVEL])
    novel_previous, novel_sink = scores(model, ids)
    all_ids = np.array(model.encode(novel()))
    sentence = weights_of(model, model.encode(SENTENCE))

    best, shape = largest(induction[0], N_SILENCED), induction[0].shape
    rng = np.random.default_rng(0)
    random = [drawn(shape, best, rng) for _ in range(N_RANDOM)]
    matched = [drawn_by_layer(shape[1], best, rng) for _ in range(N_RANDOM)]
    before = largest(previous[0], N_BEFORE)
    trace = Trace("heads")
    model.forward(np.array(texts), trace=trace)
    averages = averages_of(trace, [*best, before[0]], np.ones((len(texts), 2 * PERIOD)))
    trace = Trace("heads", "weights")
    model.forward(ids[None], trace=trace)
    read_averages = averages_of(trace, best, np.ones((1, N_NOVEL)))

    averaged = average_heads({head: averages[head] for head in best})
    arms = [copying(model, texts, edit) for edit in (None, silence_heads(best), averaged)]
    print("whole, without, averaged", np.mean(arms, axis=-1), flush=True)
    arms += [copying(model, texts, silence_heads(heads)) for heads in (*random, *matched)]
    first, second, right = np.array(arms, np.float32).swapaxes(0, 1)
    read = [reading(model, ids, edit) for edit in (None, silence_heads(best), average_heads(read_averages))]
    read += [reading(model, ids, silence_heads(heads)) for heads in (*random, *matched)]

    alone = [*(silence_heads([head]) for head in before), average_heads({before[0]: averages[before[0]]})]
    single = [copying(model, texts, edit)[1] for edit in alone]
    looks = [looking(model, texts, best, edit) for edit in (None, *alone)]
    print(
        "without one that looks back",
        before,
        np.mean(single, axis=1),
        np.mean(looks, axis=(1, 2)),
        flush=True,
    )
    toy, n_counted = toy_losses()
    rows, columns = np.tril_indices(sentence.shape[-1])
    arrays = {
        "induction": induction,
        "previous": previous,
        "sink": sink,
        "novel_previous": novel_previous.astype(np.float32),
        "novel_sink": novel_sink.astype(np.float32),
        "start_sinks": np.array([scores(model, all_ids[i : i + N_NOVEL])[1] for i in STARTS], np.float32),
        "novel_ids": ids.astype(np.int32),
        "novel_best_sinks": np.array(
            [trace["weights"][layer, 0, head, 1:, 0] for layer, head in best], np.float32
        ),
        "maps": (sentence[..., rows, columns] * 255).round().astype(np.uint8),
        "silenced": np.array(best, np.int16),
        "random": np.array(random, np.int16),
        "matched": np.array(matched, np.int16),
        "before": np.array(before, np.int16),
        "before_losses": np.array(single, np.float32),
        "before_looks": np.array(looks, np.float32),
        "first_losses": first,
        "copy_losses": second,
        "copy_right": right,
        "novel_losses": np.mean(read, axis=1).astype(np.float32),
        "novel_token_losses": np.array(read[:2], np.float32),
        "toy_losses": (toy.sum(axis=2) / n_counted.sum()).astype(np.float32),
        "toy_tale_losses": (toy / n_counted)[:, toy_sets()].astype(np.float32),
    }
    settings = {
        "period": PERIOD, "n_novel": N_NOVEL, "n_silenced": N_SILENCED, "n_random": N_RANDOM, "sentence": SENTENCE,
        "n_tales": N_TALES, "starts": STARTS, "first_words": [model.decode([int(all_ids[i])]) for i in STARTS],
    }  # fmt: skip
    save("multi_head_attention", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
