"""Ask SmolLM2-Instruct the same questions in its chat template and out of it, token by token.

Records post_training_chat.npz: what it writes after each question in each layout, whether it stops, whether the right
word is in it, and the probability of every token of the template's answer in every layout. Two more for the first
place: of the answer's first token with a space before it, and of the end of the turn.
"""

import numpy as np

from anatomy import smollm2
from anatomy.training_phases import log_softmax
from experiments.record import save

PROGRAM = "experiments/post_training_chat.py"
SEEDS = (0,)  # named for the form only: nothing is drawn
N_NEW = 16  # tokens in which an answer must end
QUESTIONS = {  # question -> a word that a right answer holds
    "What is the capital of France?": "Paris",
    "What is the capital of Japan?": "Tokyo",
    "What is the capital of Italy?": "Rome",
    "What is the capital of Egypt?": "Cairo",
    "What color is the sky on a clear day?": "blue",
    "What color is grass?": "green",
    "How many days are in a week?": "7",
    "How many legs does a spider have?": "eight",
    "Who wrote Romeo and Juliet?": "Shakespeare",
    "Which planet is closest to the Sun?": "Mercury",
    "Which animal barks?": "dog",
    "What is the opposite of hot?": "cold",
    "What is the largest ocean on Earth?": "Pacific",
    "What do bees make?": "honey",
    "What is frozen water called?": "ice",
    "In which country is the Eiffel Tower?": "France",
}
LAYOUTS = (
    "chat template",
    "without the system message",
    "without the opening of the answer",
    "Q: and A:",
    "plain text",
)

CAVEATS = [
    "Sixteen easy questions chosen by us, greedy answers of at most sixteen tokens. An answer counts as right if the "
    "word looked for stands in it, so a count says little about how much the model knows.",
    "The model was trained with its template. Another model may depend on it less.",
]


def lay_out(model, question, layout):
    """The ids of a question in one of LAYOUTS."""
    control = model.tokenizer.control
    if layout == "chat template":
        return model.chat(question)
    if layout == "without the opening of the answer":
        return model.chat(question, answer=False)
    if layout == "without the system message":
        start, end = control["<|im_start|>"], control["<|im_end|>"]
        turn = [start, *model.encode(f"user\n{question}"), end, *model.encode("\n")]
        return [*turn, start, *model.encode("assistant\n")]
    return model.encode(f"Q: {question}\nA:" if layout == "Q: and A:" else question)


def distributions(model, ids, answer):
    """Probabilities of all tokens at each place of an answer, all those before it given: (len(answer), n_vocab)."""
    logits = model.forward(np.array([*ids, *answer[:-1]]))[len(ids) - 1 :]
    return np.exp(log_softmax(logits.astype(float)))


def spaced(model, answer):
    """The first token of an answer that is written with a space before it."""
    return model.encode(" " + model.decode(answer[:-1]))[0]


def ask(model, question, layout):
    """The ids written after a question in a layout, the end of the turn included."""
    stop = (model.tokenizer.control["<|im_end|>"],)
    return model.generate(lay_out(model, question, layout), N_NEW, stop=stop)


def main():
    model = smollm2.load()
    n = len(QUESTIONS), len(LAYOUTS)
    written, p = np.full((*n, N_NEW), -1, np.int32), np.zeros((*n, N_NEW), np.float32)
    p_spaced, p_end = np.zeros(n, np.float32), np.zeros(n, np.float32)
    for q, question in enumerate(QUESTIONS):
        for l, layout in enumerate(LAYOUTS):
            ids = ask(model, question, layout)
            written[q, l, : len(ids)] = ids
            if l == 0:
                answer = ids
            found = distributions(model, lay_out(model, question, layout), answer)
            p[q, l, : len(answer)] = found[np.arange(len(answer)), answer]
            p_spaced[q, l] = found[0, spaced(model, answer)]
            p_end[q, l] = found[0, model.tokenizer.control["<|im_end|>"]]
    arrays = {
        "questions": np.array(list(QUESTIONS)),
        "right_words": np.array(list(QUESTIONS.values())),
        "layouts": np.array(LAYOUTS),
        "written": written,
        "p": p,
        "p_spaced": p_spaced,
        "p_end": p_end,
    }
    save("post_training_chat", arrays, PROGRAM, SEEDS, {"n_new": N_NEW, "answers": "greedy"}, CAVEATS)


if __name__ == "__main__":
    main()
