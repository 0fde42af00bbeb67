"""The chapter on backpropagation: what only a browser can show. States are tested in tests/figures."""

STEM = "backpropagation"


def point_at(figure, x, y):
    """The place on the screen of a point of the figure's first plot."""
    return figure.evaluate(
        """(figure, [x, y]) => {
          const views = [];
          const visit = view => {
            if (view.model.type === "Figure") views.push(view);
            for (const child of view.child_views ?? []) visit(child);
          };
          visit(figure.bokehDocument.views_manager.find_one(figure.bokehDocument.roots()[0]));
          const {frame, canvas_view} = views[0], box = canvas_view.el.getBoundingClientRect();
          return [box.x + frame.x_scale.compute(x), box.y + frame.y_scale.compute(y)];
        }""",
        [x, y],
    )


def ledger(figure):
    return figure.columns("c0", "c1", "c3")


def test_a_typed_expression_is_walked_and_the_switch_spoils_it(opened):
    figure = opened("expression")
    field = figure.get_by_label("Type your own")
    field.fill("a × a + b")
    field.press("Enter")
    assert ledger(figure)["c1"][:2] == ["4.00000000", "1.00000000"]
    assert figure.get_by_label("Expression").locator("option:checked").inner_text() == "your own"
    figure.click("= for +=")
    assert ledger(figure)["c3"] == ["2.00 apart", "agree", ""]
    figure.slide("Step of the walk", "Home")
    assert ledger(figure)["c1"] == ["", "", ""]
    figure.choose("Expression", "Home")
    assert figure.columns("text", "value", "slope")["text"] == ["a", "b", "×", "c", "+", "×"]


def test_what_cannot_be_read_is_said_and_can_be_mended(opened):
    figure = opened("expression")
    field = figure.get_by_label("Type your own")
    field.fill("alert(1)")
    field.press("Enter")
    assert '"alert" is unknown' in figure.titles()[0]
    field.fill("b + c")
    field.press("Enter")
    assert ledger(figure)["c3"] == ["", "agree", "agree"]


def test_a_node_is_picked_by_the_mouse_and_escape_brings_the_first_back(opened):
    figure = opened("cycle")
    look = figure.get_by_label("Look at")
    assert look.locator("option:checked").inner_text() == "w2[0, 0]"
    figure.tab.mouse.click(*point_at(figure, 1, 0))
    assert look.locator("option:checked").inner_text() == "hidden[1]"
    figure.tab.mouse.move(5, 5)
    assert figure.titles()[0].startswith("hidden[1] = ")
    look.press("Escape")
    assert look.locator("option:checked").inner_text() == "w2[0, 0]"


def test_a_node_is_picked_by_touch(opened):
    figure = opened("expression", width=390, has_touch=True)
    figure.tab.touchscreen.tap(*point_at(figure, 1, figure.columns("text", "value", "slope")["y"][-1]))
    assert figure.titles()[0].startswith("Backward, 1 of 3")
