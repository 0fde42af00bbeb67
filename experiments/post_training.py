"""Teach the toy to answer, then to answer politely, then drive the preference too far.

Starts from tiny_tales_model.npz. Records post_training.npz (three seeds of each stage, measured as they
go) and post_training_models.npz (the weights of the first seed after each stage).
"""

import numpy as np

from anatomy import tiny_tales
from anatomy.optimizers import warm_up_cosine
from anatomy.post_training import (
    align,
    all_log_probabilities,
    answer_texts,
    answers_kl,
    exact_match,
    habit_rate,
    preference_margins,
    win_rate,
)
from anatomy.training_phases import Parameters, adamw_pair, mean_loss, train
from experiments.record import save

PROGRAM = "experiments/post_training.py"
SEEDS = (0, 1, 2)
N_NEW = 18  # tokens in which an answer must end

SFT = {"n_pairs": 2000, "n_steps": 300, "peak_lr": 2e-3, "n_warm_up": 10, "final_share": 0.05, "n_batch": 32}
SFT_MARKS = (0, 25, 50, 100, 150, 200, 300)
DPO = {"beta": 0.5, "n_steps": 40, "peak_lr": 1e-4, "n_warm_up": 5, "final_share": 0.1, "n_batch": 32}
DPO_MARKS = (0, 5, 10, 15, 20, 25, 30, 40)
TOO_FAR = {"beta": 0.1, "n_steps": 100, "peak_lr": 5e-4, "n_warm_up": 5, "final_share": 1.0, "n_batch": 16}
TOO_FAR_MARKS = (0, 5, 10, 15, 20, 30, 40, 60, 80, 100)
N_PREFERENCES = 512
TALE_SEEDS = {"SFT": 111, "test": 222, "preferences": 333}
N_TEST = 200

CAVEATS = [
    "The task was adapted to what so small a model can learn: four kinds of question, answers of one to "
    "three words that stand in the tale. A fifth kind, which animal somebody was, was tried and left out: "
    "this model kept naming the wrong animal.",
    "In the fine-tuning data half of the answers are polite, at random, so that the preference has a "
    "habit to strengthen. Moving a habit from one half to always costs at least ln 2 = 0.69 nats of KL.",
    "The over-optimised run differs from the other in its learning rate, batch size, number of steps and "
    "beta together; Adam cancels the scale that beta gives the gradient, so do not blame beta alone.",
    "Whether pretraining was necessary for this task was not settled: do not conclude it from here.",
]


class Questions:
    """Questions about n tales: ids of prompts, ids and texts of plain and polite answers."""

    def __init__(self, tokenizer, n, seed, skip=()):
        rng = np.random.default_rng(seed)
        asked = []
        while len(asked) < n:
            tale = tiny_tales.draw_tale(rng)
            if tale.text not in skip:
                asked.append(tiny_tales.ask(tale, rng))
        self.texts = asked
        self.prompts, self.plain, self.polite = (
            [tokenizer.encode(text) for text in column] for column in zip(*asked, strict=True)
        )
        end = tokenizer.encode(tiny_tales.END)
        self.plain = [ids + end for ids in self.plain]
        self.polite = [ids + end for ids in self.polite]
        self.is_polite = rng.random(n) < 0.5

    def mixed(self):
        """Prompt and answer, polite for a random half."""
        answers = [
            polite if chosen else plain
            for plain, polite, chosen in zip(self.plain, self.polite, self.is_polite, strict=True)
        ]
        return answer_texts(self.prompts, answers)


class Bench:
    """Everything that stays the same over runs: tokenizer, data, measurements."""

    def __init__(self):
        base = tiny_tales.load("base")
        self.tokenizer, self.config = base.tokenizer, base.config
        self.end = self.tokenizer.encode(tiny_tales.END)[0]
        seen = {tale.text for tale in tiny_tales.training_tales()}
        self.sft = Questions(self.tokenizer, SFT["n_pairs"], TALE_SEEDS["SFT"])
        self.preferences = Questions(self.tokenizer, N_PREFERENCES, TALE_SEEDS["preferences"])
        for questions in (self.sft, self.preferences):
            seen |= {prompt.split(" q: ")[0].strip() for prompt, _, _ in questions.texts}
        self.test = Questions(self.tokenizer, N_TEST, TALE_SEEDS["test"], skip=seen)
        self.chosen = answer_texts(self.test.prompts, self.test.polite)
        self.rejected = answer_texts(self.test.prompts, self.test.plain)

    def base(self):
        """The pretrained toy, to be trained further."""
        return Parameters(self.config, tiny_tales.load_arrays("base"))

    def write(self, parameters, rng=None):
        """Answers to the test questions, as ids."""
        return tiny_tales.continue_texts(
            self.config, parameters.weights(), self.test.prompts, N_NEW, self.end, rng
        )

    def text(self, answers):
        return [self.tokenizer.decode(ids).removesuffix(tiny_tales.END) for ids in answers]

    def measure(self, parameters, reference=None, at_start=None):
        """How good the answers are, and against a reference where the model stands -> (row, answers)."""
        accepted = [set(texts[1:]) for texts in self.test.texts]
        greedy = self.text(self.write(parameters))
        drawn_ids = self.write(parameters, np.random.default_rng(1))
        drawn = self.text(drawn_ids)
        row = {
            "exact_match": exact_match(greedy, accepted),
            "exact_match_drawn": exact_match(drawn, accepted),
            "habit_rate_drawn": habit_rate(drawn, tiny_tales.HABIT),
        }
        if reference is not None:
            now = self.log_probabilities(parameters)
            kl, error = answers_kl(parameters, reference, self.test.prompts, drawn_ids)
            row |= {
                "win_rate": win_rate(preference_margins(*now, *at_start)),
                "chosen": float((now[0] - at_start[0]).mean()),
                "rejected": float((now[1] - at_start[1]).mean()),
                "kl": kl,
                "kl_error": error,
            }
        return row, greedy[:6]

    def log_probabilities(self, parameters):
        """Of the polite and of the plain answers to the test questions."""
        return [all_log_probabilities(parameters, texts) for texts in (self.chosen, self.rejected)]


def schedule(settings):
    return lambda step: warm_up_cosine(
        step, settings["n_steps"], settings["peak_lr"], settings["n_warm_up"], settings["final_share"]
    )


def copy(parameters):
    """The same weights, to be trained apart."""
    return Parameters(parameters.config, parameters.arrays())


def fine_tune(bench, seed, n_steps=None, marks=SFT_MARKS):
    """SFT from the base model -> (parameters, batch losses, measurements, sampled answers)."""
    parameters, rows, written = bench.base(), [], []
    held_out = bench.test.mixed()

    def watch(step):
        if step in marks:
            row, answers = bench.measure(parameters)
            rows.append({"loss": mean_loss(parameters, held_out), **row})
            written.append(answers)

    losses = train(
        parameters,
        bench.sft.mixed(),
        schedule(SFT),
        n_steps or SFT["n_steps"],
        np.random.default_rng(seed),
        n_batch=SFT["n_batch"],
        optimizers=adamw_pair(weight_decay=0.0),
        watch=watch,
    )
    return parameters, losses, rows, written


def prefer(bench, start, settings, marks, seed, n_steps=None):
    """DPO from `start` -> (parameters, batch losses, measurements, sampled answers)."""
    parameters, reference, rows, written = copy(start), copy(start), [], []
    at_start = bench.log_probabilities(reference)

    def watch(step):
        if step in marks:
            row, answers = bench.measure(parameters, reference, at_start)
            rows.append(row)
            written.append(answers)

    pairs = bench.preferences
    losses = align(
        parameters,
        answer_texts(pairs.prompts, pairs.polite),
        answer_texts(pairs.prompts, pairs.plain),
        settings["beta"],
        schedule(settings),
        n_steps or settings["n_steps"],
        np.random.default_rng(seed),
        n_batch=settings["n_batch"],
        watch=watch,
    )
    return parameters, losses, rows, written


def main():
    bench = Bench()
    runs = {"SFT": [], "DPO": [], "over-optimised": []}
    for seed in SEEDS:
        runs["SFT"].append(fine_tune(bench, seed))
        tuned = runs["SFT"][-1][0]
        runs["DPO"].append(prefer(bench, tuned, DPO, DPO_MARKS, seed))
        runs["over-optimised"].append(prefer(bench, tuned, TOO_FAR, TOO_FAR_MARKS, seed))

    arrays, models = {}, {}
    marks = {"SFT": SFT_MARKS, "DPO": DPO_MARKS, "over-optimised": TOO_FAR_MARKS}
    for stage, stage_runs in runs.items():
        arrays[f"{stage}/marks"] = np.array(marks[stage], np.int32)
        arrays[f"{stage}/batch_losses"] = np.array([losses for _, losses, _, _ in stage_runs], np.float32)
        for key in stage_runs[0][2][0]:
            values = [[row[key] for row in rows] for _, _, rows, _ in stage_runs]
            arrays[f"{stage}/{key}"] = np.array(values, np.float32)
        arrays[f"{stage}/answers"] = np.array(stage_runs[0][3])
        for name, array in stage_runs[0][0].arrays().items():
            models[f"{stage}/{name}"] = array.astype(np.float16)
    arrays["prompts"] = np.array([prompt for prompt, _, _ in bench.test.texts[:6]])
    arrays["plain_answers"] = np.array([plain for _, plain, _ in bench.test.texts[:6]])

    settings = {
        "SFT": SFT,
        "DPO": DPO,
        "over-optimised": TOO_FAR,
        "n_preferences": N_PREFERENCES,
        "n_test": N_TEST,
        "tale_seeds": TALE_SEEDS,
        "answers": "greedy, to the first six test questions, first seed",
    }
    save("post_training_models", models, PROGRAM, SEEDS[:1], settings, CAVEATS)
    save("post_training", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
