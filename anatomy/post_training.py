"""Post-training: from continuing a text to answering, as people prefer it.

Supervised fine-tuning (SFT) is the training of the last chapter with one
change: only the answer's tokens count. Direct preference optimisation (DPO)
takes pairs of answers, and raises the probability of one against the other,
measured from where a frozen reference model stands.

Group relative policy optimisation (GRPO) has the model draw answers itself,
and raises those that a program finds right.

Leaves out reward models, value models, and PPO's clipping.
Chapter: book/post-training.md
Source: Ouyang et al. 2022 (arXiv:2203.02155); Rafailov et al. 2023
(arXiv:2305.18290); Shao et al. 2024 (arXiv:2402.03300).
"""

import numpy as np

from anatomy import backpropagation as bp
from anatomy.checks import finite, in_range, whole
from anatomy.training_phases import Trainer, adamw_pair, decoder, rectangle

# --- Supervised fine-tuning ---


def answer_texts(prompts, answers):
    """Lay prompts and answers out for training, to count the answers alone.

    prompts, answers: lists of lists of ids, pairwise. Raises ValueError where
    one is empty.

    >>> answer_texts([[5, 6, 7]], [[8, 9]]).counts.tolist()    # predicting 6 and 7 does not count
    [[0.0, 0.0, 1.0, 1.0]]
    """
    joined = [list(p) + list(a) for p, a in zip(prompts, answers, strict=True)]
    return rectangle(joined, n_skipped=[len(prompt) for prompt in prompts])


# --- Preferences ---


def log_probabilities(logits, targets):
    """log p of each target: logits (n, n_vocab), targets (n,) -> Tensor (n,).

    Raises ValueError on targets as backpropagation.cross_entropy does. Each
    row's derivative: one-hot target minus probabilities.
    """
    targets = bp.checked_targets(logits, targets)
    n = np.arange(len(targets))
    z = logits.data - logits.data.max(-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))

    def rule(g):
        result = np.exp(log_p) * -g[:, None]
        result[n, targets] += g
        return (result,)

    return bp.Tensor(log_p[n, targets], "log_probabilities", (logits,), rule)


def answer_log_probabilities(parameters, texts):
    """log p of each whole answer, the sum over its tokens -> Tensor (n_texts,)."""
    each = log_probabilities(decoder(parameters, texts.inputs), texts.targets.ravel())
    return (each.reshape(*texts.counts.shape) * texts.counts).sum(axis=1)


def preference_margins(chosen, rejected, reference_chosen, reference_rejected):
    """How much more than its reference the model prefers the chosen, in nats.

    All four (n,): log-probabilities of whole answers. β times this is the
    difference between the two answers' implicit rewards, reward =
    β · (log p - log p_reference).

    >>> preference_margins([-1.0], [-4.0], [-2.0], [-3.0]).tolist()
    [2.0]
    """
    names = ("chosen", "rejected", "reference_chosen", "reference_rejected")
    arrays = [
        finite(name, array, ndim=1)
        for name, array in zip(names, (chosen, rejected, reference_chosen, reference_rejected), strict=True)
    ]
    if len({array.shape for array in arrays}) > 1:
        raise ValueError(f"the four must have one shape, got {[array.shape for array in arrays]}")
    chosen, rejected, reference_chosen, reference_rejected = arrays
    return (chosen - reference_chosen) - (rejected - reference_rejected)


def dpo_loss(chosen, rejected, reference_chosen, reference_rejected, beta):
    """Mean of -log sigmoid(β · margin), as a Tensor.

    chosen, rejected: Tensors (n,); reference_chosen, reference_rejected: arrays.

    The derivative with respect to log p of a chosen answer is -β · sigmoid(-β ·
    margin) / n, and the opposite for the rejected one: pairs that are already
    far apart hardly pull.
    Raises ValueError where beta is not positive or shapes disagree. Source:
    Rafailov et al., eq. 7.

    >>> chosen, rejected = bp.Tensor([-1.0]), bp.Tensor([-1.0])
    >>> loss = dpo_loss(chosen, rejected, [-1.0], [-1.0], beta=0.5)
    >>> loss.backward()
    >>> round(loss.data.item(), 4), chosen.gradient.tolist(), rejected.gradient.tolist()
    (0.6931, [-0.25], [0.25])
    """
    in_range("beta", beta, 0, np.inf, open_low=True, open_high=True)
    now = chosen.data, rejected.data
    margins = preference_margins(*now, reference_chosen, reference_rejected)
    losses = np.logaddexp(0, -beta * margins)  # -log sigmoid, without overflow
    doubt = 0.5 * (1 - np.tanh(0.5 * beta * margins))  # sigmoid(-β · margin)

    def rule(g):
        pull = (g * beta * doubt / len(margins)).astype(chosen.data.dtype)
        return -pull, pull

    mean = np.asarray(losses.mean())
    return bp.Tensor(mean, "dpo_loss", (chosen, rejected), rule)


def align(parameters, chosen, rejected, beta, schedule, n_steps, rng, n_batch=32, watch=None):
    """Train by DPO on pairs; the parameters as they are now are the reference.

    chosen, rejected: Texts, row by row the two answers to one prompt. Returns
    the loss of every batch.
    watch: as in training_phases.train. No weight decay: it would pull away from
    the reference. Raises ValueError where the two are not as many.
    """
    if len(chosen) != len(rejected):
        raise ValueError(
            f"chosen and rejected must pair up row by row, got {len(chosen)} and {len(rejected)}"
        )
    reference = [all_log_probabilities(parameters, texts) for texts in (chosen, rejected)]
    trainer = Trainer(parameters, adamw_pair(weight_decay=0.0))
    losses = np.empty(whole("n_steps", n_steps, at_least=1))
    for step in range(n_steps):
        if watch:
            watch(step)
        rows = rng.integers(0, len(chosen), whole("n_batch", n_batch, at_least=1))
        loss = dpo_loss(
            answer_log_probabilities(parameters, chosen.pick(rows)),
            answer_log_probabilities(parameters, rejected.pick(rows)),
            reference[0][rows],
            reference[1][rows],
            beta,
        )
        losses[step] = loss.data
        trainer.step(loss, schedule(step))
    if watch:
        watch(n_steps)
    return losses


def all_log_probabilities(parameters, texts, n_batch=64):
    """answer_log_probabilities of every text, as an array (n_texts,)."""
    parts = [
        answer_log_probabilities(parameters, texts.pick(np.arange(first, min(first + n_batch, len(texts)))))
        for first in range(0, len(texts), n_batch)
    ]
    return np.concatenate([part.data for part in parts])


# --- Rewards that a program can check ---


def group_advantages(rewards):
    """How much better each answer is than the others to its question.

    rewards (n_questions, n_answers) -> the same shape: distance from the
    question's mean, in standard deviations. A group whose rewards are all equal
    has nothing to say: zeros. Source: Shao et al. 2024, section 4.1.

    >>> group_advantages([[1, 0, 0, 1], [1, 1, 1, 1]]).tolist()
    [[1.0, -1.0, -1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    """
    rewards = finite("rewards", rewards, ndim=2).astype(float)
    distance = rewards - rewards.mean(axis=1, keepdims=True)
    spread = rewards.std(axis=1, keepdims=True)
    return distance / np.where(spread > 0, spread, 1.0)


def reward_loss(log_p, advantages):
    """Minus the mean of advantage · log p, as a Tensor.

    log_p: Tensor (n,), of answers that the model itself drew; advantages (n,).
    The derivative is GRPO's (and PPO's) for the first step after drawing:
    there the ratio of new to old probability is 1, and nothing is clipped.
    Raises ValueError where the shapes disagree.

    >>> log_p = bp.Tensor([-1.0, -2.0])
    >>> reward_loss(log_p, [1.0, -1.0]).backward()
    >>> log_p.gradient.tolist()
    [-0.5, 0.5]
    """
    advantages = finite("advantages", advantages, ndim=1)
    if advantages.shape != log_p.data.shape:
        raise ValueError(
            f"advantages must have the shape of log_p, {log_p.data.shape}, got {advantages.shape}"
        )
    return (log_p * (advantages / -len(advantages)).astype(log_p.data.dtype)).sum()


def pass_at(right):
    """Mean share of right answers, and share of questions with at least one.

    right (n_questions, n_answers): whether each drawn answer is right. The
    first is pass@1, the second pass@n_answers.

    >>> pass_at([[True, False], [False, False]])
    (0.25, 0.5)
    """
    right = finite("right", right, ndim=2)
    return float(right.mean()), float((right > 0).any(axis=1).mean())


# --- Few new parameters ---


def lora_parameters(shapes, rank):
    """Parameters of two thin matrices beside each matrix: Σ rank · (d_in + d_out).

    shapes: (d_in, d_out) of the matrices that get them. Source: Hu et al. 2021.

    >>> lora_parameters([(576, 576), (576, 192)], rank=8)
    15360
    """
    whole("rank", rank, at_least=1)
    return sum(rank * (d_in + d_out) for d_in, d_out in shapes)


# --- What came of it ---


def exact_match(written, accepted):
    """Share of answers that are among those accepted for their question.

    written: strings. accepted: a collection of strings for each. Raises
    ValueError on none.

    >>> exact_match([" the cave.", " a fox."], [{" the cave."}, {" a hare."}])
    0.5
    """
    if not written:
        raise ValueError("written must hold at least one answer")
    return sum(w in good for w, good in zip(written, accepted, strict=True)) / len(written)


def habit_rate(written, habit):
    """Share of answers that end in the habit.

    >>> habit_rate([" a fox, my friend.", " a fox."], ", my friend.")
    0.5
    """
    if not written:
        raise ValueError("written must hold at least one answer")
    return sum(w.endswith(habit) for w in written) / len(written)


def win_rate(margins):
    """Share of pairs that the model orders as preferred; half a win for a tie.

    >>> win_rate([2.0, -1.0, 0.0, 1.0])
    0.625
    """
    margins = finite("margins", margins)
    return float((margins > 0).mean() + 0.5 * (margins == 0).mean())


def kl_to_reference(log_p, log_p_reference):
    """How far the model has moved, in nats per answer, and the standard error.

    Both (n,): log-probabilities, under the model and under its reference, of
    answers that *the model* drew. Their mean difference estimates KL(model ‖
    reference).

    >>> kl_to_reference([-1.0, -2.0], [-2.0, -2.0])
    (0.5, 0.5)
    """
    log_p, log_p_reference = (
        finite("log_p", log_p, ndim=1),
        finite("log_p_reference", log_p_reference, ndim=1),
    )
    if log_p.shape != log_p_reference.shape or len(log_p) < 2:
        raise ValueError(
            f"log_p and log_p_reference must be two or more pairs, got {log_p.shape}, {log_p_reference.shape}"
        )
    difference = (log_p - log_p_reference).astype(float)
    return float(difference.mean()), float(difference.std(ddof=1) / len(difference) ** 0.5)


def answers_kl(parameters, reference, prompts, answers):
    """kl_to_reference, from answers that the model drew to these prompts."""
    texts = answer_texts(prompts, answers)
    return kl_to_reference(all_log_probabilities(parameters, texts), all_log_probabilities(reference, texts))
