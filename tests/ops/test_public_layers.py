"""Every layer of the public int8 models: operands by TensorFlow Lite Micro in, its outputs out, bit for bit."""

from pathlib import Path

import numpy as np
import pytest
from one_layer import reset
from tflite import BuiltinOperator

from mcusim import ops
from mcusim.elf import firmware_path, load_firmware
from mcusim.ops import OPERATORS, STATES, written
from mcusim.runtime import Runtime
from mcusim.tflite import load

MODELS = {
    "ad01_int8": 264_192,
    "add0": 0,
    "add9": 0,
    "hello_world_int8": 16 + 16 * 16 + 16,
    "kws_ref_model": 2_656_768,
    "leaky_relu0": 0,
    "leaky_relu11": 0,
    "micro_speech_quantized": 25 * 20 * 8 * 80 + 4 * 4_000,
    "pad0": 0,
    "pad9": 0,
    "person_detect": 7_157_888,
    "pretrainedResnet_quant": 12_501_632,
    "quantize0": 0,
    "sub0": 0,
    "trained_lstm_int8": 4 * 28 * 20 * (28 + 20) + 5_600,
    "strided_slice0": 0,
    "strided_slice20": 0,
}
OFFERED = ("check", "macs", "memory", "reference", "invocation")


@pytest.mark.parametrize("name", MODELS)
def test_layers_are_tflite_micros(reference_data, name):
    model = load(reference_data / "models" / f"{name}.tflite")
    expected = np.load(reference_data / "models" / "expected" / f"{name}.npz")
    values = {
        tensor.index: expected[f"tensor_{tensor.index}"].reshape(tensor.shape) if tensor.data is None else tensor.data
        for tensor in model.tensors
    }
    before = values | {tensor.index: reset(tensor) for tensor in model.tensors if tensor.is_variable}
    compared = 0
    for op in model.ops:
        operator = OPERATORS[op.name]
        assert operator.check(model, op) is None
        found = operator.reference(model, op, [None if index < 0 else before[index] for index in op.inputs])
        for index, value in zip(written(model, op), found, strict=True):
            np.testing.assert_array_equal(value, values[index], err_msg=f"layer {op.index} ({op.name})")
            compared += 1
    assert compared >= len(model.ops)


@pytest.mark.parametrize("name", MODELS)
def test_macs(reference_data, name):
    model = load(reference_data / "models" / f"{name}.tflite")
    assert sum(OPERATORS[op.name].macs(model, op) for op in model.ops) == MODELS[name]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("mve", [False, True])
def test_arrays_are_as_large_as_prepare_allocates(reference_data, name, mve):
    model = load(reference_data / "models" / f"{name}.tflite")
    runtime = Runtime("cmsis_nn", dsp=True, mve=mve)
    for op in model.ops:
        memory = OPERATORS[op.name].memory(model, op, runtime)
        arrays = OPERATORS[op.name].invocation(model, op, runtime).arrays
        assert tuple(len(array) for array in arrays) == memory.prepare_bytes


def test_operators_are_the_modules_of_their_names():
    """Every module of mcusim/ops is there under the TensorFlow Lite name that its file has; it calls our functions."""
    files = {path.stem for path in Path(ops.__file__).parent.glob("*.py")} - {"__init__"}
    assert {name: module.__name__ for name, module in OPERATORS.items()} == {
        name.upper(): f"mcusim.ops.{name}" for name in files
    }
    functions = load_firmware(firmware_path("armv6m")).symbols.keys()
    for name, module in OPERATORS.items():
        assert hasattr(BuiltinOperator, name)
        assert all(callable(getattr(module, offered)) for offered in OFFERED)
        assert set(module.KERNELS) <= functions


def test_states_are_those_that_the_operators_name():
    assert {name: module.STATES for name, module in OPERATORS.items() if hasattr(module, "STATES")} == STATES
