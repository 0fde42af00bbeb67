"""The query and a key can be dragged, and a key that is taken up lies where it lay."""

STEM = "qkv"


def pull(figure, to):
    """Drag from the middle of the arrows' plane to a place of it, in shares of its width and height."""
    box = figure.locator("canvas").first.bounding_box()
    mouse = figure.tab.mouse
    mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    mouse.down()
    mouse.move(box["x"] + to[0] * box["width"], box["y"] + to[1] * box["height"], steps=5)
    mouse.up()


def weights(figure):
    """How much of the weight red, car, hit, blue and boat have."""
    return figure.columns("value", "end")["value"]


def test_the_query_is_dragged(opened):
    figure = opened("arrows")
    first = weights(figure)
    pull(figure, (0.35, 0.5))
    assert weights(figure)[0] < 0.1 < first[0]


def test_a_key_is_taken_up_where_it_lies_and_dragged(opened):
    figure = opened("arrows", width=390)
    first = weights(figure)
    figure.choose("In your hand", "ArrowDown", "ArrowDown")  # the key of car
    assert weights(figure) == first
    pull(figure, (0.9, 0.5))
    assert weights(figure)[1] > 0.7 > first[1]
    figure.choose("In your hand", "ArrowUp")  # of red: that of car goes back
    assert weights(figure) == first
    figure.slide("Key, first entry", "End")
    assert weights(figure)[0] > 0.8 > first[0]
    assert figure.titles()[0] == "key of red = (3.00, −0.50)"
