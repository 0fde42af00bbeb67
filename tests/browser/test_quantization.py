"""The outlier can be dragged, and a bit can be flipped by click and by key."""

import re

VALUE = """name => {
  const all = Bokeh.documents.flatMap(document => [...document._all_models.values()]);
  return all.find(model => model.name === name && "value" in model).value;
}"""

TITLE = """() => {
  const all = Bokeh.documents.flatMap(document => [...document._all_models.values()]);
  return all.map(model => model.text).find(text => typeof text === "string" && text.startsWith("FP16:"));
}"""


def test_the_outlier_follows_the_pointer(tab, live):
    page = tab(1280)
    page.goto("quantization.html")
    figure = live(page, "quantization-outlier")
    assert page.evaluate(VALUE, "outlier") == 0.9
    box = figure.locator("canvas").first.bounding_box()
    x = box["x"] + 0.5 * box["width"]
    page.mouse.move(x, box["y"] + 0.45 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.25 * box["height"], steps=5)
    page.mouse.up()
    page.wait_for_function(f"() => ({VALUE})('outlier') > 3")


def test_bits_are_switched_by_click_and_by_key(tab, live):
    page = tab(390)
    page.goto("quantization.html")
    figure = live(page, "quantization-bits")
    buttons = figure.get_by_role("button").filter(has_text=re.compile("^[01]$"))
    assert buttons.count() == 16
    assert figure.titles()[0] == "FP16: 3.140625"
    buttons.nth(0).click()
    page.wait_for_function(f"() => ({TITLE})() === 'FP16: −3.140625'")
    figure.press(buttons.nth(6), "Space")  # the half of the mantissa: from 1.57 to 1.07
    page.wait_for_function(f"() => ({TITLE})() === 'FP16: −2.140625'")
