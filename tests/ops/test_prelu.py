"""PRELU: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_integers


def prelu(shape, alpha, *, scales=(0.1, 0.01, 0.09), zeros=(0, 0, 0), dtype="int8", alpha_dtype="int8"):
    return one_layer(
        "PRELU",
        [Value(shape, scales[0], zeros[0], dtype), Value(alpha, scales[1], zeros[1], alpha_dtype)],
        Value(shape, scales[2], zeros[2], dtype),
    )


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 1, 3)), ((2, 7), (2, 7)), ((1, 5, 4, 3), (5, 4, 3)), ((6,), (1,))]),
    st.sampled_from(["int8", "int16"]),
    st.tuples(st.floats(1e-3, 0.3), st.floats(1e-4, 0.02), st.floats(1e-3, 0.3)),
    st.tuples(*[st.integers(-128, 127)] * 3),
    st.integers(0, 2**32),
)
def test_any_shapes_and_scales_give_tflms_result(shapes, dtype, scales, zeros, seed):
    zeros = (0, zeros[1], 0) if dtype == "int16" else zeros
    layer = prelu(*shapes, scales=scales, zeros=zeros, dtype=dtype)
    assert layer.check() is None
    rng = np.random.default_rng(seed)
    layer.assert_tflms_result(random_integers(rng, shapes[0], dtype), random_integers(rng, shapes[1], "int8"))


def test_memory():
    assert (prelu((7,), (7,)).memory().builtin_data_bytes, prelu((7,), (7,)).memory().init_bytes) == (0, 28)
    assert prelu((7,), (7,)).macs() == 0


def test_refusals():
    assert "int16 activations" in prelu((7,), (7,), dtype="int16", alpha_dtype="int16").check()
    assert "int32 activations" in prelu((7,), (7,), dtype="int32").check()
    assert "broadcasting over 5" in prelu((1, 1, 1, 2, 7), (7,)).check()
