import json
from types import SimpleNamespace

import pytest

from anatomy.publishing import processors
from anatomy.publishing.processors import Kernel, changed_figures, changed_pages, changed_words, kernels, main


def machine(**architectures):
    """A subprocess.run for a machine whose OpenBLAS names itself so; a core that is absent here crashes it."""

    def run(command, env, **options):
        name = architectures.get(env["OPENBLAS_CORETYPE"])
        return SimpleNamespace(returncode=0 if name else -4, stdout=json.dumps([None, name]))

    return run


def test_kernels_are_told_apart_by_what_openblas_says_of_itself():
    run = machine(SkylakeX="Haswell", Zen="Haswell", Haswell="Haswell", Prescott="Katmai")
    newest, oldest = kernels(run)
    assert newest == Kernel("SkylakeX", {"OPENBLAS_CORETYPE": "SkylakeX"})
    assert oldest.name == "Prescott"
    assert "NPY_DISABLE_CPU_FEATURES" in oldest.environment


def test_a_machine_without_a_choice_says_so():
    with pytest.raises(SystemExit, match="numpy calculates with Haswell alone here"):
        kernels(machine(Haswell="Haswell"))


def test_changed_words_stand_with_the_words_before_them():
    old = "# Page\n\nIt is for 6.6% of the neurons;\na random token 6.0%.\n"
    new = "# Page\n\nIt is for 6.7% of the neurons;\na random token 6.0%. Indeed\n"
    assert changed_words(old, old) == []
    assert changed_words(old, new) == [
        "# Page It is for: 6.6% → 6.7%",
        "the neurons; a random token 6.0%.: nothing → Indeed",
    ]


def built(folder, pages, figures):
    for path in (folder / "html", folder / "doctrees" / "figures"):
        path.mkdir(parents=True)
    for name, text in pages.items():
        (folder / "html" / name).write_text(text, "utf-8")
    for name, payload in figures.items():
        (folder / "doctrees" / "figures" / name).write_text(json.dumps(payload), "utf-8")


def test_pages_word_for_word_and_figures_but_for_last_digits(tmp_path):
    built(tmp_path / "a", {"x.md": "loss 3.57\n"}, {"f.json": {"y": [0.1234]}, "g.json": {"y": ["3.57"]}})
    built(
        tmp_path / "b",
        {"x.md": "loss 3.58\n", "y.md": "new\n"},
        {"f.json": {"y": [0.1235]}, "g.json": {"y": ["3.59"]}},
    )
    a, b = tmp_path / "a", tmp_path / "b"
    assert changed_pages(a / "html", b / "html") == ["x.md: loss: 3.57 → 3.58", "y.md: : nothing → new"]
    assert changed_figures(a / "doctrees" / "figures", b / "doctrees" / "figures") == [
        'g.json: y[0]: "3.57" → "3.59"'
    ]


@pytest.mark.parametrize(
    ("figure", "page", "complaint", "status"),
    [
        ("3.57", "loss 3.57", [], 0),
        ("3.59", "loss 3.57", [], 1),
        ("3.57", "loss 3.58", [], 1),
        ("3.57", "loss 3.57", ["WARNING: picture"], 1),
    ],
)
def test_any_difference_or_complaint_fails(tmp_path, monkeypatch, capsys, figure, page, complaint, status):
    ran = []

    def build(kernel):
        new = kernel.name == "new"
        built(
            tmp_path / kernel.name,
            {"x.md": "loss 3.57" if new else page},
            {"f.json": {"y": "3.57" if new else figure}},
        )
        return [] if new else complaint

    monkeypatch.setattr(processors, "OUT", tmp_path)
    monkeypatch.setattr(processors, "build", build)
    monkeypatch.setattr(
        processors, "kernels", lambda: [Kernel(name, {}) for name in ("new", "middle", "old")]
    )
    monkeypatch.setattr(processors, "run_in", lambda kernel, command: ran.append(kernel.name) or [])
    assert main(["--quick"]) == status
    assert ran == ["old"]
    said = capsys.readouterr().out
    assert "kernels: new, old" in said
    assert ("all kernels tell the same" in said) is (status == 0)


def test_a_command_that_fails_complains_with_what_it_said():
    command = ["python", "-c", "import os; print(os.environ['KERNEL']); raise SystemExit(3)"]
    assert processors.run_in(Kernel("old", {"KERNEL": "katmai"}), command) == ["katmai"]
    assert processors.run_in(Kernel("old", {}), ["python", "-c", "print(1)"]) == []
