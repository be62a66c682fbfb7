"""mcusim memory on the command line: exit statuses, one line for each error, and what is written."""

import shutil
from pathlib import Path

import pytest

from mcusim.cli import main

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture
def model(tmp_path):
    return Path(shutil.copy(MODELS / "digits_cnn.tflite", tmp_path / "digits.tflite"))


def test_a_report(model, capsys):
    assert main(["memory", str(model)]) == 0
    assert capsys.readouterr().out.startswith("digits: the smallest arena is 3,056 bytes\n")
    assert main(["memory", str(model), "--board", "nano33ble"]) == 0
    assert "as on nano33ble" in " ".join(capsys.readouterr().out.split())


def test_a_board_without_dsp(model, capsys):
    assert main(["memory", str(model), "--board", "pico"]) == 0
    assert "without DSP instructions" in " ".join(capsys.readouterr().out.split())


def test_a_copy_with_a_plan(model, tmp_path, capsys):
    copy, before = tmp_path / "copy.tflite", model.read_bytes()
    assert main(["memory", str(model), "--write-plan", str(copy), "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert model.read_bytes() == before and before in copy.read_bytes()
    assert main(["memory", str(copy)]) == 0
    assert "with the plan in its metadata" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--write-plan", "{model}"], "is the model and would be overwritten"),
        (["--write-plan", "{folder}/x", "-o", "{folder}/x"], "is where the report goes"),
        (["--write-plan", "{folder}"], "no regular file"),
        (["--write-plan", "{folder}/no/such"], "no such file or directory"),
        (["-o", "{model}"], "is an input and would be overwritten"),
        (["--board", "nowhere"], "nowhere"),
        (["--format", "xml"], "unknown format 'xml'"),
    ],
)
def test_refusals_are_one_line(model, tmp_path, capsys, arguments, message):
    before = model.read_bytes()
    filled = [one.format(model=model, folder=tmp_path) for one in arguments]
    assert main(["memory", str(model), *filled]) == 2
    said = capsys.readouterr().err
    assert message in said and said.count("\n") == 1
    assert model.read_bytes() == before and list(tmp_path.iterdir()) == [model]


def test_no_model(tmp_path, capsys):
    bad = tmp_path / "bad.tflite"
    bad.write_bytes(b"TFL3" * 10)
    assert main(["memory", str(bad)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
