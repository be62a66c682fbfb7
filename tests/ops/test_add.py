"""ADD: reference, LiteRT and target agree, also where an operand repeats; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import REFERENCE, Value, activation, one_layer, random_int8, random_integers

from mcusim.errors import BadModelError


def add(first, second, output, *, scales=(0.05, 0.11, 0.13), zeros=(-7, 20, 3), fused="NONE", dtype="int8", data=None):
    return one_layer(
        "ADD",
        [Value(first, scales[0], zeros[0], dtype), Value(second, scales[1], zeros[1], dtype, data=data)],
        Value(output, scales[2], zeros[2], dtype),
        "AddOptions",
        FusedActivationFunction=activation(fused),
    )


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(
        [
            ((1, 5, 4, 3), (1, 5, 4, 3)),
            ((7,), (7,)),
            ((1, 3, 4), (3, 4)),
            ((1, 5, 4, 3), (1, 1, 1, 3)),
            ((1, 5, 1, 3), (2, 1, 4, 3)),
            ((5, 3), (3,)),
            ((5, 3), ()),
            ((1,), (2, 3, 4)),
        ]
    ),
    st.tuples(*[st.floats(1e-3, 0.3)] * 3),
    st.tuples(*[st.integers(-128, 127)] * 3),
    st.sampled_from(["NONE", "RELU", "RELU6"]),
    st.integers(0, 2**32),
)
def test_any_shapes_and_scales_give_one_result(shapes, scales, zeros, fused, seed):
    layer = add(*shapes, np.broadcast_shapes(*shapes), scales=scales, zeros=zeros, fused=fused)
    assert layer.check() is None
    rng = np.random.default_rng(seed)
    values = [random_int8(rng, shape) for shape in shapes]
    layer.assert_one_result(*values)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 5, 4, 3)), ((7,), (7,)), ((1, 5, 4, 3), (1, 1, 1, 3)), ((5, 3), ())]),
    st.tuples(*[st.floats(1e-5, 1e-2)] * 3),
    st.sampled_from(["NONE", "RELU", "RELU6"]),
    st.integers(0, 2**32),
)
def test_int16_of_any_shapes_and_scales_gives_tflms_result(shapes, scales, fused, seed):
    output = np.broadcast_shapes(*shapes)
    layer = add(*shapes, output, scales=scales, zeros=(0, 0, 0), fused=fused, dtype="int16")
    assert layer.check() is None
    rng = np.random.default_rng(seed)
    layer.assert_tflms_result(*(random_integers(rng, shape, "int16") for shape in shapes))


def test_one_operand_may_be_constant():
    layer = add((2, 6), (6,), (2, 6), data=np.arange(6, dtype=np.int8))
    value = random_int8(np.random.default_rng(1), (2, 6))
    np.testing.assert_array_equal(layer.target(value), layer.litert(value))


def test_kernel_follows_the_shapes():
    assert add((1, 3, 4), (3, 4), (1, 3, 4)).invocation().calls[0].symbol == "arm_elementwise_add_s8"
    assert add((3, 4), (4,), (3, 4)).invocation().calls[0].symbol == "mcusim_broadcast_add_s8"
    assert add((4,), (4,), (4,), dtype="int16").invocation().calls[0].symbol == "arm_elementwise_add_s16"
    assert add((3, 4), (4,), (3, 4), dtype="int16").invocation().calls[0].symbol == "mcusim_broadcast_add_s16"


def test_memory():
    memory = add((7,), (7,), (7,)).memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (2, 1, 60)
    assert memory == add((7,), (7,), (7,)).memory(REFERENCE)
    assert add((7,), (7,), (7,)).macs() == 0


def test_refusals():
    assert "int32 activations" in add((7,), (7,), (7,), dtype="int32").check()
    assert "zero point other than 0" in add((7,), (7,), (7,), dtype="int16").check()
    assert "times the output's" in add((7,), (7,), (7,), scales=(1e5, 1.0, 0.1)).check()
    assert "broadcasting over 5" in add((1, 2, 3, 4, 5), (5,), (1, 2, 3, 4, 5)).check()
    assert "no quantization" in add((7,), (7,), (7,), scales=(None, 1.0, 1.0)).check()
    assert "is empty" in add((0, 7), (1, 7), (0, 7)).check()


@pytest.mark.parametrize("shapes", [((3, 4), (3,), (3, 4)), ((3, 4), (4,), (4,)), ((2, 3), (3, 2), (2, 3))])
def test_shapes_that_disagree_are_no_model(shapes):
    with pytest.raises(BadModelError, match=r"layer 0 \(ADD\)"):
        add(*shapes).check()
