import json

import numpy as np
import pytest
from bokeh.models import Slider

from anatomy.figures import parts, view
from anatomy.figures.figure import Figure, Table
from anatomy.figures.view import View, bundle, plain

DATA = Table(["x"], [[1]])
SAID = {"name": "rope-dial", "alt": "alt", "caption": "caption", "data": DATA, "provenance": "toy"}


def dial(folder, monkeypatch, code="export const show = () => ({ say: 'x' });\n", **others):
    monkeypatch.setattr(view, "CALLBACKS", folder)
    (folder / "shared").mkdir(exist_ok=True)
    for name, text in {"rope_dial": code, **others}.items():
        (folder / f"{name}.mjs").write_text(text)
    bundle.cache_clear()
    return "rope_dial"


def test_a_bundle_holds_every_import_once_and_in_front(tmp_path, monkeypatch):
    imports = 'import { a } from "./shared/a.mjs";\nimport { b } from "./shared/b.mjs";\n'
    stem = dial(
        tmp_path, monkeypatch, imports + "export const show = () => a() + b();\n",
        **{"shared/a": 'import { b } from "./b.mjs";\nexport const a = () => b() + 1;\n'},
        **{"shared/b": "export function b() { return 1; }\n"},
    )  # fmt: skip
    text = bundle(stem)
    assert [text.count(part) for part in ("function b", "const a", "import", "export")] == [1, 1, 0, 0]
    assert text.index("function b") < text.index("const a") < text.index("const show")


def test_two_files_may_not_define_one_name(tmp_path, monkeypatch):
    code = 'import { a } from "./shared/a.mjs";\nconst help = 1;\nexport const show = () => a;\n'
    stem = dial(tmp_path, monkeypatch, code, **{"shared/a": "const help = 2;\nexport const a = help;\n"})
    with pytest.raises(ValueError, match=r"rope_dial.mjs and a.mjs both define help"):
        bundle(stem)


def test_a_missing_script_is_named():
    with pytest.raises(ValueError, match=r"no callback 'rope_spin.mjs'"):
        View("rope_spin")


def test_a_part_has_one_name(tmp_path, monkeypatch):
    made = View(dial(tmp_path, monkeypatch))
    made.source("bars", "value", y=[0, -1])
    with pytest.raises(ValueError, match="two parts called 'bars'"):
        made.source("bars", "value")


def test_data_keep_so_many_digits_and_must_be_finite():
    assert plain({"p": np.array([1 / 3, 2.0]), "n": np.int64(7), "on": np.bool_(True)}) == {
        "p": [0.33333, 2], "n": 7, "on": True,
    }  # fmt: skip
    with pytest.raises(ValueError, match="must be finite, got nan"):
        plain([float("nan")])


def test_a_print_state_of_a_control_that_is_not_there_is_refused(tmp_path, monkeypatch):
    made = View(dial(tmp_path, monkeypatch))
    made.control(turn=parts.slider("Turn", 0, 1, 0))
    with pytest.raises(ValueError, match=r"print state 'on' of figure 'rope-dial' sets \['switch'\]"):
        Figure(parts.plot(), view=made, print_states={"on": {"switch": True}}, **SAID)


def test_the_payload_holds_data_controls_picks_and_script(tmp_path, monkeypatch):
    made = View(dial(tmp_path, monkeypatch), angles=[0.1])
    control = made.control(turn=parts.slider("Turn", 0, 1, 0))
    p, cells = parts.heatmap(made, "cells", ["a"], ["b", "c"], "prob", 1)
    made.pick(p, cells, "turn")
    figure = Figure(p, view=made, **SAID)
    moves = figure.payload()["view"]
    assert (moves["controls"], moves["picks"], moves["data"]) == (
        ["turn"],
        [["cells", "turn"]],
        {"angles": [0.1]},
    )
    assert isinstance(control, Slider)
    assert figure.controls == [control]
    assert '"name":"cells"' in json.dumps(figure.item(), separators=(",", ":"))
