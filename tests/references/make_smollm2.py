"""Ask transformers (torch, float32) for SmolLM2's logits, and HF tokenizers for its ids; freeze the answers.

Needs torch, transformers, accelerate, tokenizers and gguf besides the checkpoint: `nox -s references`.
Writes smollm2.npz beside this file. tests/anatomy/test_smollm2.py only reads it.

What is kept of each prompt: its ids, the ids and logits of the twenty most likely next tokens at the last
position, the most likely next token at every position, and all positions' logits at the same 64 places.
Of the thousands of texts of token_texts.py: the texts, their ids one after another, and how many each has.
"""

import importlib.metadata
import json
import runpy
from pathlib import Path

import numpy as np
import tokenizers
import torch
import transformers
from gguf import GGUFReader

from anatomy import smollm2

token_texts = runpy.run_path(str(Path(__file__).with_name("token_texts.py")))["token_texts"]

PROMPTS = {
    "fact": "The capital of France is",
    "story": "Once upon a time, there was a",
    "code": "def fibonacci(n):\n    if n < 2:\n        return n\n    return",
    "numbers": "In 1969, 3.14159 times 1,000,000 is",
    "repeated": "red blue green yellow red blue green",
    "whitespace": "a  b\t\tc\n\n\n   d   \n",
    "french": "L'été dernier, nous sommes allés à",
    "chinese": "机器学习是一种",
    "cyrillic": "Москва является столицей",
    "arabic": "القاهرة هي عاصمة",
    "emoji": "I love 🍕 and 👩‍💻, but not",
    "one token": "The",
    "long": "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be "
    "in want of a wife. However little known the feelings or views of such a man may be on his first entering "
    "a neighbourhood, this truth is so well fixed in the minds of the surrounding families, that he is "
    "considered the rightful property of some one or other of their daughters.",
}
CHAT = [{"role": "user", "content": "What is 2 + 2?"}]

TEXTS = [
    *PROMPTS.values(),
    "don't we'll I'm they've you'd he's it's we're",
    "x=1;y=22;z=333",
    "٣٤٥ ½ Ⅷ 四",
    "   leading and trailing   ",
    "tabs\tand\r\nlines\n",
    "<|im_end|> is ordinary text",
    "🇫🇷🇩🇪 e\u0301 \u200b zero width",
    "ALLCAPS camelCase snake_case kebab-case",
    "https://example.org/a?b=c&d=%20e#f",
    "नमस्ते दुनिया",
    "สวัสดีชาวโลก",
    "안녕하세요 세계",
]


def reference_tokenizer(path):
    """HF's byte-level BPE from the file's own vocabulary: digits one by one, then GPT-2's pattern."""
    fields = GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges)
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    return tokenizer


def main():
    path = smollm2.find()
    smollm2.check_file(path)
    tokenizer = reference_tokenizer(path)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32
    ).eval()
    template = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    chat_text = template.apply_chat_template(CHAT, tokenize=False, add_generation_prompt=True)
    control = {"<|im_start|>": 1, "<|im_end|>": 2}
    tokenizer.add_special_tokens(list(control))
    assert all(tokenizer.token_to_id(token) == i for token, i in control.items())
    chat_ids = tokenizer.encode(chat_text).ids

    plain = reference_tokenizer(path)
    prompt_ids = {name: plain.encode(text).ids for name, text in PROMPTS.items()} | {"chat": chat_ids}
    places = np.sort(np.random.default_rng(0).choice(model.config.vocab_size, 64, replace=False))
    kept = {}
    for name, ids in prompt_ids.items():
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0].numpy()
        order = np.argsort(-logits[-1], kind="stable")[:20]
        kept |= {
            f"{name}/ids": np.array(ids, np.int32),
            f"{name}/top_ids": order.astype(np.int32),
            f"{name}/top_logits": logits[-1][order],
            f"{name}/best": logits.argmax(axis=-1).astype(np.int32),
            f"{name}/sample": logits[:, places],
        }
    kept["places"] = places.astype(np.int32)
    kept["names"] = np.array(list(prompt_ids))
    kept["prompts"] = np.array(json.dumps(PROMPTS, ensure_ascii=False))
    kept["chat"] = np.array(json.dumps({"messages": CHAT, "text": chat_text}))
    kept["texts"] = np.array(
        json.dumps([{"text": text, "ids": plain.encode(text).ids} for text in TEXTS], ensure_ascii=False)
    )
    many_texts = token_texts()
    many = [plain.encode(text).ids for text in many_texts]
    kept["many_texts"] = np.frombuffer(json.dumps(many_texts, ensure_ascii=False).encode(), np.uint8)
    kept["many_ids"] = np.concatenate([np.array(ids, np.uint16) for ids in many])
    kept["many_lengths"] = np.array([len(ids) for ids in many], np.uint32)
    versions = {p: importlib.metadata.version(p) for p in ("torch", "transformers", "tokenizers", "gguf")}
    kept["made_with"] = np.array(json.dumps(versions))
    np.savez_compressed(Path(__file__).with_name("smollm2.npz"), **kept)


if __name__ == "__main__":
    main()
