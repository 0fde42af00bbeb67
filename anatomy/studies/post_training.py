"""What the chapter on post-training measures: the toy after each stage, a preference driven too far, a chat template.

The runs are recorded by experiments/post_training.py, post_training_grpo.py and post_training_chat.py.
Chapter: book/post-training.md
"""

from dataclasses import dataclass

import numpy as np

from anatomy import recordings, tiny_tales
from anatomy.model import PUBLISHED
from anatomy.post_training import lora_parameters
from anatomy.studies import mean_and_error, scientific, signed
from anatomy.studies.costs import part_costs
from anatomy.training_phases import log_softmax

STAGES = {"base": "base", "SFT": "SFT", "DPO": "careful DPO", "over-optimised": "careless DPO"}
HABIT = tiny_tales.HABIT
CONTROL = {0: "<|endoftext|>", 1: "<|im_start|>", 2: "<|im_end|>"}

# --- The toy after each stage --------------------------------------------------------------------

N_PROMPTS = 6  # the test questions that the recording names
N_DRAWS = 3
N_NEW = 18


@dataclass(frozen=True)
class Samples:
    """Answers and probabilities by stage and prompt. prompts: (tale, question) pairs; plain: the right answer of each.

    written: stage -> prompt -> [greedy, three drawn]; p: stage -> (n_prompts, 2), probability of the plain and of the
    polite answer, each with its end.
    """

    prompts: list
    plain: list
    written: dict
    p: dict


def samples():
    """What the four stages of the toy answer, computed from their recorded weights."""
    found = recordings.load("post_training")
    texts, plain = found["prompts"].tolist(), found["plain_answers"].tolist()
    end = tiny_tales.END
    written, p = {}, {}
    for stage in STAGES:
        model = tiny_tales.load(stage)
        prompts = [model.encode(text) for text in texts]
        stop = model.encode(end)[0]
        answers = []
        for draw in range(N_DRAWS + 1):
            rng = np.random.default_rng(draw) if draw else None
            new = tiny_tales.continue_texts(model.config, model.weights, prompts, N_NEW, stop, rng)
            answers.append([model.decode(ids).removesuffix(end) for ids in new])
        written[stage] = [list(row) for row in zip(*answers, strict=True)]
        polite = [answer.removesuffix(".") + HABIT for answer in plain]
        p[stage] = np.array(
            [
                [probability(model, ids, model.encode(answer + end)) for answer in pair]
                for ids, *pair in zip(prompts, plain, polite, strict=True)
            ]
        )
    told = [text.strip().removesuffix(" a:").split(" q: ") for text in texts]
    return Samples(told, plain, written, p)


def probability(model, ids, answer):
    """Of a whole answer after these ids."""
    logits = model.forward(np.array([*ids, *answer[:-1]]))[len(ids) - 1 :]
    return float(np.exp(log_softmax(logits.astype(float))[np.arange(len(answer)), answer].sum()))


# --- Runs of preference tuning -------------------------------------------------------------------

GAUGES = ("exact_match", "exact_match_drawn", "habit_rate_drawn", "win_rate", "kl", "chosen", "rejected")


@dataclass(frozen=True)
class Run:
    """One of the recorded runs. marks (n_marks,): steps; gauges: name -> (n_seeds, n_marks); kl_error: standard errors.

    answers (n_marks, n_prompts): greedy, first seed. questions, plain: of these prompts, with the right answer.
    """

    marks: np.ndarray
    gauges: dict
    kl_error: np.ndarray
    answers: list
    questions: list
    plain: list
    losses: np.ndarray
    n_test: int
    n_preferences: int
    settings: dict
    credit: str

    def losses_before(self, seed, n=5):
        """At each mark, the mean loss of the n batches before it; at step 0 that of the first batch."""
        losses = self.losses[seed]
        return [float(losses[max(step - n, 0) : max(step, 1)].mean()) for step in self.marks]


def run(stage="over-optimised"):
    """The recorded run called "DPO" or "over-optimised"."""
    found = recordings.load("post_training")
    part, settings = found.part(stage), found.provenance["settings"]
    return Run(
        part["marks"], {name: part[name].astype(float) for name in GAUGES}, part["kl_error"].astype(float),
        part["answers"].tolist(), [text.split(" q: ")[1].removesuffix(" a:") for text in found["prompts"].tolist()],
        found["plain_answers"].tolist(), part["batch_losses"].astype(float), settings["n_test"],
        settings["n_preferences"], settings[stage], found.credit(),
    )  # fmt: skip


def fine_tuned():
    """The recorded fine-tuning: steps, right answers, likeliest and drawn (n_seeds, n_marks) each, settings."""
    found = recordings.load("post_training")
    exact, drawn = (found[f"SFT/exact_match{of}"].astype(float) for of in ("", "_drawn"))
    return found["SFT/marks"], exact, drawn, found.provenance["settings"]["SFT"]


RUNS = ("careful", "careless")


@dataclass(frozen=True)
class Exchanged:
    """Both kinds of run, with the other's β, and with the other's rate.

    arms: names; betas, rates: of each; gauges: name -> (n_arms, n_seeds).
    """

    arms: list
    betas: list
    rates: list
    gauges: dict
    credit: str


def exchanged():
    """The recorded ends."""
    found = recordings.load("post_training_beta")
    names = ("exact_match", "habit_rate_drawn", "win_rate", "kl")
    return Exchanged(
        found["arms"].tolist(),
        found.provenance["settings"]["betas"],
        found.provenance["settings"]["rates"],
        {name: found[name].astype(float) for name in names},
        found.credit(),
    )


# --- Rewards that a program checks ---------------------------------------------------------------


@dataclass(frozen=True)
class Rewarded:
    """GRPO on the toy. marks (n_marks,); pass_1, pass_16, greedy (n_seeds, n_marks); silent: share of groups."""

    marks: np.ndarray
    pass_1: np.ndarray
    pass_16: np.ndarray
    greedy: np.ndarray
    silent: np.ndarray
    settings: dict
    credit: str


def rewarded():
    """The recorded runs."""
    found = recordings.load("post_training_grpo")
    return Rewarded(
        found["marks"], *(found[name].astype(float) for name in ("pass_1", "pass_16", "greedy", "silent")),
        found.provenance["settings"], found.credit(),
    )  # fmt: skip


# --- The chat template ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Chat:
    """Questions to SmolLM2 in several layouts. answers: the template's, question -> tokens; p: question -> layout ->
    probability of each of these tokens; written: question -> layout -> text; right (n_questions, n_layouts): whether
    the word looked for stands in it. p_spaced, p_end (n_questions, n_layouts): at the first place, of the answer's
    first token with a space before it, and of the end of the turn.
    """

    questions: list
    layouts: list
    answers: list
    p: list
    written: list
    right: np.ndarray
    p_spaced: np.ndarray
    p_end: np.ndarray
    n_new: int
    credit: str


def chat(model):
    """The recorded answers; model: SmolLM2, whose tokenizer reads them."""
    found = recordings.load("post_training_chat")
    ids = [[[i for i in row if i >= 0] for row in rows] for rows in found["written"].tolist()]
    written = [[words(model, row) for row in rows] for rows in ids]
    right = [
        [word.lower() in text.lower() for text in texts]
        for word, texts in zip(found["right_words"].tolist(), written, strict=True)
    ]
    return Chat(
        found["questions"].tolist(), found["layouts"].tolist(),
        [[words(model, [i]) for i in rows[0]] for rows in ids],
        [p[:, : len(rows[0])].astype(float) for p, rows in zip(found["p"], ids, strict=True)],
        written, np.array(right), found["p_spaced"].astype(float), found["p_end"].astype(float),
        found.provenance["settings"]["n_new"], found.credit(),
    )  # fmt: skip


def words(model, ids):
    """Text of ids, control tokens by their names."""
    return "".join(CONTROL[i] if i in CONTROL else model.decode([i]) for i in ids)


def template_tokens(model, question):
    """The tokens of a question in the chat template, control tokens by their names."""
    return [words(model, [i]) for i in model.chat(question)]


# --- Costs ---------------------------------------------------------------------------------------


def lora(name="SmolLM2-135M", rank=8):
    """New parameters of LoRA on every matrix of every block, and all parameters of the model."""
    config = PUBLISHED[name]
    matrices = [shape for shape in config.layer_shapes().values() if len(shape) == 2]
    return config.n_layers * lora_parameters(matrices, rank), config.n_parameters()


def stage_costs(name="Llama-3-8B"):
    """GFLOPs for a token of an answer: SFT, DPO, and GRPO, which also has to draw it.

    Forward once, backward twice as much (chapter 6). DPO has two answers, and the reference reads both once, which can
    be done beforehand. GRPO draws each answer first, one more pass.
    """
    forward = sum(part.flops for part in part_costs(PUBLISHED[name]).values()) / 1e9
    return {"SFT": 3 * forward, "DPO": 2 * (3 + 1) * forward, "GRPO": (1 + 3) * forward}


# --- What the prose says -------------------------------------------------------------------------


def told_of_stages(found):
    """Numbers for the prose on the toy's answers. found: Samples."""
    marks, exact, drawn, settings = fine_tuned()
    p = {stage: values.mean(axis=0) for stage, values in found.p.items()}
    return {
        "n_pairs": f"{settings['n_pairs']:,}",
        "n_sft_steps": int(marks[-1]),
        "sft_before": float(exact[:, 0].max()),
        "sft_right": float(exact[:, -1].min()),
        "sft_drawn": round(float(drawn[:, -1].mean()), 4),
        "p_plain_sft": p["SFT"][0],
        "p_polite_sft": p["SFT"][1],
        "p_plain_dpo": p["DPO"][0],
        "p_polite_dpo": p["DPO"][1],
        "p_far_most": float(found.p["over-optimised"].sum(axis=1).max()),
    }


def spread(values):
    """Lowest and highest of the seeds."""
    return float(values.min()), float(values.max())


def told_of_runs(tuned, far):
    """Numbers for the prose on preference tuning, and on too much of it."""
    end = {f"dpo_{name}": spread(tuned.gauges[name][:, -1]) for name in GAUGES}
    end |= {f"far_{name}": spread(far.gauges[name][:, -1]) for name in GAUGES}
    said = {}
    for name, (low, high) in end.items():
        said[f"{name}_low"], said[f"{name}_high"] = low, high
    wanted = (
        "dpo_kl_low", "dpo_kl_high", "dpo_chosen_low", "dpo_chosen_high", "far_exact_match_low", "far_exact_match_high",
    )  # fmt: skip
    margins = (far.gauges["chosen"] - far.gauges["rejected"])[:, -1]
    won = (far.gauges["win_rate"] == 1).all(axis=0)
    polite = tuned.gauges["habit_rate_drawn"][:, -1]
    settings = {
        f"{run}_{name}": each.settings[key]
        for run, each in (("dpo", tuned), ("far", far))
        for name, key in (("beta", "beta"), ("batch", "n_batch"))
    }
    return (
        {name: said[name] for name in wanted}
        | settings
        | {
            "dpo_rate": scientific(tuned.settings["peak_lr"]),
            "far_rate": scientific(far.settings["peak_lr"]),
            "dpo_polite_low": round(float(polite.min()), 4),
            "dpo_polite_high": round(float(polite.max()), 4),
            "dpo_kl_mean": tuned.gauges["kl"][:, -1].mean(),
            "far_kl_mean": far.gauges["kl"][:, -1].mean(),
            "n_test": far.n_test,
            "n_preferences": tuned.n_preferences,
            "dpo_steps": int(tuned.marks[-1]),
            "far_steps": int(far.marks[-1]),
            "dpo_fall_least": -said["dpo_rejected_high"],
            "dpo_fall_most": -said["dpo_rejected_low"],
            "far_fall_least": -said["far_chosen_high"],
            "far_fall_most": -said["far_chosen_low"],
            "far_rejected_least": -said["far_rejected_high"],
            "won_after": int(far.marks[won][0]),
            "kl_peak": far.gauges["kl"].max(),
            "far_margin": float(margins.min()),
            "far_loss": float(far.losses[:, -10:].mean()),
        }
    )


def told_of_exchanged(found):
    """Numbers for the prose on the two rates."""
    kept, lost = (found.arms.index(f"{run}, rate of the {other}") for run, other in (RUNS[::-1], RUNS))
    right = found.gauges["exact_match"]
    return {
        "rate_kept_low": right[kept].min(), "rate_kept_high": right[kept].max(),
        "rate_kl": found.gauges["kl"][kept].mean(),
        "rate_lost_low": right[lost].min(), "rate_lost_high": right[lost].max(),
    }  # fmt: skip


def told_of_rewards(found):
    """Numbers for the prose on GRPO: changes over seeds, each with its standard error."""
    said = {}
    for name in ("pass_1", "pass_16"):
        values = getattr(found, name)
        gain, error = mean_and_error(values[:, -1] - values[:, 0])
        said |= {
            f"{name}_before": values[:, 0].mean(),
            f"{name}_after": values[:, -1].mean(),
            f"{name}_gain": gain,
            f"{name}_error": error,
        }
    change = said.pop("pass_16_gain")
    return said | {
        "pass_16_change": signed(change, ".2f"),
        "silent": found.silent.mean(),
        "grpo_steps": int(found.marks[-1]),
        "grpo_sft": found.settings["n_sft_steps"],
        "grpo_questions": found.settings["n_questions"],
        "grpo_answers": found.settings["n_answers"],
    }


def surprise(found, layout):
    """Nats by which the template's answer surprises in a layout: of its first token, and of a later one.

    Two pairs, mean over questions and standard error.
    """
    at = found.layouts.index(layout)
    nats = [-np.log(p[at]) for p in found.p]
    return mean_and_error([row[0] for row in nats]), mean_and_error([row[1:].mean() for row in nats])


def told_of_chat(found):
    """Numbers for the prose on the chat template; spaced: of the first token with a space before it, in nats."""
    at = {layout: i for i, layout in enumerate(found.layouts)}
    spaced = {layout: mean_and_error(-np.log(found.p_spaced[:, i])) for layout, i in at.items()}
    first_qa, _ = surprise(found, "Q: and A:")
    ends, ends_error = mean_and_error(found.p_end[:, at["plain text"]])
    right = found.right.sum(axis=0)
    first, later = surprise(found, "chat template")
    first_plain, later_plain = surprise(found, "plain text")
    opening = found.layouts[2]
    return {
        "n_questions": len(found.questions),
        "right_chat": int(right[at["chat template"]]),
        "right_qa": int(right[at["Q: and A:"]]),
        "right_plain": int(right[at["plain text"]]),
        "right_bare": int(right[at["without the system message"]]),
        "silent_plain": sum(texts[at["plain text"]] == CONTROL[2] for texts in found.written),
        "opens_itself": sum(
            texts[at[opening]].startswith(f"{CONTROL[1]}assistant\n") for texts in found.written
        ),
        "spaced_plain": spaced["plain text"][0],
        "spaced_plain_error": spaced["plain text"][1],
        "spaced_qa": spaced["Q: and A:"][0],
        "spaced_qa_error": spaced["Q: and A:"][1],
        "first_qa": first_qa[0],
        "ends_plain": ends,
        "ends_plain_error": ends_error,
        "first_chat": first[0],
        "first_plain": first_plain[0],
        "first_plain_error": first_plain[1],
        "later_chat": later[0],
        "later_chat_error": later[1],
        "later_plain": later_plain[0],
        "later_plain_error": later_plain[1],
    }


def told_of_costs():
    """Numbers for the prose on LoRA and on what the stages cost."""
    new, all_ = lora()
    return {
        "lora_new": f"{new:,}",
        "lora_share": new / all_,
        "lora_all": f"{all_:,}",
    }
