"""What the page counts for the chapter on the cache, against anatomy.studies.kv_cache."""

import dataclasses

import pytest

from anatomy.kv_cache import flops
from anatomy.model import PUBLISHED
from anatomy.studies import kv_cache as study
from anatomy.studies.costs import parameters_read


@pytest.mark.parametrize("name", study.MODELS)
@pytest.mark.parametrize(("context", "batch", "bits"), [(128, 1, 16), (8192, 4, 8), (131_072, 64, 4)])
def test_serving_is_counted_as_in_python(javascript, name, context, batch, bits):
    c = PUBLISHED[name]
    sizes = {
        "n_parameters": c.n_parameters(), "n_layers": c.n_layers, "n_kv_heads": c.n_kv_heads, "d_head": c.d_head,
        "window": c.window or 0, "n_heads": c.n_heads, "linear": flops(c, 1)["linear"], "n_read": parameters_read(c),
    }  # fmt: skip
    found = javascript(
        ["serving"],
        "serving(sizes, n, batch, bits, [24, 1000, 150])",
        sizes=sizes,
        n=context,
        batch=batch,
        bits=bits,
    )
    expected = dataclasses.asdict(study.serving(c, context, batch, bits, (24, 1000, 150)))
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        assert found[key] == pytest.approx(list(value) if isinstance(value, tuple) else value), key
