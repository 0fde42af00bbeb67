"""What must follow the one list of topics, and cannot read it."""

import tomllib
from pathlib import Path

from anatomy.topics import TOPICS

ROOT = Path(__file__).parents[2]
TRAINING = ["training_phases", "post_training"]  # these use the decoder, which knows the cache


def test_every_topic_has_its_module():
    for topic in TOPICS:
        assert (ROOT / "anatomy" / f"{topic.module}.py").exists()


def test_the_import_contract_has_the_topics_in_reading_order():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    modules = [topic.module for topic in TOPICS]
    held = [layer for layer in reversed(layers) if layer in modules]
    assert held == [module for module in modules if module not in TRAINING] + TRAINING
