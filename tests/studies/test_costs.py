import pytest

from anatomy.model import PUBLISHED
from anatomy.studies.costs import part_costs


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_parts_are_the_whole(name):
    config = PUBLISHED[name]
    costs = part_costs(config)
    assert sum(cost.parameters for cost in costs.values()) == config.n_parameters()
    assert sum(cost.share for cost in costs.values()) == pytest.approx(1)
    assert sum(cost.flops_share for cost in costs.values()) == pytest.approx(1)


def test_by_hand_for_smollm2():
    costs = part_costs(PUBLISHED["SmolLM2-135M"])
    assert costs["attention"].parameters == 30 * (2 * 576 * 576 + 2 * 576 * 192)
    assert costs["feed-forward"].flops == 30 * 3 * 2 * 576 * 1536
    assert costs["embedding"].parameters == 49_152 * 576
    assert costs["embedding"].flops == 0
    assert costs["norms"].parameters == 61 * 576


def test_an_untied_matrix_counts_where_it_is_used():
    costs = part_costs(PUBLISHED["Llama-3-8B"])
    assert costs["logits"].parameters == costs["embedding"].parameters == 128_256 * 4096
