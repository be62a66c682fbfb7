"""Comparisons, logical operators, MAXIMUM and MINIMUM: reference, TensorFlow Lite Micro and target agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import REFERENCE, Value, one_layer, random_integers

import mcusim
from mcusim.errors import BadModelError

COMPARISONS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")
MIN_MAX = ("MAXIMUM", "MINIMUM")
SHAPES = st.sampled_from(
    [((1, 5, 4, 3), (1, 5, 4, 3)), ((7,), (7,)), ((1, 5, 4, 3), (1, 1, 1, 3)), ((5, 1), (1, 6)), ((2, 3, 4), ())]
)


def layer(operator, first, second, dtype, *, scales=(None, None), zeros=(0, 0), output=None, shape=None):
    result = output or (dtype if operator in MIN_MAX else "bool")
    values = [Value(first, scales[0], zeros[0], dtype), Value(second, scales[1], zeros[1], dtype)]
    return one_layer(operator, values, Value(shape or np.broadcast_shapes(first, second), None, 0, result))


@settings(max_examples=40, deadline=None)
@given(
    SHAPES,
    st.sampled_from(COMPARISONS),
    st.tuples(*[st.floats(1e-3, 0.9)] * 2),
    st.tuples(*[st.integers(-128, 127)] * 2),
    st.integers(0, 2**32),
)
def test_comparisons_of_int8_rescale(shapes, operator, scales, zeros, seed):
    one = layer(operator, *shapes, "int8", scales=scales, zeros=zeros)
    assert one.check() is None
    rng = np.random.default_rng(seed)
    one.assert_tflms_result(*(random_integers(rng, shape, "int8") for shape in shapes))


@settings(max_examples=40, deadline=None)
@given(
    SHAPES,
    st.sampled_from([(name, dtype) for name in COMPARISONS for dtype in ("int32", "int64")]
                    + [(name, "bool") for name in COMPARISONS[:2]]),
    st.integers(0, 2**32),
)  # fmt: skip
def test_comparisons_of_stored_values(shapes, what, seed):
    one = layer(what[0], *shapes, what[1])
    assert one.check() is None
    rng = np.random.default_rng(seed)
    values = [random_integers(rng, shape, what[1]) for shape in shapes]
    if what[1] != "bool":
        values = [value // (np.iinfo(what[1]).max // 3) for value in values]
    one.assert_tflms_result(*values)


@settings(max_examples=40, deadline=None)
@given(SHAPES, st.sampled_from(MIN_MAX), st.sampled_from(["int8", "int16", "int32", "int64"]), st.integers(0, 2**32))
def test_maximum_and_minimum(shapes, operator, dtype, seed):
    one = layer(operator, *shapes, dtype)
    assert one.check() is None
    rng = np.random.default_rng(seed)
    one.assert_tflms_result(*(random_integers(rng, shape, dtype) for shape in shapes))


@pytest.mark.parametrize("operator", ["LOGICAL_AND", "LOGICAL_OR"])
def test_logical_operators(operator):
    one = layer(operator, (2, 1), (1, 2), "bool")
    assert one.check() is None
    one.assert_tflms_result(np.array([[True], [False]]), np.array([[True, False]]))
    assert one.memory().init_bytes == one.macs() == 0


def test_a_run_without_inputs_takes_bools():
    one = layer("EQUAL", (40,), (40,), "bool")
    run = mcusim.run(mcusim.plan(one.model, mcusim.load_board("nano33ble")))
    assert run.layers[0].bit_exact
    assert 0 < run.outputs[0].sum() < 40


def test_kernel_follows_the_type():
    assert layer("MAXIMUM", (3,), (3,), "int8").invocation().calls[0].symbol == "arm_maximum_s8"
    assert layer("MINIMUM", (3,), (3,), "int16").invocation().calls[0].symbol == "mcusim_minimum_s16"
    assert layer("LESS", (3,), (3,), "int64").invocation().calls[0].symbol == "mcusim_less_s64"


def test_five_dimensions_that_do_not_repeat():
    one = layer("MAXIMUM", (1, 2, 1, 3, 2), (1, 2, 1, 3, 2), "int8")
    assert one.check() is None
    one.assert_tflms_result(*(random_integers(np.random.default_rng(1), (1, 2, 1, 3, 2), "int8") for _ in range(2)))


def test_memory():
    assert layer("EQUAL", (3,), (3,), "int32").memory().init_bytes == 32
    assert layer("MAXIMUM", (3,), (3,), "int8").memory().init_bytes == 0
    assert layer("EQUAL", (3,), (3,), "int32").memory(REFERENCE).init_bytes == 32
    assert layer("EQUAL", (3,), (3,), "int32").memory().builtin_data_bytes == 0


def test_refusals():
    scales = (0.1, 0.1)
    assert "int16 and int16 together" in layer("LESS", (3,), (3,), "int16", scales=scales).check()
    assert "bool and bool together" in layer("LESS", (3,), (3,), "bool").check()
    assert "int8 and int8 together" in layer("LOGICAL_OR", (3,), (3,), "int8", scales=scales).check()
    assert "int32 and int32 together" in layer("LESS", (3,), (3,), "int32", output="int32").check()
    assert "int16 and bool together" in layer("MAXIMUM", (3,), (3,), "int16", output="bool").check()
    assert "not below 1" in layer("LESS", (3,), (3,), "int8", scales=(0.1, 1.0)).check()
    assert "no quantization" in layer("LESS", (3,), (3,), "int8", scales=(0.1, None)).check()
    assert "broadcasting over 5" in layer("LESS", (1, 1, 1, 2, 3), (3,), "int32").check()
    assert "is empty" in layer("LESS", (0,), (0,), "int32").check()
    with pytest.raises(BadModelError, match=r"layer 0 \(LESS\)"):
        layer("LESS", (3,), (3,), "int32", shape=(4,)).check()
