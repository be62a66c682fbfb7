"""UNIDIRECTIONAL_SEQUENCE_LSTM: reference, TensorFlow Lite Micro and target agree; states, memory, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import M4, REFERENCE, Value, activation, one_layer, reset

from mcusim.errors import BadModelError
from mcusim.ops import OPERATORS, written

NAME = "UNIDIRECTIONAL_SEQUENCE_LSTM"


def lstm(dtype="int8", batches=2, times=3, inputs=5, units=4, *, time_major=False, clip=0.0, power=-12, seed=0,
         fused="TANH", peephole=False, cell_scale=None, weight_zero=0, bias=None, variable=True,
         hidden_zero=None):  # fmt: skip
    rng = np.random.default_rng(seed)

    def draw(low, high):
        return float(np.float32(rng.uniform(low, high)))

    is_int8 = dtype == "int8"
    of_input, of_hidden = (draw(0.003, 0.05), draw(0.004, 0.009)) if is_int8 else (draw(2e-5, 2e-4), draw(2e-5, 4e-5))
    zero, output_zero = (int(rng.integers(-128, 128)), int(rng.integers(-50, 50))) if is_int8 else (0, 0)
    shapes = [(units, inputs)] * 4 + [(units, units)] * 4
    weights = [
        Value(shape, draw(0.002, 0.02), weight_zero, data=rng.integers(-127, 128, shape, dtype=np.int8))
        for shape in shapes
    ]
    kind = bias or ("int32" if is_int8 else "int64")
    biases = [Value((units,), 1e-4, dtype=kind, data=rng.integers(-20000, 20000, units).astype(kind)) for _ in range(4)]
    shape = (times, batches, inputs) if time_major else (batches, times, inputs)
    state = (batches, units)
    hidden = Value(state, of_hidden, output_zero if hidden_zero is None else hidden_zero, dtype, variable=variable)
    return one_layer(
        NAME,
        [
            Value(shape, of_input, zero, dtype),
            *weights,
            *(Value((units,), 0.1, data=np.ones(units, np.int8)) if peephole else None, None, None),
            *biases,
            *(None, None),
            *(hidden, Value(state, cell_scale or 2.0**power, 0, "int16", variable=variable)),
            *(None,) * 4,
        ],
        Value((*shape[:2], units), of_hidden, output_zero, dtype),
        "UnidirectionalSequenceLSTMOptions",
        FusedActivationFunction=activation(fused),
        TimeMajor=time_major,
        CellClip=clip,
    )


@settings(max_examples=20, deadline=None)
@given(
    dtype=st.sampled_from(["int8", "int16"]),
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 30), st.integers(1, 13)),
    time_major=st.booleans(),
    clip=st.sampled_from([0.0, 0.5, 10.0]),
    power=st.sampled_from([-9, -11, -12, -15]),
    seed=st.integers(0, 2**32 - 1),
)
def test_one_result_over_two_sequences(dtype, sizes, time_major, clip, power, seed):
    runtime = pytest.importorskip("tflite_micro").runtime
    layer = lstm(dtype, *sizes, time_major=time_major, clip=clip, power=power, seed=seed)
    assert layer.check() is None
    interpreter = runtime.Interpreter.from_bytes(layer.file, arena_size=2**20)
    rng, limits, tensors = np.random.default_rng(seed), np.iinfo(dtype), layer.model.tensors
    held = {tensor.index: reset(tensor) for tensor in tensors if tensor.is_variable}
    values = [rng.integers(limits.min, limits.max + 1, tensors[0].shape).astype(dtype) for _ in range(2)]
    for value in values:
        interpreter.set_input(value, 0)
        interpreter.invoke()
        known = held | {0: value}
        operands = [None if i < 0 else known.get(i, tensors[i].data) for i in layer.op.inputs]
        output, *states = OPERATORS[NAME].reference(layer.model, layer.op, operands)
        held = dict(zip(written(layer.model, layer.op)[1:], states, strict=True))
        np.testing.assert_array_equal(output, interpreter.get_output(0))
    np.testing.assert_array_equal(layer.reference(values[0]), layer.target(values[0]))


def test_the_hidden_state_is_the_last_output():
    layer = lstm()
    value = np.random.default_rng(4).integers(-128, 128, (2, 3, 5)).astype(np.int8)
    output, hidden, _ = layer.reference_outputs(value)
    np.testing.assert_array_equal(hidden, output[:, -1])


@pytest.mark.parametrize("dtype, sum_bytes", [("int8", 4), ("int16", 8)])
def test_macs_and_memory(dtype, sum_bytes):
    layer = lstm(dtype)
    assert layer.macs() == 4 * 2 * 3 * 4 * (5 + 4)
    memory, plain = layer.memory(M4), layer.memory(REFERENCE)
    assert (memory.builtin_data_bytes, memory.init_bytes, plain.init_bytes) == (16, 912, 688)
    assert memory.prepare_bytes == (4 * sum_bytes,) * 8 and plain.prepare_bytes == ()
    assert memory.scratch_bytes == (2 * 4 * 2,) * 3 and plain.scratch_bytes == (2 * 4 * 2,) * 4


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"fused": "RELU"}, "activation RELU"),
        ({"peephole": True}, "peepholes"),
        ({"cell_scale": 0.0003}, "cell state of scale"),
        ({"power": -8}, "cell state of scale"),
        ({"weight_zero": 2}, "zero point"),
        ({"bias": "int64"}, "int64 bias"),
        ({"variable": False}, "no variable tensors"),
        ({"hidden_zero": 77}, "another quantization"),
    ],
)
def test_refusals(change, reason):
    assert reason in lstm(**change).check()


def test_shapes_that_disagree_are_no_model():
    layer = lstm()
    object.__setattr__(layer.model.tensors[layer.op.inputs[3]], "shape", (4, 6))
    with pytest.raises(BadModelError, match=r"layer 0 \(UNIDIRECTIONAL_SEQUENCE_LSTM\)"):
        layer.check()
