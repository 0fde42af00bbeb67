"""Figures of the chapter on post-training. Chapter: book/post-training.md"""

import numpy as np
from bokeh.layouts import column
from bokeh.models import Div

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.parts import fixed, visible
from anatomy.figures.theme import ink, wash
from anatomy.figures.view import View
from anatomy.post_training import group_advantages
from anatomy.studies import post_training as study

# --- A preference driven too far -----------------------------------------------------------------


def gauges_and_way(view):
    """Bars of what is measured at one mark, and the way from the start over all marks."""
    p = parts.bars(
        view,
        "bars",
        ["win rate", "polite, drawn", "right, likeliest"],
        "prob",
        high=1,
        room=1.24,
        height=148,
        mono=False,
    )
    parts.title(view, "said", p)
    p.title.text = " \n "
    q = parts.plot(188, "steps of DPO", "nats", x=(-3, 103), y=(0, 27))
    parts.title(view, "far", q)
    q.title.text = " \n "
    parts.ticks(q.yaxis, [0, 10, 20])
    q.multi_line(
        "xs", "ys", source=view.source("lines", xs=[], ys=[]), line_color=ink("grey"), line_width=0.8
    )
    most = float(np.log(2))
    q.line([-3, 103], [most, most], line_color=ink("muted"), line_dash="dashed")
    parts.curve(view, "first", q, "stream", width=2.5)
    parts.rule(view, "here", q)
    parts.dots(view, "dot", q, "stream")
    return column(p, q, sizing_mode="stretch_width")


def too_far_rows(found):
    """Seed 0 mark by mark: rows of the figure's data."""
    gauges, losses = found.gauges, found.losses_before(0)
    return [
        [
            step, f"{losses[i]:.3f}", f"{gauges['win_rate'][0, i]:.2f}",
            f"{gauges['habit_rate_drawn'][0, i]:.2f}",
            f"{gauges['exact_match'][0, i]:.2f}", f"{gauges['kl'][0, i]:.1f} ± {found.kl_error[0, i]:.1f}",
            found.answers[i][1].strip(), found.answers[i][4].strip(),
        ]
        for i, step in enumerate(found.marks.tolist())
    ]  # fmt: skip


def too_far(found, first=6):
    """The over-optimised run by steps: what the judge says, how far the model is, what it writes. found: a Run."""
    gauges, steps = found.gauges, found.marks.tolist()
    kl, n, losses = gauges["kl"], len(found.marks), found.losses_before(0)
    view = View(
        "post_training_too_far", digits=5, marks=steps, win=gauges["win_rate"], habit=gauges["habit_rate_drawn"],
        right=gauges["exact_match"], kl=kl.round(3), answers=[[text.strip() for text in row] for row in found.answers],
        plain=[text.strip() for text in found.plain], loss=losses,
    )  # fmt: skip
    table = parts.ledger(
        view,
        "text",
        ["right would be", "it writes", "right?"],
        [0, 0.33, 1],
        len(found.plain),
        aligns=["left", "left", "right"],
    )
    conclusion = (
        "The win rate is 1.00 from the second mark on, and nothing in it tells the first good model from the ruin at "
        "the end. How many answers are right you know only if you know the right ones. KL needs no right answers, and "
        "it rises past the dashed line while most answers are still right. Thick: this run. Thin: all three seeds. "
        "The six questions are those of the menu in the figure before, in its order."
    )
    view.control(mark=parts.slider("Steps, one mark at a time", 0, n - 1, first, show_value=False))
    return Figure(
        parts.side_by_side(gauges_and_way(view), table),
        view=view,
        name="post-training-too-far",
        alt=f"After {steps[first]} steps of careless DPO: the win rate is "
        f"{gauges['win_rate'][0, first]:.2f}, but only {gauges['exact_match'][0, first]:.0%} of the answers are right, "
        f"and beside it stand answers such as {found.answers[first][1].strip()!r} where {found.plain[1].strip()!r} "
        f"would be right. KL to the start has grown to {kl[0, first]:.1f} nats.",
        caption="Slide from the start to the end of the run. " + conclusion,
        print_caption=conclusion,
        print_states={f"after {steps[i]} steps": {"mark": i} for i in (first, n - 1)},
        data=Table(
            ["step", "loss", "win rate", "polite", "right", "KL", found.questions[1], found.questions[4]],
            too_far_rows(found),
        ),
        provenance="trained",
        source=f"{found.credit} Win rate, KL and right answers over {found.n_test} unseen questions, polite among "
        "drawn answers, right among the likeliest; loss over the last five batches. Seed 0.",
    )  # fmt: skip


# --- Four stages of the toy ----------------------------------------------------------------------


def written_texts(view, names):
    """What each stage writes, under its name."""
    n = len(names)
    p = parts.plot(62 + 46 * n, grid=None, x=(0, 1), y=(-n + 0.45, 0.5))
    p.axis.visible = False
    p.frame_align = False
    p.min_border_left = 12
    parts.title(view, "said", p)
    p.title.text = " \n "
    for i, name in enumerate(names):
        parts.label(p, 0, -i + 0.2, name, "muted")
    p.text(
        "x", "y", "text", source=view.source("texts", "text", x=[0] * n, y=[-i - 0.2 for i in range(n)]),
        text_baseline="middle", text_color=ink("ink"),
    )  # fmt: skip
    return p


def answer_shares(view, names):
    """The probability of the two right answers after each stage."""
    n = len(names)
    q = parts.plot(88 + 28 * n, "probability", grid="x", x=(0, 1.5), y=(-n + 0.4, 0.6))
    parts.title(view, "shares", q)
    q.title.text = " \n "
    parts.ticks(q.xaxis, [0, 0.5, 1])
    rows = [-i for i in range(n)]
    parts.ticks(q.yaxis, rows, names)
    q.yaxis.major_tick_line_color = None
    q.hbar("y", 0.6, 1, 0, source=view.source("frames", y=rows), fill_color=None, line_color=ink("rule"))
    for part, fill, columns in (
        ("plain", wash("prob"), {"left": [0] * n}),
        ("polite", ink("prob"), {}),
    ):
        empty = [key for key in ("left", "right") if key not in columns]
        source = view.source(part, *empty, y=rows, **columns)
        q.hbar("y", 0.6, "right", "left", source=source, fill_color=fill, line_color=ink("prob"))
    q.text(
        "x", "y", "text", source=view.source("numbers", "text", x=[1.03] * n, y=rows), text_baseline="middle",
        text_color=ink("ink"),
    )  # fmt: skip
    return q


def stages(found, first=4):
    """What the toy answers after each stage, and where its probability is. found: the study's Samples."""
    names = list(study.STAGES.values())
    view = View(
        "post_training_stages", digits=3, stages=names, written=list(found.written.values()),
        p=list(found.p.values()), right=found.plain, tales=[tale for tale, _ in found.prompts],
    )  # fmt: skip
    told = view.part("told", Div(text="", styles={"font": "italic 15px/1.35 serif"}))
    p, q = written_texts(view, names), answer_shares(view, names)
    asked = [question for _, question in found.prompts]
    view.control(prompt=parts.choice("After a tale", asked, first))
    draws = ["the likeliest", *(f"drawn, {i}" for i in range(1, study.N_DRAWS + 1))]
    view.control(draw=parts.choice("Tokens", draws))
    question = asked[first]
    p_sft, p_far = found.p["SFT"][first], found.p["over-optimised"][first]
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        controls=[told, parts.side_by_side(*view.controls.values(), least=140)],
        name="post-training-stages",
        alt=f"Four answers to {question!r}. The base model: {found.written['base'][first][0].strip()!r}. After SFT: "
        f"{found.written['SFT'][first][0].strip()!r}. After careful DPO: {found.written['DPO'][first][0].strip()!r}. "
        f"After careless DPO: {found.written['over-optimised'][first][0].strip()!r}. Bars: after SFT the two right "
        f"answers have {p_sft[0]:.2f} and {p_sft[1]:.2f} of the probability, after careless DPO {p_far[0]:.2f} and "
        f"{p_far[1]:.2f}.",
        caption="The base model goes on talking and gives the right answers next to no "
        "probability. SFT shares nearly all of it between the plain and the polite answer, DPO moves it to the polite "
        "one. After careless DPO it is with neither. *Tokens* changes what is written; the bars do not depend on it.",
        print_states={
            "likeliest tokens": {},
            "another question, a draw": {"prompt": 1, "draw": 1},
        },
        data=Table(
            ["tale", "question", *names],
            [
                [tale, asked_, *(found.written[stage][i][0].strip() for stage in study.STAGES)]
                for i, (tale, asked_) in enumerate(found.prompts)
            ],
        ),
        provenance="trained",
        source="Answers computed while this page was built, from the weights that experiments/post_training.py "
        "recorded, seed 0.",
    )


# --- The pull of a pair --------------------------------------------------------------------------

MOST = 5.0
ENDS = (
    (0, "careful runs", "left", 5, 0.9),
    (1, "careless runs", "right", -5, 0.7),
)  # where they end, and how to say it


def pull(tuned, far, margin=3):
    """DPO's loss of one pair and how hard it pulls, by margin and β. tuned, far: the study's runs."""
    betas = [each.settings["beta"] for each in (tuned, far)]
    beta = betas[0]
    ends = [float((each.gauges["chosen"] - each.gauges["rejected"])[:, -1].mean()) for each in (tuned, far)]
    grid = np.arange(-10, 51, 0.5)
    view = View("post_training_pull", digits=5, grid=grid, most=MOST)
    p = parts.plot(220, "margin, nats", x=(-11, 51.5), y=(0, MOST))
    q = parts.plot(220, "margin, nats", x=(-11, 51.5), y=(0, 1.04))
    for plot, name, words, parts_ in (
        (p, "loss", "said", ("here", "dots")),
        (q, "pull", "strength", ("rule", "pulls")),
    ):
        parts.curve(view, name, plot, "loss", width=2.5)
        parts.rule(view, parts_[0], plot)
        parts.dots(view, parts_[1], plot, "loss")
        parts.title(view, words, plot)
        plot.title.text = " \n "
        plot.line([0, 0], [0, MOST], line_color=ink("muted"), line_dash="dashed")
        for end, words_, align, shift, high in ENDS:
            top = high * plot.y_range.end
            plot.line([ends[end]] * 2, [0, top], line_color=ink("muted"), line_dash="dotted")
            parts.label(plot, ends[end], top, f"{words_}, β {betas[end]}", "muted", (shift, 0), align)
    view.control(margin=parts.slider("Margin, nats", -10, 50, margin))
    view.control(beta=parts.slider("β", 0.05, 1, 0.5, 0.05))
    return Figure(
        parts.side_by_side(p, q),
        view=view,
        controls=[parts.side_by_side(*view.controls.values(), least=140)],
        name="post-training-pull",
        alt=f"Two falling curves over the margin, for β = {beta}. The loss falls towards zero, and so does the pull; "
        f"at a margin of {margin} nats, where the pair is long won, both are still above zero.",
        caption="A pair is won as soon as its margin is right of the dashed line. The loss does not stop there: the "
        "pull gets weaker, never zero. A smaller β makes it weaker in all, and keeps its share of that over a longer "
        "way. Dotted: where the recorded runs end, on average; set β to theirs to read the pull there.",
        data=Table(
            ["margin", *(f"loss, β = {b}" for b in (0.1, 0.5)), *(f"pull / β, β = {b}" for b in (0.1, 0.5))],
            [
                [
                    fixed(m, 0),
                    *(f"{np.logaddexp(0, -b * m):.3f}" for b in (0.1, 0.5)),
                    *(f"{1 / (1 + np.exp(b * m)):.3f}" for b in (0.1, 0.5)),
                ]
                for m in (-10, -3, 0, 3, 10, 30, 50)
            ],
        ),
        provenance="toy",
        source=f"Computed in the page. For comparison, where the recorded runs end: a mean margin of {ends[0]:.1f} "
        f"nats with β = {beta}, and of {ends[1]:.1f} with β = {betas[1]}.",
    )


# --- The chat template ---------------------------------------------------------------------------


N_ROWS = 12


def chat(found, question=0, layout=4):
    """SmolLM2 asked in its template and out of it. found: the study's Chat."""
    n_rows = N_ROWS
    view = View(
        "post_training_chat", digits=3, questions=found.questions, layouts=found.layouts,
        answers=[[visible(token) for token in tokens[:n_rows]] for tokens in found.answers],
        p=[values[:, :n_rows].round(3) for values in found.p], written=found.written, n_rows=n_rows,
    )  # fmt: skip
    p = parts.bars(
        view, "bars", n_rows, "prob", high=1, room=1.25, height=104 + 21 * n_rows, x_label="probability"
    )
    ghosts = view.source("ghosts", "value", y=[-i for i in range(n_rows)])
    p.hbar("y", 0.82, "value", source=ghosts, fill_color=None, line_color=ink("ink"))
    parts.title(view, "said", p)
    p.title.text = " \n \n "
    view.control(question=parts.choice("Question", found.questions, question))
    view.control(layout=parts.choice("Laid out", found.layouts, layout))
    said = study.told_of_chat(found)
    return Figure(
        p,
        view=view,
        controls=[parts.side_by_side(*view.controls.values(), least=160)],
        name="post-training-chat",
        alt=f"The tokens of the answer {''.join(found.answers[question])!r}, each with its probability after "
        f"{found.questions[question]!r} as {found.layouts[layout]}, and as an outline in the chat template. In the "
        f"template it is above 0.9 from *capital* to *Paris*, and {found.p[question][0][0]:.2f} for the first; as "
        f"{found.layouts[layout]} the first has {found.p[question][layout][0]:.2f}.",
        caption="The answer that SmolLM2 gives in its template, token by token, twelve at most. Outlined: probability "
        "in the template. Filled: the same token in the chosen layout, all tokens before it given. Over the bars "
        "stands what it writes by itself in that layout. In the last three layouts the first token keeps less than "
        "0.01, whatever the question; once it is given, the later ones lose far less on average.",
        print_states={
            f"{found.layouts[i]}": {"layout": i} for i in (0, 3, 4)
        },
        data=Table(
            ["question", *found.layouts],
            [[asked, *texts] for asked, texts in zip(found.questions, found.written, strict=True)],
        ),
        provenance="real",
        source=f"{found.credit} Likeliest tokens, at most {found.n_new}; of {said['n_questions']} questions.",
    )  # fmt: skip


# --- Tables of the chapter -----------------------------------------------------------------------


def range_of(values, digits):
    """Lowest to highest of the seeds, in words."""
    low, high = (fixed(round(float(value), 4), digits) for value in (values.min(), values.max()))
    return low if low == high else f"{low} to {high}"


def exchanged_table(found):
    """Both kinds of run with either β. found: the study's Exchanged."""
    g = found.gauges
    return Table(
        ["run", "β", "rate", "right, likeliest tokens", "polite, drawn", "win rate", "KL, nats"],
        [
            [
                arm.split(",")[0], found.betas[i], found.rates[i], range_of(g["exact_match"][i], 2),
                range_of(g["habit_rate_drawn"][i], 2), range_of(g["win_rate"][i], 2), range_of(g["kl"][i], 1),
            ]
            for i, arm in enumerate(found.arms)
        ],
        name="post-training-beta",
        caption="The two runs with their β exchanged, or their learning rate, and all else as it was; three orders of "
        "the batches each, lowest to highest, from one fine-tuned model.",
        provenance="trained",
        source=found.credit,
    )  # fmt: skip


def runs_table(tuned, far):
    """Every gauge at the start, after DPO and after too much of it. tuned, far: the study's runs."""
    names = {
        "exact_match": "right, likeliest tokens", "exact_match_drawn": "right, drawn",
        "habit_rate_drawn": "polite, drawn",
        "win_rate": "win rate", "kl": "KL, nats", "chosen": "log p of chosen, change",
        "rejected": "log p of rejected, change",
    }  # fmt: skip

    rows = []
    for name, words in names.items():
        digits = 1 if name in ("kl", "chosen", "rejected") else 2
        each = (tuned.gauges[name][:, 0], tuned.gauges[name][:, -1], far.gauges[name][:, -1])
        rows.append([words, *(range_of(values, digits) for values in each)])
    return Table(
        ["gauge", "after SFT", "careful DPO", "careless DPO"],
        rows,
        name="post-training-runs",
        caption=f"Three runs of each kind, lowest to highest, on {far.n_test} unseen questions. Changes of log p are "
        "means over answers, in nats, counted from the model after SFT.",
        provenance="trained",
        source=far.credit,
    )


def rewards_table(found):
    """GRPO on the toy, by step. found: the study's Rewarded."""
    measures = (found.pass_1, found.pass_16, found.greedy)
    rows = [
        [step, *("/".join(f"{value:.2f}" for value in values[:, i]) for values in measures)]
        for i, step in enumerate(found.marks.tolist())
    ]  # fmt: skip
    return Table(
        ["step", "pass@1", f"pass@{found.settings['n_draws']}", "right, likeliest tokens"],
        rows,
        name="post-training-rewards",
        caption=f"GRPO on the toy, three seeds, {found.settings['n_test']} unseen questions: the share of drawn "
        f"answers that are right, of questions with at least one right answer in {found.settings['n_draws']}, and of "
        "the likeliest answers.",
        provenance="trained",
        source=found.credit,
    )


def advantages_table(n=8):
    """What a group of answers teaches, by how many of them are right."""
    rows = []
    for right in (0, 1, 4, 7, 8):
        found = group_advantages([[1.0] * right + [0.0] * (n - right)])[0]
        rows.append(
            [
                f"{right} of {n}",
                fixed(found[0]) if right else "",
                fixed(found[-1]) if right < n else "",
            ]
        )
    return Table(
        ["right answers", "advantage of a right one", "of a wrong one"],
        rows,
        name="post-training-advantages",
        caption="What a group teaches. A rare right answer counts most; where all are alike, nothing is learned.",
        provenance="toy",
    )


def costs_table(name="Llama-3-8B", n_answers=8):
    """Forward and backward passes for one question, by method."""
    costs = study.stage_costs(name)
    rows = [
        ["SFT", 1, 3, 0, f"{costs['SFT']:.0f}"],
        ["DPO", 2, 3, 1, f"{costs['DPO']:.0f}"],
        ["GRPO", n_answers, 3, 1, f"{n_answers * costs['GRPO']:.0f}"],
    ]
    return Table(
        ["method", "answers", "passes to learn from each", "passes before", f"GFLOPs, {name}"],
        rows,
        name="post-training-costs",
        caption="For one question whose answers have one token each: passes through the model, a backward pass as two. "
        "Before that, in DPO, the reference reads each answer; in GRPO, each answer is drawn.",
        provenance="real",
        source="Sizes from the published configuration file; what attention spends on earlier tokens is left out.",
    )
