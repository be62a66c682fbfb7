"""ABS: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_integers


def absolute(*, scales=(0.1, 0.07), zeros=(0, 0), dtype="int8"):
    return one_layer("ABS", [Value((300,), scales[0], zeros[0], dtype)], Value((300,), scales[1], zeros[1], dtype))


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from(["int8", "int16"]),
    st.floats(1e-3, 1.0),
    st.sampled_from([1.0, 0.5, 0.3, 2.7]),
    st.tuples(*[st.integers(-128, 127)] * 2),
    st.integers(0, 2**32),
)
def test_any_scales_give_tflms_result(dtype, scale, relative, zeros, seed):
    layer = absolute(scales=(scale, scale * relative), zeros=(0, 0) if dtype == "int16" else zeros, dtype=dtype)
    assert layer.check() is None
    layer.assert_tflms_result(random_integers(np.random.default_rng(seed), (300,), dtype))


def test_memory():
    # 16 bytes of integers, a bool, and two enumerations of one byte; rounded up to the alignment of 4.
    assert (absolute().memory().builtin_data_bytes, absolute().memory().init_bytes, absolute().macs()) == (0, 20, 0)


def test_refusals():
    assert "int32 activations" in absolute(dtype="int32").check()
    assert "no quantization" in absolute(scales=(None, 0.1), dtype="int16").check()
