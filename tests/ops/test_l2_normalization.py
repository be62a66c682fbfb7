"""L2_NORMALIZATION: reference, TensorFlow Lite Micro and target agree; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, activation, one_layer, random_int8


def l2_normalization(shape, *, zero=0, output=(1 / 128, 0), fused="NONE", dtype="int8"):
    return one_layer(
        "L2_NORMALIZATION",
        [Value(shape, 0.1, zero, dtype)],
        Value(shape, *output, dtype),
        "L2NormOptions",
        FusedActivationFunction=activation(fused),
    )


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([(7,), (3, 40), (2, 2, 3, 5), (1, 500)]),
    st.integers(-128, 127),
    st.integers(0, 7),
    st.integers(0, 2**32),
)
def test_any_shape_gives_tflms_result(shape, zero, shift, seed):
    layer = l2_normalization(shape, zero=zero)
    assert layer.check() is None
    values = random_int8(np.random.default_rng(seed), shape)
    layer.assert_tflms_result(np.clip(zero + (values >> shift).astype(int), -128, 127).astype(np.int8))


def test_a_row_of_zeros_stays():
    assert (l2_normalization((2, 3), zero=5).target(np.full((2, 3), 5, np.int8)) == 0).all()


def test_memory():
    memory = l2_normalization((7,)).memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (1, 1, 4)
    assert l2_normalization((7,)).macs() == 0


def test_refusals():
    assert "(1/128 and 0 are)" in l2_normalization((7,), output=(1 / 256, 0)).check()
    assert "fused activation" in l2_normalization((7,), fused="RELU").check()
    assert "0 dimensions" in l2_normalization(()).check()
    assert "more than 33,025" in l2_normalization((33_026,)).check()
    assert "int16 activations" in l2_normalization((7,), dtype="int16").check()
