"""The figure of the closing page. Page: book/closing.md"""

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.view import View
from anatomy.topics import BY_STEM

MOST_ROWS = 5


def walk(stages):
    """One plate to step through: what stands at each stage of the model. stages: the study's list of Stage."""
    view = View(
        "closing_walk", titles=[stage.title for stage in stages], rows=[stage.rows for stage in stages],
        chapters=[BY_STEM[stage.topic].number for stage in stages],
    )  # fmt: skip
    p = parts.ledger(view, "rows", ["", ""], [0, 1], MOST_ROWS)
    p.height += 40
    parts.title(view, "said", p)
    p.title.text = " \n "
    view.control(stage=parts.slider("Stage", 1, len(stages), 1))
    return Figure(
        p,
        view=view,
        name="closing-walk",
        alt=f"The first of {len(stages)} stages: {stages[0].title}. "
        + "; ".join(f"{what}: {value}" for what, value in stages[0].rows)
        + ".",
        caption="Step through the model with the slider. All numbers are of this one sentence; from the third stage on "
        "they are those of its last token, unless a row says otherwise.",
        print_caption="All numbers are of this one sentence; from the third stage on they are those of its last token, "
        "unless a row says otherwise.",
        print_states={f"{i}. {stages[i - 1].title}": {"stage": i} for i in (2, 7, 11, 12)},
        data=Table(
            ["stage", "chapter", "what", "value"],
            [
                [stage.title, BY_STEM[stage.topic].number, what, value]
                for stage in stages
                for what, value in stage.rows
            ],
        ),
        provenance="real",
    )
