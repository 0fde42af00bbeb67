"""What the chapter on positions measures."""

import numpy as np
import pytest

from anatomy.studies import rope as study


@pytest.mark.parametrize("base", [100, 10_000])
def test_only_the_distance_counts(base):
    for distance in (0, 3, 90):
        at_start = study.toy_score(0, distance, base)
        assert study.toy_score(1234, distance, base) == pytest.approx(at_start, abs=1e-9)
    assert abs(study.toy_score(0, 4, base) - study.toy_score(0, 3, base)) > 0.05


@pytest.mark.checkpoint
def test_heads_have_shapes_of_their_own(real_model):
    found = study.by_distance(real_model)
    looks = found.heads[16, 0]
    assert looks.argmax() == 1
    assert found.equal[0] == found.equal.max()
    assert abs(found.random).max() < 5 * found.error
    assert found.equal[0] > 10 * abs(found.random).max()


def test_the_wrong_pairing_passes_and_fails():
    found = study.pairings()
    table = found.by_place()
    right, other, none = table[..., 0].T
    assert (right[1:] < right[:-1]).all()  # better with more context
    for wrong in (other, none):
        assert (wrong[2:] > wrong[1:-1]).all()  # worse from position 5 on
        assert wrong[-1] - right[-1] > 5 * table[-1, :, 1].max()
    assert other[0] - right[0] < 0.3
    said = study.told_of_pairings(found)
    assert said["passed"] >= 3
    assert found.next_tokens[0][0] == found.next_tokens[1][0] == found.next_tokens[2][0] == " Paris"


def test_beyond_the_trained_distances():
    found = study.apart()
    means, errors = found.means()
    alone = found.alone.mean()
    trained = [i for i, gap in enumerate(found.gaps) if gap <= found.n_trained]
    assert (np.diff(means[0, trained]) > 0).all()  # the further back, the less it helps
    assert means[0, 0] < alone
    beyond = [i for i, gap in enumerate(found.gaps) if gap > found.n_trained]
    assert (means[0, beyond] > alone + 2 * errors[0, beyond]).all()
    far = found.gaps.index(32_768)
    assert means[2, far] < means[0, far] - 1
    assert means[2, -1] > alone + 1
    assert means[1].min() > alone + 1
