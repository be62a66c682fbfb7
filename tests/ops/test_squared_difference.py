"""SQUARED_DIFFERENCE: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_integers


def squared_difference(first, second, *, scales=(0.05, 0.11, 0.13), zeros=(0, 0, 0), dtype="int8"):
    return one_layer(
        "SQUARED_DIFFERENCE",
        [Value(first, scales[0], zeros[0], dtype), Value(second, scales[1], zeros[1], dtype)],
        Value(np.broadcast_shapes(first, second), scales[2], zeros[2], dtype),
    )


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 5, 4, 3)), ((7,), (7,)), ((1, 5, 4, 3), (1, 1, 1, 3)), ((5, 1), (1, 6))]),
    st.sampled_from(["int8", "int16"]),
    st.tuples(*[st.floats(1e-3, 0.3)] * 2),
    st.floats(0.1, 4.0),
    st.tuples(*[st.integers(-128, 127)] * 3),
    st.integers(0, 2**32),
)
def test_any_shapes_and_scales_give_tflms_result(shapes, dtype, scales, relative, zeros, seed):
    zeros = (0, 0, 0) if dtype == "int16" else zeros
    largest = (255 if dtype == "int8" else 65535) * max(scales)
    output_scale = largest**2 / (255 if dtype == "int8" else 32767) * relative
    layer = squared_difference(*shapes, scales=(*scales, output_scale), zeros=zeros, dtype=dtype)
    assert layer.check() is None
    rng = np.random.default_rng(seed)
    layer.assert_tflms_result(*(random_integers(rng, shape, dtype) for shape in shapes))


def test_memory():
    layer = squared_difference((7,), (7,))
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes, layer.macs()) == (0, 112, 0)


def test_refusals():
    assert "int32 activations" in squared_difference((7,), (7,), dtype="int32").check()
    assert "scales with a ratio" in squared_difference((7,), (7,), scales=(1e6, 1.0, 1e-6)).check()
