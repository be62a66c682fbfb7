"""Stored formulas and footprints come back as they were, and what is damaged is refused."""

import dataclasses

import pytest

from mcusim import formulas
from mcusim.errors import BadInputError
from mcusim.footprints import NONE, Footprint
from mcusim.formulas import (
    KernelCode,
    code_to_json,
    core_kernels,
    staleness,
    stored_code,
    stored_formulas,
    to_json,
)
from mcusim.hardware import board_core, load_board

CODE = KernelCode(
    "12ab",
    {
        "kernel": Footprint(
            {("calls", 0, 0): ((0, 3), (7, 1)), ("rows", 0, NONE): ((12, 2),), ("rows", 4, 1): ((100, 1),)},
            {("calls", 0, 3): ((20, 1),)},
            ((0, 1), (12, 1)),
        )
    },
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(formulas, "FOLDER", tmp_path)
    for function in (stored_code, stored_formulas):
        function.cache_clear()
    yield tmp_path
    for function in (stored_code, stored_formulas):
        function.cache_clear()


def test_formulas_come_back(folder):
    stored = formulas.Formulas(
        *(formulas.SCHEMA, "nowhere", "1", "2", "3", 1, 9, 0.5, 3.25, 2.0, 0.5),
        {"kernel": formulas.Formula({"calls": 3.5}, {}, 9, 0.5, 3.25)},
    )
    (folder / "nowhere.json").write_text(to_json(stored), encoding="utf-8")
    assert stored_formulas("nowhere") == stored
    assert stored_formulas("elsewhere") is None


def test_code_comes_back(folder):
    text = code_to_json("image", CODE)
    assert '"rows % 4 > 1":"100"' in text and '"no rows":"12+2"' in text and '"calls":"0+3 4"' in text
    (folder / "image.code.json").write_text(text, encoding="utf-8")
    assert stored_code("image") == CODE


@pytest.mark.parametrize(
    ("good", "bad"),
    [('"calls":"0+3 4"', '"calls":"0+3 x"'), ('"no rows"', '"rows %"'), ('"jumps":"0 11"', '"jumps":5')],
)
def test_damaged_code_is_refused(folder, good, bad):
    text = code_to_json("image", CODE)
    assert good in text
    (folder / "image.code.json").write_text(text.replace(good, bad), encoding="utf-8")
    with pytest.raises(BadInputError, match=r"image\.code\.json"):
        stored_code("image")


def test_formulas_that_are_not_json_are_refused(folder):
    (folder / "nowhere.json").write_text("{", encoding="utf-8")
    with pytest.raises(BadInputError, match="is not JSON"):
        stored_formulas("nowhere")


def test_what_changed_since_a_fit_is_named():
    board, stored = load_board("nano33ble"), stored_formulas("nano33ble")
    kernels = core_kernels(board_core(board))
    code = KernelCode(kernels.elf_sha256, {})
    assert staleness(stored, code, board, kernels) is None
    assert "the build of the kernels changed" in staleness(stored, CODE, board, kernels)
    assert "nano33ble changed" in staleness(dataclasses.replace(stored, board_sha256="0"), code, board, kernels)
