"""mcusim evaluate on the command line: what it says, exit statuses, and saved reports that render again."""

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest

import mcusim
from mcusim import evaluation
from mcusim.cli import main

MODELS = Path(__file__).parents[1] / "models"
DIGITS, DATA = str(MODELS / "digits_cnn.tflite"), str(MODELS / "digits_test.npz")
SCHEMA = json.loads((Path(evaluation.__file__).parent / "evaluate_schema.json").read_text(encoding="utf-8"))
SCORE = 446 / 450  # 0.9911 in MODELS.toml, by LiteRT's reference kernels


@pytest.fixture
def worse(tmp_path):
    """The model with the second half of its first filters set to 0: the same cost, another accuracy."""
    model = mcusim.load(DIGITS)
    weights = next(one for one in model.tensors if one.is_constant and one.shape == (16, 3, 3, 1))
    file = bytearray(model.file)
    file[weights.file_offset + 72 : weights.file_offset + 144] = bytes(72)
    path = tmp_path / "worse.tflite"
    path.write_bytes(file)
    return str(path)


def test_the_accuracy_is_that_of_the_catalogue(capsys):
    assert main(["evaluate", DIGITS, "--data", DATA]) == 0
    out = capsys.readouterr().out
    assert "digits_cnn     99.1%     97.7–99.7%  11,056  84,224" in out and max(map(len, out.splitlines())) <= 80
    assert "            5   ·  ·  ·  ·  · 44  ·  ·  ·  2" in out  # the confusion's row of class 5
    assert "digits_cnn: 99.8% top-2" in out


def test_the_public_function():
    data = np.load(DATA)
    found = mcusim.evaluate(mcusim.load(DIGITS), data["inputs"], data["labels"])
    assert found.accuracy == SCORE and found.board is None and found.board_reason
    without = mcusim.evaluate(mcusim.load(DIGITS), data["inputs"][:5])
    assert without.accuracy is None and without.classification_reason == "there are no labels"


def test_two_models_on_a_board(worse, tmp_path, capsys):
    saved = tmp_path / "report.json"
    arguments = ["evaluate", DIGITS, worse, "--data", DATA, "-b", "nucleo_f446re", "--engine", "estimate"]
    assert main([*arguments, "--json", str(saved)]) == 0
    text = capsys.readouterr().out
    assert "accuracy against latency" in text and "accuracy against flash, bytes" in text
    assert "Cycles are estimated by cost formulas" in text and "emulation's own error comes on top" in text
    document = json.loads(saved.read_text())
    jsonschema.validate(document, SCHEMA)
    first, second = document["models"]
    assert first["classification"]["accuracy"] == SCORE > second["classification"]["accuracy"]
    assert all(front["models"][-1] == 0 for front in document["fronts"])
    assert first["check"] is None and first["check_reason"] == "nothing was executed"
    assert first["board"]["error_percent"] < 10 and "own error comes on top: ±" in first["board"]["error_source"]
    assert f"±{first['board']['emulation_error_percent']:.2g}%" in first["board"]["error_source"]
    assert main(["show", str(saved)]) == 0
    assert capsys.readouterr().out == text
    for name in ("svg", "csv", "markdown"):
        assert main(["show", str(saved), "--format", name]) == 0
        shown = capsys.readouterr().out
        assert main([*arguments, "--format", name]) == 0
        assert capsys.readouterr().out == shown
    assert main(["show", str(saved), "--format", "svg"]) == 0
    ElementTree.fromstring(capsys.readouterr().out)
    document["fronts"] = []
    saved.write_text(json.dumps(document))
    assert main(["show", str(saved)]) == 2
    assert "fronts: expected those that the models' figures give" in capsys.readouterr().err


@pytest.mark.slow
def test_samples_that_are_executed_too(tmp_path, capsys):
    saved = tmp_path / "report.json"
    arguments = ["evaluate", DIGITS, "--data", DATA, "-b", "nucleo_f446re", "--check", "2", "--json", str(saved)]
    assert main(arguments) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "the first 2 samples also ran as target code, bit-exact in every layer" in words
    assert evaluation.load_evaluation(saved).models[0].check.bit_exact == 2


def test_the_least_accuracy(worse, capsys):
    assert main(["evaluate", DIGITS, "--data", DATA, "--min-accuracy", "0.99", "-q"]) == 0
    assert main(["evaluate", DIGITS, worse, "--data", DATA, "--min-accuracy", "0.99", "-q"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("mcusim: below the accuracy of 99.00% that is asked for: worse ") and "digits" not in error


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--check", "2"], "--check is about a board"),
        (["--clock", "8MHz"], "--clock is about a board"),
        (["--engine", "estimate"], "--engine is about a board"),
        (["--engine", "guess"], "unknown engine 'guess'"),
        (["--min-accuracy", "90"], "a share from 0 to 1"),
        (["--labels", "no"], "neither a file nor an array"),
        (["-o", "{data}"], "is an input and would be overwritten"),
        (["--format", "perfetto"], "unknown format"),
        (["-b", "pico", "--check", "0"], "1 or more samples"),
    ],
)
def test_what_is_refused(arguments, message, tmp_path, capsys):
    data = shutil.copy(DATA, tmp_path / "data.npz")
    given = [one.format(data=data) for one in arguments]
    assert main(["evaluate", DIGITS, "--data", str(data), *given]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_regression_and_no_labels(tmp_path, capsys):
    samples = np.random.default_rng(1).normal(size=(4, 640)).astype(np.float32)
    np.savez(tmp_path / "hum.npz", x=samples)
    arguments = ["evaluate", str(MODELS / "ad_autoencoder.tflite"), "--data", str(tmp_path / "hum.npz")]
    assert main([*arguments, "--labels", "x"]) == 0
    assert "mean |error|" in capsys.readouterr().out
    assert main(arguments) == 0
    assert "standard deviation" in " ".join(capsys.readouterr().out.split())
    assert main([*arguments, "--min-accuracy", "0.5"]) == 2
    assert "no labels that are classes" in capsys.readouterr().err
