"""Run the experiments, two at a time: python -m experiments [name …]"""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

# The order matters: those in NEEDS start from the model that tiny_tales trains.
PROGRAMS = [
    "tiny_tales",
    "grokking",
    "optimizer_table",
    "feed_forward_width",
    "post_training",
    "post_training_chat",
    "post_training_grpo",
    "post_training_beta",
    "feed_forward_network",
    "feed_forward_neurons",
    "logits_and_sampling",
    "neuron_activation",
    "backpropagation",
    "transformer_block",
    "qkv",
    "multi_head_attention",
    "rope",
    "optimizers",
    "muon",
    "training_phases",
    "kv_cache",
    "quantization",
]
NEEDS = {
    "post_training": "tiny_tales",
    "post_training_grpo": "tiny_tales",
    "post_training_beta": "post_training",
    "feed_forward_network": "tiny_tales",
    "backpropagation": "tiny_tales",
    "multi_head_attention": "tiny_tales",
}


def run(name, running):
    needed = running.get(NEEDS.get(name))
    if needed is not None:
        needed.result()  # raises if that program failed
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", f"experiments.{name}"], check=True)
    print(f"{name}: {time.perf_counter() - started:.0f} s")


def main(names):
    unknown = set(names) - set(PROGRAMS)
    if unknown:
        raise SystemExit(f"no experiment {', '.join(unknown)}; there are: {', '.join(PROGRAMS)}")
    started = time.perf_counter()
    running = {}
    with ThreadPoolExecutor(max_workers=2) as pool:
        for name in [name for name in PROGRAMS if not names or name in names]:
            running[name] = pool.submit(run, name, running)
    for future in running.values():
        future.result()
    print(f"all: {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
