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
    words: tuple = ()  # everyday words and questions that bring readers to it

    @property
    def module(self):
        """The name of its modules: of the maths, of its figures."""
        return self.stem.replace("-", "_")


WORDS = {
    "tokenization":
    "spelling, why can't it spell, counting letters, strawberry, emoji, words, pieces of words, price per "
    "token, how many tokens, other languages",
    "embeddings": "meaning, similar words, synonyms, vectors, king and queen, semantic search, vector database",
    "neuron-activation": "neural network, perceptron, nonlinearity, hidden layer, brain",
    "feed-forward-network":
    "MLP, hidden layer, facts, knowledge, where are facts stored, multilayer perceptron",
    "logits-and-sampling":
    "creativity, randomness, confidence, why does it make things up, making things up, repetition, same "
    "answer twice, probability, top-p, top-k",
    "backpropagation": "learning, derivative, autograd, how does it learn",
    "optimizers": "learning rate, gradient descent, training is unstable, loss explodes",
    "qkv": "attention, self-attention, attention mechanism, context, query key value",
    "multi-head-attention": "heads, attention heads, interpretability, in-context learning",
    "rope": "position, word order, order of words, long context, context extension",
    "transformer-block":
    "transformer, architecture, layers, number of parameters, mixture of experts, GPT, model size, how "
    "big is a model",
    "training-phases":
    "training, pretraining, overfitting, memorization, generalization, training data, scaling laws, "
    "emergence, cost of training",
    "post-training":
    "chat, ChatGPT, assistant, instructions, fine-tuning, alignment, RLHF, LoRA, reasoning, sycophancy, "
    "system prompt, flattery",
    "kv-cache":
    "memory, context length, speed, latency, GPU memory, how much memory, tokens per second, inference, "
    "serving, why is it slow, long conversations",
    "quantization":
    "compression, file size, GGUF, 4 bit, smaller model, run locally, on my laptop, number formats",
}  # fmt: skip
TOPICS = tuple(
    Topic(number, stem, label, tuple(aliases), tuple(WORDS[stem].split(", ")))
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
