"""BATCH_MATMUL: reference, TensorFlow Lite Micro and target agree; memory, refusals."""

import numpy as np
import pytest
from one_layer import M4, M55, REFERENCE, Value, one_layer

from mcusim.errors import BadModelError

SHAPES = [
    ((2, 3, 5, 7), (2, 3, 7, 4)),
    ((5, 7), (7, 4)),
    ((2, 1, 5, 7), (2, 3, 7, 4)),
    ((2, 3, 5, 7), (2, 1, 7, 4)),
    ((3, 5, 8), (1, 8, 3)),
    ((3, 5, 8), (8, 4)),
    ((1, 1), (2, 2, 1, 1)),
]


def product(lhs, rhs, *, adj_x=False, adj_y=False, dtype="int8", constant=None, output=None, zero_points=(-5, 7, 3)):
    """lhs · rhs before either is transposed; `constant` is the value of the right side as it lies in the file."""
    left = (*lhs[:-2], lhs[-1], lhs[-2]) if adj_x else lhs
    right = (*rhs[:-2], rhs[-1], rhs[-2]) if adj_y else rhs
    scales = (0.0365, 0.065, 0.7) if dtype == "int8" else (0.00014, 0.00026, 0.0006)
    zeros = zero_points if dtype == "int8" else (0, 0, 0)
    shape = output or (*np.broadcast_shapes(lhs[:-2], rhs[:-2]), lhs[-2], rhs[-1])
    return one_layer(
        "BATCH_MATMUL",
        [Value(left, scales[0], zeros[0], dtype), Value(right, scales[1], zeros[1], dtype, data=constant)],
        Value(shape, scales[2], zeros[2], dtype),
        "BatchMatMulOptions",
        AdjX=adj_x,
        AdjY=adj_y,
    )


def random(rng, shape, dtype):
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("adj_x", [False, True])
@pytest.mark.parametrize("adj_y", [False, True])
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_one_result(shapes, adj_x, adj_y, dtype):
    rng = np.random.default_rng(len(str(shapes)))
    layer = product(*shapes, adj_x=adj_x, adj_y=adj_y, dtype=dtype)
    assert layer.check() is None
    values = [random(rng, layer.model.tensors[index].shape, dtype) for index in (0, 1)]
    found = layer.reference(*values)
    assert len(np.unique(found)) > 1
    np.testing.assert_array_equal(found, layer.tflm(*values))
    np.testing.assert_array_equal(found, layer.target(*values))


@pytest.mark.parametrize("adj_y", [False, True])
def test_a_constant_right_side_is_transposed_once(adj_y):
    rng = np.random.default_rng(5)
    weights = random(rng, (4, 7) if adj_y else (7, 4), "int8")
    layer = product((2, 5, 7), (7, 4), adj_y=adj_y, constant=weights)
    value = random(rng, (2, 5, 7), "int8")
    np.testing.assert_array_equal(layer.reference(value), layer.tflm(value))
    np.testing.assert_array_equal(layer.reference(value), layer.target(value))
    assert [call.symbol for call in layer.invocation().calls] == ["arm_batch_matmul_s8"]


def test_scales_are_multiplied_in_double_precision():
    """With these scales float32 gives another Q15 multiplier; TensorFlow Lite Micro has that of double."""
    rng, single = np.random.default_rng(1), np.float32
    while True:
        lhs, rhs, output = (single(rng.uniform(*limits)) for limits in ((1e-4, 1e-3), (1e-3, 1e-2), (1e-3, 3e-3)))
        exact, rounded = float(lhs) * float(rhs) / float(output), float(lhs * rhs) / float(output)
        if round(np.frexp(exact)[0] * 2**15) != round(np.frexp(rounded)[0] * 2**15):
            break
    operands = [Value((16, 40), float(lhs), 0, "int16"), Value((20, 40), float(rhs), 0, "int16")]
    result = Value((16, 20), float(output), 0, "int16")
    layer = one_layer("BATCH_MATMUL", operands, result, "BatchMatMulOptions", AdjX=False, AdjY=True)
    values = random(rng, (16, 40), "int16"), rng.integers(-100, 100, (20, 40)).astype(np.int16)
    np.testing.assert_array_equal(layer.reference(*values), layer.tflm(*values))


def test_macs_and_memory():
    layer = product((2, 3, 5, 7), (2, 3, 7, 4), adj_x=True)
    assert layer.macs() == 2 * 3 * 5 * 7 * 4
    memory = layer.memory(M4)
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (3, 1, 36)
    assert memory.prepare_bytes == (12, 20, 2 * 3 * 5 * 7, 12, 20, 2 * 3 * 7 * 4, 28)
    assert layer.memory(REFERENCE).init_bytes == 16 and memory.scratch_bytes == ()
    assert layer.memory(M55).scratch_bytes == (4 * 4,)
    assert product((5, 7), (7, 4), adj_y=True).memory().prepare_bytes == (28,)


@pytest.mark.parametrize(
    "lhs, rhs, output",
    [
        ((5, 7), (6, 4), (5, 4)),
        ((2, 5, 7), (3, 7, 4), (2, 5, 4)),
        ((5, 7), (7, 4), (4, 5)),
        ((1, 1, 1, 5, 7), (7, 4), (5, 4)),
        ((7,), (7, 4), (4,)),
        ((0, 7), (7, 4), (0, 4)),
    ],
)
def test_shapes_that_disagree_are_no_model(lhs, rhs, output):
    operands = [Value(lhs, 0.1), Value(rhs, 0.1)]
    layer = one_layer("BATCH_MATMUL", operands, Value(output, 0.1), "BatchMatMulOptions", AdjX=False, AdjY=False)
    with pytest.raises(BadModelError, match=r"layer 0 \(BATCH_MATMUL\)"):
        layer.check()


def test_other_types_are_refused():
    operands = [Value((2, 2), 0.1, dtype="int16", zero_point=3), Value((2, 2), 0.1, dtype="int16")]
    layer = one_layer("BATCH_MATMUL", operands, Value((2, 2), 0.1, dtype="int16"), "BatchMatMulOptions")
    assert "zero point" in layer.check()
