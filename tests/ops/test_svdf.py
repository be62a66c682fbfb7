"""SVDF: reference, TensorFlow Lite Micro and target agree, over several steps; memory, refusals."""

import numpy as np
import pytest
from one_layer import M4, M55, REFERENCE, Value, activation, one_layer, random_int8, reset

from mcusim.errors import BadModelError
from mcusim.ops import OPERATORS, written

SIZES = [(1, 6, 4, 9, 2), (2, 5, 3, 7, 1), (3, 1, 1, 1, 1), (1, 7, 2, 5, 3)]


def filters(rank=1, units=6, steps=4, inputs=9, batches=2, *, state="int8", zero_point=0, seed=0, gain=1.0,
            variable=True, state_scale=None, bias_scale=None, feature_zero_point=0):  # fmt: skip
    rng, count = np.random.default_rng(seed), rank * units
    scale = state_scale or (0.3 if state == "int8" else 0.002)
    limit = np.iinfo(state).max
    return one_layer(
        "SVDF",
        [
            Value((batches, inputs), 0.05 * gain, -4),
            Value(
                (count, inputs), 0.013, feature_zero_point, data=rng.integers(-127, 128, (count, inputs), dtype=np.int8)
            ),
            Value((count, steps), 0.01, dtype=state, data=rng.integers(-limit, limit, (count, steps)).astype(state)),
            Value((units,), bias_scale or scale * 0.01, dtype="int32", data=rng.integers(-99, 99, units, np.int32)),
            Value((batches, count * steps), scale, zero_point, state, variable=variable),
        ],
        Value((batches, units), 0.41 if state == "int8" else 2.0, 3),
        "SVDFOptions",
        Rank=rank,
        FusedActivationFunction=activation("RELU"),
    )


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("state, zero_point", [("int8", 0), ("int8", -9), ("int16", 0)])
@pytest.mark.parametrize("gain", [0.3, 1.0, 9.0])
def test_one_result(sizes, state, zero_point, gain):
    layer = filters(*sizes, state=state, zero_point=zero_point, gain=gain)
    assert layer.check() is None
    value = random_int8(np.random.default_rng(1), layer.model.tensors[0].shape)
    np.testing.assert_array_equal(layer.reference(value), layer.tflm(value))
    np.testing.assert_array_equal(layer.reference(value), layer.target(value))


@pytest.mark.parametrize("state, zero_point", [("int8", 0), ("int8", 60), ("int16", 0)])
def test_the_state_is_tflite_micros_over_more_steps_than_it_holds(state, zero_point):
    runtime = pytest.importorskip("tflite_micro").runtime
    layer = filters(state=state, zero_point=zero_point, gain=3.0)
    interpreter = runtime.Interpreter.from_bytes(layer.file, arena_size=2**20)
    rng, tensors, op = np.random.default_rng(2), layer.model.tensors, layer.op
    held = reset(tensors[op.inputs[4]])
    for _ in range(6):
        value = random_int8(rng, tensors[0].shape)
        interpreter.set_input(value, 0)
        interpreter.invoke()
        operands = [value, *(tensors[index].data for index in op.inputs[1:4]), held]
        output, held = OPERATORS["SVDF"].reference(layer.model, op, operands)
        np.testing.assert_array_equal(output, interpreter.get_output(0))


def test_a_state_that_int8_does_not_hold_wraps_around():
    """−128 and a zero point of −9 are 119: TensorFlow Lite Micro adds the zero point behind the clamp."""
    layer = filters(rank=1, units=1, steps=2, inputs=1, batches=1, zero_point=-9, gain=99.0)
    weight = int(layer.model.tensors[1].data[0, 0])
    value = np.array([[-128 if weight > 0 else 127]], np.int8)
    _, state = layer.reference_outputs(value)
    assert state.tolist() == [[-9, 119]]
    layer.target(value)  # compares the states too


def test_the_layer_writes_its_output_and_its_state():
    layer = filters()
    assert written(layer.model, layer.op) == (5, 4)


def test_macs_and_memory():
    layer = filters(2, 5, 3, 7, 2)
    assert layer.macs() == 2 * 10 * (7 + 3)
    memory = layer.memory(M4)
    assert (memory.builtin_data_bytes, memory.init_bytes, memory.prepare_bytes) == (8, 40, ())
    assert memory.scratch_bytes == layer.memory(REFERENCE).scratch_bytes == (4 * 2 * 10, 4 * 2 * 5)
    assert layer.memory(REFERENCE).init_bytes == 36 and layer.memory(M55).prepare_bytes == (40,)
    sums = np.frombuffer(layer.invocation(M55).arrays[0], np.int32)
    np.testing.assert_array_equal(sums, layer.model.tensors[1].data.astype(int).sum(axis=1))


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"variable": False}, "no variable tensor"),
        ({"bias_scale": 0.5}, "bias whose scale"),
        ({"feature_zero_point": 3}, "zero point"),
        ({"state": "int16", "zero_point": 3}, "zero point"),
    ],
)
def test_refusals(change, reason):
    assert reason in filters(**change).check()


def test_a_rank_that_does_not_divide_the_filters_is_no_model():
    layer = filters(rank=1, units=5)
    options = dict(layer.op.options) | {"rank": 2}
    object.__setattr__(layer.op, "options", options)
    with pytest.raises(BadModelError, match="rank of 2 for 5 filters"):
        layer.check()
