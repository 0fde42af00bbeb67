"""What the chapter on positions measures."""

import numpy as np
import pytest

from anatomy.model import Trace
from anatomy.rope import frequencies, rotate
from anatomy.studies import rope as study
from anatomy.tokenization import novel


@pytest.mark.parametrize("base", [100, 10_000])
def test_only_the_distance_counts(base):
    for distance in (0, 3, 90):
        at_start = study.toy_score(0, distance, base)
        assert study.toy_score(1234, distance, base) == pytest.approx(at_start, abs=1e-9)
    assert abs(study.toy_score(0, 4, base) - study.toy_score(0, 3, base)) > 0.05


@pytest.fixture(scope="module")
def by_distance(real_model):
    return study.by_distance(real_model)


@pytest.mark.checkpoint
def test_heads_have_shapes_of_their_own(by_distance):
    found = by_distance
    means = found.heads[16, 0][:, 0]
    assert means.argmax() == 1
    assert means[20] - means[16] > 10  # it swings: what a thinned curve would not show
    assert found.equal[:, 0].argmax() == 0
    assert found.equal[0, 0] > found.equal[16, 0] + 10 * found.equal_errors[0]
    assert abs(found.random).max() < 5 * found.error
    assert found.equal[0, 0] > 10 * abs(found.random).max()


@pytest.mark.checkpoint
def test_scores_are_those_of_every_query_with_every_key(by_distance, real_model):
    trace = Trace("q", "k")
    real_model.forward(real_model.encode(novel())[:128], trace=trace)
    q, k, base = (
        trace["q"][16, 0, 1:].astype(float),
        trace["k"][16, 0, 1:].astype(float),
        real_model.config.rope_base,
    )
    for distance in (0, 1, 23):
        scores = rotate(q, np.full(len(q), distance), base) @ k.T / 8
        assert by_distance.heads[16, 0][distance, 0] == pytest.approx(scores.mean(), abs=1e-6)
    assert by_distance.n_tokens == len(q)


@pytest.mark.checkpoint
def test_nearly_all_heads_fade(by_distance):
    said = study.told_of_distance(by_distance)
    assert said["n_heads"] == 270
    assert said["fade_heads"] > 255
    assert 0 < said["fade_low"] < said["fade_median"] < said["fade_high"]
    mean, least, most = by_distance.heads[16, 0].T
    assert by_distance.fades[16, 0] == pytest.approx(mean[:8].mean() - mean[-8:].mean(), abs=1)
    assert (least <= mean).all()
    assert (mean <= most).all()
    assert (by_distance.errors[16, 0] > 0.03).all()
    assert (by_distance.errors[16, 0] < 0.5).all()


def test_bands_are_means_and_ranges():
    scores = np.arange(1025.0)
    found = study.banded(scores)
    assert found[64].tolist() == [64, 64, 64]
    assert found[65].tolist() == [72.5, 65, 80]
    assert found[-1].tolist() == [960.5, 897, 1024]


def test_how_far_pairs_turn():
    said = study.told_of_hands()
    turned = np.degrees(8192 * frequencies(64, 100_000.0))
    assert said["slow_share"] == (turned < 360).sum()
    assert said["still_pairs"] == (turned < 30).sum() == 5


def test_the_wrong_pairing_passes_and_fails():
    found = study.pairings()
    table = found.by_place()
    right, other, none = table[..., 0].T
    assert (right[1:] < right[:-1]).all()  # better with more context
    for wrong in (other, none):
        assert (wrong[2:] > wrong[1:-1]).all()  # worse from position 5 on
        assert wrong[-1] - right[-1] > 5 * table[-1, :, 1].max()
    assert other[0] - right[0] < 0.3
    more, error = found.costs(1, "65 to 127")
    assert more == pytest.approx(other[-1] - right[-1])
    assert more > 10 * error
    more, error = found.costs(1, "1 to 4")
    assert 0 < more < 2 * error < table[0, 1, 1]  # the same windows: what they share falls out
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


def test_the_help_of_a_context_and_its_harm_token_by_token():
    found = study.apart()
    (harms, harm_errors), (means, errors) = found.harms(), found.means()
    np.testing.assert_allclose(harms, means - found.alone.mean())
    near = found.gaps.index(256)
    assert harms[0, near] < -2 * harm_errors[0, near]
    assert harm_errors[0, near] < errors[0, near]
    trained = found.gaps.index(found.n_trained)
    assert abs(harms[0, trained]) < 2 * harm_errors[0, trained]  # neither help nor harm that could be told


def test_mostly_the_slow_pairs_do_the_harm():
    found = study.apart()
    slow, fast = found.pairs.mean(axis=(1, 2))
    one, some = found.first.mean(axis=(1, 2))
    alone, far = found.alone.mean(), found.losses[0, found.gaps.index(found.far)].mean()
    assert slow - alone > 4 * (fast - alone) > 0
    assert alone < one < (alone + far) / 2 < far < some
    said = study.told_of_apart(found)
    assert said["slow_far"] == pytest.approx(slow)
    assert said["first_some"] == pytest.approx(some)
    assert said["slowed_middle"] == pytest.approx(8 ** (16 / 31))
    assert said["harm_none"].startswith("−")
