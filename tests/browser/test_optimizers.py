"""The start of the race on optimizers can be dragged."""

READ = """() => {
  const all = Bokeh.documents.flatMap(document => [...document._all_models.values()]);
  return ["x", "y"].map(name => all.find(model => model.name === name && "value" in model).value);
}"""


def test_the_start_follows_the_pointer(tab, live):
    page = tab(1280)
    page.goto("optimizers.html")
    figure = live(page, "optimizers-race")
    before = page.evaluate(READ)
    box = figure.locator("canvas").first.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.4 * box["height"], steps=5)
    page.mouse.up()
    page.wait_for_function(f"before => ({READ})()[0] > before[0] + 1", arg=before)
