"""Stop fine-tuning early, then let the toy answer by itself and raise the answers that a program finds right (GRPO).

Records post_training_grpo.npz: pass@1, pass@16 and greedy exact match on unseen questions as three runs go, and how
many groups of answers had anything to say.
"""

import numpy as np

from anatomy import tiny_tales
from anatomy.optimizers import warm_up_cosine
from anatomy.post_training import (
    answer_log_probabilities,
    answer_texts,
    exact_match,
    group_advantages,
    pass_at,
    reward_loss,
)
from anatomy.training_phases import Trainer, adamw_pair
from experiments.post_training import N_NEW, Bench, fine_tune
from experiments.record import save

PROGRAM = "experiments/post_training_grpo.py"
SEEDS = (0, 1, 2)
SFT_STEPS = 60  # of the 300 that the other recording takes: enough to answer, not to be right
GRPO = {"n_steps": 80, "n_questions": 8, "n_answers": 8, "peak_lr": 3e-4, "n_warm_up": 5}
MARKS = (0, 20, 40, 60, 80)
N_DRAWS = 16  # answers to each test question, for pass@1 and pass@16

CAVEATS = [
    "Fine-tuning was stopped after 60 steps so that there is something left to learn. Continued to 300 steps it gets "
    "every greedy answer right: nobody would use GRPO for this task.",
    "One update for each batch of answers, no KL term, log-probabilities of whole answers, which are not divided by "
    "their length.",
    "The reward is 1 where the answer, plain or polite, equals one of the two right ones letter by letter, else 0.",
]


def right_answers(bench, parameters, questions, rows, n_answers, rng):
    """Draw answers -> (ids, n_answers a question, whether right (n_questions, n_answers))."""
    prompts = [questions.prompts[row] for row in rows for _ in range(n_answers)]
    drawn = tiny_tales.continue_texts(bench.config, parameters.weights(), prompts, N_NEW, bench.end, rng)
    accepted = [set(questions.texts[row][1:]) for row in rows for _ in range(n_answers)]
    right = [text in good for text, good in zip(bench.text(drawn), accepted, strict=True)]
    return prompts, drawn, np.array(right).reshape(len(rows), n_answers)


def measure(bench, parameters):
    """pass@1, pass@N_DRAWS, greedy exact match on the test questions."""
    rows = range(len(bench.test.prompts))
    *_, right = right_answers(bench, parameters, bench.test, rows, N_DRAWS, np.random.default_rng(1))
    greedy = exact_match(bench.text(bench.write(parameters)), [set(texts[1:]) for texts in bench.test.texts])
    return [*pass_at(right), greedy]


def reinforce(bench, parameters, seed, n_steps=GRPO["n_steps"], marks=MARKS):
    """GRPO from parameters, in place -> (measurements, mean reward of each step, share of silent groups)."""
    rng, trainer = np.random.default_rng(seed), Trainer(parameters, adamw_pair(weight_decay=0.0))
    rows, rewards, silent = [], [], []
    for step in range(n_steps):
        if step in marks:
            rows.append(measure(bench, parameters))
        asked = rng.integers(0, len(bench.preferences.prompts), GRPO["n_questions"])
        prompts, drawn, right = right_answers(
            bench, parameters, bench.preferences, asked, GRPO["n_answers"], rng
        )
        advantages = group_advantages(right)
        rewards.append(right.mean())
        silent.append((advantages == 0).all(axis=1).mean())
        if advantages.any():
            log_p = answer_log_probabilities(parameters, answer_texts(prompts, drawn))
            rate = warm_up_cosine(step, GRPO["n_steps"], GRPO["peak_lr"], GRPO["n_warm_up"], 1.0)
            trainer.step(reward_loss(log_p, advantages.ravel()), rate)
    if n_steps in marks:
        rows.append(measure(bench, parameters))
    return rows, rewards, silent


def main():
    bench = Bench()
    runs = []
    for seed in SEEDS:
        parameters, *_ = fine_tune(bench, seed, n_steps=SFT_STEPS, marks=())
        runs.append(reinforce(bench, parameters, seed))
    measured = np.array([rows for rows, _, _ in runs], np.float32)
    arrays = {name: measured[:, :, i] for i, name in enumerate(("pass_1", "pass_16", "greedy"))}
    arrays |= {
        "marks": np.array(MARKS, np.int32),
        "rewards": np.array([rewards for _, rewards, _ in runs], np.float32),
        "silent": np.array([silent for _, _, silent in runs], np.float32),
    }
    settings = GRPO | {"n_sft_steps": SFT_STEPS, "n_draws": N_DRAWS, "n_test": len(bench.test.prompts)}
    save("post_training_grpo", arrays, PROGRAM, SEEDS, settings, CAVEATS)


if __name__ == "__main__":
    main()
