"""Attention as the page computes it, against anatomy.qkv."""

import numpy as np
import pytest

from anatomy.qkv import attend_in_steps, causal_mask


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("shape", [(5, 5, 2), (1, 4, 8), (3, 7, 3)])
def test_every_step_is_numpys(javascript, causal, shape):
    n_queries, n_keys, d = shape
    rng = np.random.default_rng(n_keys)
    q, k, v = rng.normal(size=(n_queries, d)), rng.normal(size=(n_keys, d)), rng.normal(size=(n_keys, 3))
    found = javascript(
        ["attention"],
        "attention(q, k, v, { causal })",
        q=q.tolist(),
        k=k.tolist(),
        v=v.tolist(),
        causal=causal,
    )
    steps = attend_in_steps(q, k, v, causal_mask(n_queries, n_keys) if causal else None)
    for name in ("scores", "scaled", "weights", "mixed"):
        np.testing.assert_allclose(found[name], getattr(steps, name), atol=1e-12)


def test_without_the_root(javascript):
    q, k = [[3.0, 1.0]], [[1.0, 0.0], [0.0, 2.0]]
    found = javascript(["attention"], "attention(q, k, k, { causal: false, root: false })", q=q, k=k)
    assert found["scaled"] == found["scores"] == [[3, 2]]
    assert found["weights"][0][0] == pytest.approx(1 / (1 + np.exp(-1)))
