"""The figure of the closing page. Page: book/closing.md"""

from anatomy.figures import parts
from anatomy.figures.figure import Figure, Table
from anatomy.figures.view import View

MOST_ROWS = 5


def walk(stages):
    """One plate to step through: what stands at each stage of the model. stages: the study's list of Stage."""
    view = View(
        "closing_walk", titles=[stage.title for stage in stages], rows=[stage.rows for stage in stages]
    )
    p = parts.ledger(view, "rows", ["", ""], [0, 1], MOST_ROWS)
    p.height += 40
    parts.title(view, "said", p)
    p.title.text = " \n "
    view.control(stage=parts.slider("Stage", 0, len(stages) - 1, 0))
    return Figure(
        p,
        view=view,
        name="closing-walk",
        alt=f"The first of {len(stages)} stages: {stages[0].title}. "
        + ", ".join(f"{what} {value}" for what, value in stages[0].rows)
        + ".",
        caption="Step through the model with the slider. Every number is of this one sentence, and of its last token.",
        print_caption="Every number is of this one sentence, and of its last token.",
        print_states={f"{i}. {stages[i].title}": {"stage": i} for i in (1, 4, 9, 10)},
        data=Table(
            ["stage", "chapter", "what", "value"],
            [[stage.title, stage.topic, what, value] for stage in stages for what, value in stage.rows],
        ),
        provenance="real",
    )
