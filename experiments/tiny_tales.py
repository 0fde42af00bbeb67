"""Train the toy language model; watch it learn to spell, then to copy; starve it of data.

Records tiny_tales.npz (three seeds, and four sizes of training data) and tiny_tales_model.npz (the
weights of the first seed, which many chapters use).
"""

import json

import numpy as np

from anatomy import tiny_tales
from anatomy.optimizers import warm_up_cosine
from anatomy.training_phases import Parameters, initial_arrays, mean_loss, train
from experiments.record import save

PROGRAM = "experiments/tiny_tales.py"
SEEDS = (0, 1, 2)
N_BATCH = 32
RUN = {"n_steps": 1000, "peak_lr": 2e-3, "n_warm_up": 20, "weight_decay": 0.05, "n_batch": N_BATCH}
MARKS = (*range(0, 200, 20), *range(200, 1001, 50))
SAMPLE_MARKS = (0, 25, 50, 75, 100, 150, 200, 300, 400, 600, 1000)
N_SAMPLES, SAMPLE_SEED = 64, 3

SIZES = (50, 200, 1000, 3000)
STARVED = {"n_steps": 400, "peak_lr": 4e-3, "n_warm_up": 20, "weight_decay": 0.05, "n_batch": N_BATCH}
STARVED_MARKS = tuple(range(0, 401, 20))

CAVEATS = [
    "The language is a grammar of a few dozen words; nothing about size or speed carries over to real text.",
    "Held-out tales that also occur among the training tales were left out, and the floor is computed on "
    "the tales that remain.",
    "The floor is what the grammar itself scores on these very tales; on so few of them a model may "
    "come out slightly below by chance.",
    "The runs on few tales use a higher learning rate than the main runs, chosen to show overfitting in "
    "400 steps.",
]


def materials():
    """The tokenizer, and the tales as it lays them out: (tokenizer, training, held out)."""
    tokenizer = tiny_tales.Tokenizer.learn(tiny_tales.training_tales())
    layouts = [
        tiny_tales.as_texts(tales, tokenizer)
        for tales in (tiny_tales.training_tales(), tiny_tales.held_out_tales())
    ]
    return tokenizer, *layouts


def fresh(tokenizer, seed):
    """An untrained toy."""
    config = tiny_tales.config(len(tokenizer.ranks))
    return Parameters(config, initial_arrays(config, np.random.default_rng(seed)))


def schedule(settings):
    return lambda step: warm_up_cosine(step, settings["n_steps"], settings["peak_lr"], settings["n_warm_up"])


def draw_samples(parameters, tokenizer):
    """Tales that the model tells, always from the same random numbers."""
    end = tokenizer.encode(tiny_tales.END)
    rng = np.random.default_rng(SAMPLE_SEED)
    drawn = tiny_tales.continue_texts(
        parameters.config, parameters.weights(), [end] * N_SAMPLES, 48, end[0], rng
    )
    return [tokenizer.decode(ids).removesuffix(tiny_tales.END) for ids in drawn]


def run(parameters, texts, held_out, settings, marks, seed, n_steps=None, at_mark=None):
    """Train; measure at the marks -> losses of batches, loss on training tales, loss on held-out tales."""
    seen = texts.pick(np.arange(min(len(texts), len(held_out))))
    curves = []

    def watch(step):
        if step in marks:
            curves.append((mean_loss(parameters, seen), mean_loss(parameters, held_out)))
        if at_mark:
            at_mark(step)

    losses = train(
        parameters,
        texts,
        schedule(settings),
        n_steps or settings["n_steps"],
        np.random.default_rng(seed),
        n_batch=settings["n_batch"],
        watch=watch,
    )
    return losses, *np.array(curves).T


def main():
    tokenizer, texts, held_out = materials()
    tales = tiny_tales.training_tales()
    arrays = {
        "floor": tiny_tales.floor(tiny_tales.held_out_tales(), tokenizer),
        "train_floor": tiny_tales.floor(tales[: len(held_out)], tokenizer),
        "entropy": tiny_tales.entropy(),
        "marks": np.array(MARKS, np.int32),
    }

    models, runs, samples = [], [], []
    for seed in SEEDS:
        parameters = fresh(tokenizer, seed)

        def sample(step, parameters=parameters, seed=seed):
            if seed == SEEDS[0] and step in SAMPLE_MARKS:
                samples.append(draw_samples(parameters, tokenizer))

        runs.append(run(parameters, texts, held_out, RUN, MARKS, seed, at_mark=sample))
        models.append(parameters)
    for name, values in zip(
        ("batch_losses", "train_losses", "held_out_losses"), zip(*runs, strict=True), strict=True
    ):
        arrays[name] = np.array(values, np.float32)
    arrays["sample_marks"] = np.array(SAMPLE_MARKS, np.int32)
    arrays["samples"] = np.array([texts[:6] for texts in samples])
    arrays["spelled"] = np.array([np.mean([*map(tiny_tales.spelled, t)]) for t in samples], np.float32)
    arrays["grammatical"] = np.array(
        [np.mean([tiny_tales.read_tale(text) is not None for text in t]) for t in samples], np.float32
    )

    starved = []
    for size in SIZES:
        few = texts.pick(np.arange(size))
        starved.append(run(fresh(tokenizer, 0), few, held_out, STARVED, STARVED_MARKS, 0))
    arrays["sizes"] = np.array(SIZES, np.int32)
    arrays["size_marks"] = np.array(STARVED_MARKS, np.int32)
    arrays["size_train_losses"] = np.array([s[1] for s in starved], np.float32)
    arrays["size_held_out_losses"] = np.array([s[2] for s in starved], np.float32)
    arrays["size_train_floors"] = np.array(
        [tiny_tales.floor(tales[: min(size, len(held_out))], tokenizer) for size in SIZES]
    )

    settings = {
        "main": RUN,
        "few_tales": STARVED,
        "n_train": tiny_tales.N_TRAIN,
        "n_held_out": len(held_out),
        "n_merges": tiny_tales.N_MERGES,
        "train_losses": "on the first 256 training tales, or all where fewer",
        "samples": f"{N_SAMPLES} per checkpoint at temperature 1, seed {SAMPLE_SEED}; six are kept",
    }
    half = {name: array.astype(np.float16) for name, array in models[0].arrays().items()}
    rounded = Parameters(models[0].config, {n: a.astype(np.float32) for n, a in half.items()})
    half["tokens"] = np.array(json.dumps([token.decode() for token in tokenizer.ranks]))
    half["held_out_loss"] = np.array(mean_loss(rounded, held_out))
    half["floor"] = np.array(arrays["floor"])
    save("tiny_tales_model", half, PROGRAM, SEEDS[:1], settings, CAVEATS[:1])
    save("tiny_tales", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
