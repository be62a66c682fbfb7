"""mcusim validate --against on the command line."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import mcusim
from mcusim import forward, record
from mcusim.cli import main
from mcusim.run_inputs import pseudo_random_inputs

MODELS = Path(__file__).parents[1] / "models"
DIGITS = str(MODELS / "digits_cnn.tflite")
SCHEMA = json.loads((Path(record.__file__).parent / "run_schema.json").read_text(encoding="utf-8"))


def dump(path, spoilt=()):
    """All that the reference makes of the fixed input, in a file; `spoilt` layers give one element more."""
    model = mcusim.load(DIGITS)
    inputs = pseudo_random_inputs(model)
    values = forward.values_of(model, inputs)
    for number in spoilt:
        index = model.ops[number].outputs[0]
        values[index] = values[index].copy()
        values[index].reshape(-1)[5] ^= 64
    np.savez(path, **{str(index): array for index, array in values.items()})
    return str(path)


@pytest.fixture(scope="module")
def arguments():
    return ["validate", DIGITS, "-b", "nucleo_f446re"]


@pytest.mark.slow
def test_a_dump_that_agrees_and_one_that_does_not(arguments, tmp_path, capsys):
    assert main([*arguments, "--against", dump(tmp_path / "good.npz")]) == 0
    assert "Against good.npz: 7 of 7 outputs of layers are equal bit by bit" in capsys.readouterr().out
    saved = tmp_path / "run.json"
    assert main([*arguments, "--against", dump(tmp_path / "bad.npz", (2,)), "--json", str(saved)]) == 1
    shown = capsys.readouterr()
    assert "the reference and bad.npz diverge, in layer 2 (CONV_2D) first" in shown.err
    assert "The first divergence is in layer 2, CONV_2D" in shown.out
    document = json.loads(saved.read_text())
    jsonschema.validate(document, SCHEMA)
    assert document["command"].endswith("bad.npz")
    layer = document["against"]["layers"][2]
    assert layer["difference"]["accumulation"]["bits"] == 32 and layer["wrong_elements"] == 1


@pytest.mark.parametrize(
    "more, message",
    [
        (["--against", "onnx"], "one of litert, litert-xnnpack is expected"),
        (["--against", "{folder}/no.npz"], "no such file"),
        (["--against", "{folder}/dump.npz", "-o", "{folder}/dump.npz", "--format", "json"], "would be overwritten"),
    ],
)
def test_what_is_refused(arguments, tmp_path, capsys, more, message):
    dump(tmp_path / "dump.npz")
    assert main([*arguments, *(one.format(folder=tmp_path) for one in more)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
