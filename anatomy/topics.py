"""The fifteen topics in reading order: the one list of stems, titles on the map, and aliases. Each is a chapter.

A stem never changes: readers link to it. It is the anchor and file name of the chapter, and names the topic's modules,
figures and tests. Pages and tests read this list; the import contracts in pyproject.toml are tested against it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A part of the model, and the chapter about it."""

    number: int
    stem: str  # the chapter's file name and anchor
    label: str  # its name on the map of the model
    aliases: tuple = ()  # other anchors that lead to the chapter

    @property
    def module(self):
        """The name of its modules: of the maths, of its figures."""
        return self.stem.replace("-", "_")


TOPICS = tuple(
    Topic(number, stem, label, tuple(aliases))
    for number, (stem, label, *aliases) in enumerate(
        (
            ("tokenization", "Tokenization"),
            ("embeddings", "Embeddings", "vector-embeddings"),
            ("neuron-activation", "Neuron", "activations"),
            ("feed-forward-network", "Feed-forward", "ffn"),
            ("logits-and-sampling", "Logits & sampling", "logits", "sampling"),
            ("backpropagation", "Backpropagation", "backprop"),
            ("optimizers", "Optimizers", "sgd-momentum-adam"),
            ("qkv", "Query, key, value", "attention-q-k-v"),
            ("multi-head-attention", "Attention heads", "attention-math"),
            ("rope", "Rotary positions", "rotary-positional-embeddings"),
            ("transformer-block", "Transformer block", "decoder-block"),
            ("training-phases", "Training phases", "grokking"),
            ("post-training", "Post-training", "instruction-tuning", "preference-tuning"),
            ("kv-cache", "KV cache", "context-window"),
            ("quantization", "Quantization"),
        ),
        start=1,
    )
)
BY_STEM = {topic.stem: topic for topic in TOPICS}
