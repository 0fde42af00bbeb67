"""The closing walk: one sentence through the whole of SmolLM2, from bytes to a drawn token.

Page: book/closing.md
"""

from dataclasses import dataclass

import numpy as np

from anatomy.kv_cache import Cache
from anatomy.logits_and_sampling import entropy, sample, softmax
from anatomy.model import Trace
from anatomy.rope import angles
from anatomy.studies import signed
from anatomy.studies.logits_and_sampling import in_order

TEXT = "The capital of France is"
HEAD = (16, 0)  # a head that looks one back: chapter 9
SEED = 1
BITS = np.log(2)


@dataclass(frozen=True)
class Stage:
    """What happens at one place of the model. topic: the chapter's stem; rows: (what, value) pairs of words."""

    title: str
    topic: str
    rows: list


def numbers(values, digits=2):
    """Some numbers of a vector, as words."""
    return ", ".join(signed(value, f".{digits}f") for value in values)


def walk(model, text=TEXT):
    """Every stage in the order of the computation -> list of Stage, for the last token of the text."""
    ids = model.encode(text)
    tokens = [model.decode([i]) for i in ids]
    trace = Trace()
    cache = Cache(model.config.n_layers)
    logits = model.forward(ids, trace=trace, cache=cache)[-1].astype(float)
    c, (layer, head) = model.config, HEAD
    residual = trace["residual"][:, -1].astype(float)
    normed = trace["normed_attention"][layer, -1].astype(float)
    group = head // (c.n_heads // c.n_kv_heads)
    plain = trace["q"][layer, head, -1].astype(float), trace["k"][layer, group].astype(float)
    q = trace["q_rotated"][layer, head, -1].astype(float)
    k = trace["k_rotated"][layer, group].astype(float)
    weights = trace["weights"][layer, :, -1].astype(float)
    looked = int(weights[head].argmax())
    theta = angles(np.array([len(ids) - 1]), c.d_head, c.rope_base)[0]
    gate, hidden = (trace[name][layer, -1].astype(float) for name in ("gate", "hidden"))
    added = [np.linalg.norm(trace[name][layer, -1].astype(float)) for name in ("attention_out", "ffn_out")]
    p = softmax(logits)
    order = in_order(p)
    most = np.bincount(weights.argmax(-1), minlength=len(ids))
    final = trace["normed_final"][-1].astype(float)
    drawn = sample(p, np.random.default_rng(SEED))
    length = np.linalg.norm(residual, axis=-1)
    raw = text.encode()
    return [
        Stage("Text is bytes", "tokenization", [
            ("the text", text), ("bytes", f"{len(raw)}"),
            ("the first", " ".join(f"{byte:02X}" for byte in raw[:8]) + " …"),
        ]),
        Stage("Bytes become tokens", "tokenization", [
            ("pieces", " | ".join(token.replace(" ", "·") for token in tokens)),
            ("ids", ", ".join(map(str, ids))), ("of a vocabulary of", f"{c.n_vocab:,}"),
        ]),
        Stage("Each id picks a row", "embeddings", [
            ("the last token", tokens[-1].replace(" ", "·")), ("its row", numbers(residual[0][:3])),
            ("numbers in it", f"{c.d_model}"), ("length", f"{length[0]:.1f}"),
        ]),
        Stage(f"Layer {layer}: a normed copy", "transformer-block", [
            ("length in the stream", f"{length[layer]:.0f}"), ("length of the copy", f"{np.linalg.norm(normed):.1f}"),
            ("its first numbers", numbers(normed[:3])),
        ]),
        Stage(f"Layer {layer}, head {head}: a query", "qkv", [
            ("its first pair", numbers(plain[0][:2], 1)),
            (f"key of {tokens[looked].strip()}, first pair", numbers(plain[1][looked][:2], 1)),
            ("numbers in each", f"{c.d_head}"),
        ]),
        Stage("Both turned by position", "rope", [
            ("position", f"{len(ids) - 1}"), ("first pair, by", f"{theta[0]:.2f} radians"),
            ("so the query's is now", numbers(q[:2], 1)), ("last pair, by", f"{theta[-1]:.5f} radians"),
        ]),
        Stage("Query meets keys", "qkv", [
            (f"product with {tokens[looked].strip()}", signed(q @ k[looked], ".0f")),
            (f"divided by √{c.d_head}", signed(q @ k[looked] / c.d_head**0.5, ".1f")),
            ("the same of all", numbers(k @ q / c.d_head**0.5, 1)),
            (f"weight of {tokens[looked].strip()}", f"{weights[head, looked]:.2f}"),
        ]),
        Stage(f"Layer {layer}: {c.n_heads} heads look", "multi-head-attention", [
            *(
                (f"most at {tokens[i].strip()}", f"{n} head" if n == 1 else f"{n} heads")
                for i, n in enumerate(most) if n
            ),
            (f"head {head}", f"at {tokens[looked].strip()}, {weights[head, looked]:.2f}"),
            ("added to the stream, length", f"{added[0]:.0f}"),
        ]),
        Stage(f"Layer {layer}: {c.d_ff:,} neurons answer", "feed-forward-network", [
            ("gates above 0", f"{int((gate.round(3) > 0).sum())}"),
            ("largest hidden number", signed(hidden[abs(hidden).argmax()], ".1f")),
            ("added to the stream, length", f"{added[1]:.0f}"),
        ]),
        Stage(f"{c.n_layers} layers", "transformer-block", [
            *((f"length before layer {l}", f"{length[l]:.0f}") for l in (0, 10, 20)),
            ("at the end", f"{length[-1]:.0f}"), ("after the final norm", f"{np.linalg.norm(final):.0f}"),
        ]),
        Stage("A score for every token", "logits-and-sampling", [
            *((model.decode([int(i)]).replace(" ", "·"), f"{p[i]:.3f}") for i in order[:4]),
            ("entropy", f"{entropy(p) / BITS:.1f} bits"),
        ]),
        Stage("One is drawn", "logits-and-sampling", [
            ("temperature", "1"), ("seed of the random number", f"{SEED}"),
            ("drawn", model.decode([int(drawn)]).replace(" ", "·")), ("its probability", f"{p[drawn]:.3f}"),
        ]),
        Stage("What is kept for the next", "kv-cache", [
            ("tokens", f"{cache.n_tokens}"), ("keys and values, each", f"{c.n_layers} × {c.n_kv_heads} × {c.d_head}"),
            ("bytes a token, 32 bits", f"{c.n_layers * c.n_kv_heads * c.d_head * 2 * 4:,}"),
        ]),
    ]  # fmt: skip


def written(model, n=4, text=TEXT):
    """n tokens drawn as the page draws them -> pairs (token, its probability)."""
    cache, new, rng = Cache(model.config.n_layers), model.encode(text), np.random.default_rng(SEED)
    out = []
    for _ in range(n):
        p = softmax(model.forward(new, cache=cache, last_only=True)[-1].astype(float))
        new = [sample(p, rng)]
        out.append((model.decode(new), float(p[new[0]])))
    return out


def told_of_writing(pairs):
    """Numbers for the prose on the tokens that were drawn: the second and the last are the unlikely ones."""
    return {"astray": f"{pairs[1][1]:.1%}", "last_of_all": f"{pairs[-1][1]:.3%}"}


def told_of(stages):
    """Numbers for the prose: how many stages, and the token at the end."""
    return {
        "n_stages": len(stages),
        "layer": HEAD[0],
        "head": HEAD[1],
        "drawn": dict(stages[-2].rows)["drawn"].replace("·", ""),
    }
