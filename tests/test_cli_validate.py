"""mcusim validate --against on the command line."""

import json
from pathlib import Path

import jsonschema
import library_build
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


WRONG = """
#include "arm_nnfunctions.h"
#define ARGUMENTS const cmsis_nn_context *ctx, const cmsis_nn_conv_params *conv, \\
    const cmsis_nn_per_channel_quant_params *quant, const cmsis_nn_dims *in, const int8_t *input, \\
    const cmsis_nn_dims *kernel, const int8_t *weights, const cmsis_nn_dims *bias_dims, const int32_t *bias, \\
    const cmsis_nn_dims *out, int8_t *output
arm_cmsis_nn_status right(ARGUMENTS);
arm_cmsis_nn_status arm_convolve_wrapper_s8(ARGUMENTS)
{
    arm_cmsis_nn_status status =
        right(ctx, conv, quant, in, input, kernel, weights, bias_dims, bias, out, output);
    if (out->c == 16) {
        output[19] = output[19] < 0 ? 127 : -128;
    }
    return status;
}
"""


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


@pytest.mark.slow
def test_a_wrong_kernel_of_a_users_library(arguments, tmp_path, capsys):
    """One element of the first convolution is wrong: there the operator is at fault, in what follows its operands."""
    library = library_build.archive(code=WRONG, renamed="arm_convolve_wrapper_s8")
    saved = tmp_path / "run.json"
    assert main([*arguments, "--kernels", str(library), "--json", str(saved)]) == 1
    shown = capsys.readouterr()
    assert "1 of 7 layers are not bit-exact, layer 0 first" in shown.err
    assert "The first divergence is in layer 0, CONV_2D: its operands are the" in shown.out
    first, *others = record.load_run(saved).layers
    assert first.difference.index == (0, 0, 1, 3) and first.difference.wrong_elements == 1
    assert first.difference.accumulation.bits == 32 and first.differing_inputs == 0
    assert others[0].bit_exact and others[0].differing_inputs == 1
