"""MUL: reference and target agree, also where an operand repeats; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, activation, one_layer, random_int8, random_integers


def mul(first, second, output, *, scales=(0.05, 0.11, 0.13), zeros=(-7, 20, 3), fused="NONE", dtype="int8"):
    return one_layer(
        "MUL",
        [Value(first, scales[0], zeros[0], dtype), Value(second, scales[1], zeros[1], dtype)],
        Value(output, scales[2], zeros[2], dtype),
        "MulOptions",
        FusedActivationFunction=activation(fused),
    )


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 5, 4, 3)), ((9,), (9,)), ((1, 5, 4, 3), (1, 1, 1, 3)), ((5, 3), ())]),
    st.tuples(*[st.floats(1e-3, 0.3)] * 3),
    st.tuples(*[st.integers(-128, 127)] * 3),
    st.sampled_from(["NONE", "RELU", "RELU6"]),
    st.integers(0, 2**32),
)
def test_any_shapes_and_scales_give_one_result(shapes, scales, zeros, fused, seed):
    layer = mul(*shapes, np.broadcast_shapes(*shapes), scales=scales, zeros=zeros, fused=fused)
    assert layer.check() is None
    rng = np.random.default_rng(seed)
    values = [random_int8(rng, shape) for shape in shapes]
    # Not LiteRT's: near ties it rounds otherwise than TensorFlow Lite Micro, which tests/nn compares with.
    layer.target(*values)


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 5, 4, 3)), ((9,), (9,)), ((1, 5, 4, 3), (1, 1, 1, 3)), ((5, 3), ())]),
    st.tuples(*[st.floats(1e-4, 1e-2)] * 2),
    st.floats(0.1, 3.0),
    st.sampled_from(["NONE", "RELU", "RELU6"]),
    st.integers(0, 2**32),
)
def test_int16_gives_tflms_result(shapes, scales, relative, fused, seed):
    every_scale = (*scales, scales[0] * scales[1] * 32768 * relative)
    output = np.broadcast_shapes(*shapes)
    layer = mul(*shapes, output, scales=every_scale, zeros=(0, 0, 0), fused=fused, dtype="int16")
    assert layer.check() is None
    rng = np.random.default_rng(seed)
    layer.assert_tflms_result(*(random_integers(rng, shape, "int16") for shape in shapes))


def test_kernel_follows_the_shapes():
    assert mul((1, 3, 4), (3, 4), (1, 3, 4)).invocation().calls[0].symbol == "arm_elementwise_mul_s8"
    assert mul((3, 4), (4,), (3, 4)).invocation().calls[0].symbol == "mcusim_broadcast_mul_s8"


def test_memory():
    memory = mul((7,), (7,), (7,)).memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (1, 1, 36)
    assert mul((7,), (7,), (7,)).macs() == 0


def test_refusals():
    assert "float32 activations" in mul((7,), (7,), (7,), dtype="float32").check()
    assert "scales with a ratio" in mul((7,), (7,), (7,), scales=(1e6, 1e6, 0.01)).check()
