"""DPO's loss and pull as the page computes them, against anatomy.post_training."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anatomy.backpropagation import Tensor
from anatomy.post_training import dpo_loss


@given(st.floats(-400, 400), st.floats(0.05, 5))
def test_loss_and_pull_are_numpys(javascript, margin, beta):
    found = javascript(
        ["preference"],
        "[preference_loss(margin, beta), preference_pull(margin, beta)]",
        margin=margin,
        beta=beta,
    )
    chosen = Tensor([margin])
    loss = dpo_loss(chosen, Tensor([0.0]), [0.0], [0.0], beta=beta)
    loss.backward()
    assert found[0] == pytest.approx(float(loss.data), rel=1e-9, abs=1e-12)
    assert found[1] == pytest.approx(-float(chosen.gradient[0]), rel=1e-6, abs=1e-12)
