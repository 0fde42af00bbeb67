"""SmolLM2-135M here against PyTorch in eager mode, and its file against the gguf package.

    python benchmarks/real_model.py

Loading, reading a prompt of 256 tokens, and writing tokens with a cache, all in float32 on the same cores.
Both sides take turns, so that a busy machine disturbs both alike; the ratio is that of the medians.
Prints; asserts nothing but that both compute the same.
"""

import os
import statistics
import time
import warnings

N_THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", str(N_THREADS))

import gguf as gguf_package  # noqa: E402  the libraries read the variables when they are imported
import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

from anatomy import smollm2  # noqa: E402
from anatomy.kv_cache import Cache  # noqa: E402

N_PROMPT, N_BEFORE, N_NEW, N_ROUNDS = 256, 64, 16, 5


def seconds(run):
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def compare(what, ours, theirs, rounds=N_ROUNDS):
    """Print both medians and how many times as fast as theirs ours is."""
    ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    here, there = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{what}: {here * 1e3:.0f} ms, theirs {there * 1e3:.0f} ms, {there / here:.2f} times as fast")


def load_with_package():
    """Every tensor as float32, by the gguf package."""
    for tensor in gguf_package.GGUFReader(smollm2.find()).tensors:
        gguf_package.dequantize(tensor.data, tensor.tensor_type)


def main():
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    print(f"threads: {os.environ['OPENBLAS_NUM_THREADS']} here, {torch.get_num_threads()} in torch")
    compare("loading, against the gguf package", smollm2.load, load_with_package, rounds=3)

    path = smollm2.find()
    ours = smollm2.load()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = transformers.AutoModelForCausalLM.from_pretrained(
            path.parent, gguf_file=path.name, dtype=torch.float32
        ).eval()
    ids = np.random.default_rng(0).integers(17, ours.config.n_vocab, N_PROMPT)
    tensor = torch.tensor(ids[None])

    with torch.inference_mode():
        difference = np.abs(ours.forward(ids) - theirs(tensor).logits[0].numpy()).max()
        assert difference < 5e-3, difference
        print(f"largest difference of the logits of {N_PROMPT} random tokens: {difference:.1e}")
        compare(f"prefill of {N_PROMPT} tokens", lambda: ours.forward(ids), lambda: theirs(tensor))

        cache, their_cache = Cache(ours.config.n_layers), transformers.DynamicCache()
        ours.forward(ids[:N_BEFORE], cache=cache)
        theirs(tensor[:, :N_BEFORE], past_key_values=their_cache)

        def write_ours():
            for i in range(N_NEW):
                ours.forward(ids[i : i + 1], cache=cache)

        def write_theirs():
            for i in range(N_NEW):
                theirs(tensor[:, i : i + 1], past_key_values=their_cache)

        compare(f"decode of {N_NEW} tokens with a cache", write_ours, write_theirs)


if __name__ == "__main__":
    main()
