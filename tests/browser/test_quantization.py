"""The outlier can be dragged, and a bit can be flipped by pointing at it."""

VALUE = """name => {
  const all = Bokeh.documents.flatMap(document => [...document._all_models.values()]);
  return all.find(model => model.name === name && "value" in model).value;
}"""


def test_the_outlier_follows_the_pointer(tab, live):
    page = tab(1280)
    page.goto("quantization.html")
    figure = live(page, "quantization-outlier")
    assert page.evaluate(VALUE, "outlier") == 8
    box = figure.locator("canvas").first.bounding_box()
    x = box["x"] + 0.5 * box["width"]
    page.mouse.move(x, box["y"] + 0.3 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.5 * box["height"], steps=5)
    page.mouse.up()
    page.wait_for_function(f"() => Math.abs(({VALUE})('outlier')) < 4")


def test_a_click_flips_a_bit_and_keys_go_to_the_next_pattern(tab, live):
    page = tab(1280)
    page.goto("quantization.html")
    figure = live(page, "quantization-bits")
    before = page.evaluate(VALUE, "pattern")
    box = figure.locator("canvas").first.bounding_box()
    page.mouse.move(box["x"] + 0.97 * box["width"], box["y"] + 0.64 * box["height"])
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function(f"before => ({VALUE})('pattern') === (before ^ 1)", arg=before)
    page.keyboard.press("Escape")
    figure.get_by_role("slider").first.press("ArrowRight")
    page.wait_for_function(f"before => ({VALUE})('pattern') !== before", arg=before)
