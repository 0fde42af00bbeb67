"""A model of the reader's own can be typed in."""

STEM = "kv-cache"


def test_own_sizes_are_asked_for_and_counted(opened):
    figure = opened("fits", width=390)
    layers = figure.get_by_label("Layers", exact=True)
    assert not layers.is_visible()
    figure.choose("Model", "ArrowDown", "ArrowDown")  # past Llama-3-70B
    layers.fill("64")
    layers.press("Enter")
    assert layers.is_visible()
    figure.tab.wait_for_function(
        "document.querySelector('#fig-kv-cache-fits .said').textContent.includes('cache 8.6 GB')"
    )
