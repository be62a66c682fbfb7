"""DIV: reference, TensorFlow Lite Micro and target agree where it is defined; memory; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, activation, one_layer, random_int8

# With a ratio of scales from 64 up no quotient is shifted right by more than 31 bits, which C++ leaves undefined.
DEFINED_RATIO = 64


def div(first, second, *, ratio=128.0, zeros=(0, 0, 0), fused="NONE", dtype="int8"):
    scales = 0.05, 0.02, float(np.float32(0.05 / 0.02 / ratio))
    return one_layer(
        "DIV",
        [Value(first, scales[0], zeros[0], dtype), Value(second, scales[1], zeros[1], dtype)],
        Value(np.broadcast_shapes(first, second), scales[2], zeros[2], dtype),
        "DivOptions",
        FusedActivationFunction=activation(fused),
    )


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([((1, 5, 4, 3), (1, 5, 4, 3)), ((7,), (7,)), ((1, 5, 4, 3), (1, 1, 1, 3)), ((5, 1), (1, 6))]),
    st.floats(DEFINED_RATIO, 10_000),
    st.tuples(*[st.integers(-128, 127)] * 3),
    st.sampled_from(["NONE", "RELU"]),
    st.integers(0, 2**32),
)
def test_any_shapes_and_scales_give_tflms_result(shapes, ratio, zeros, fused, seed):
    layer = div(*shapes, ratio=ratio, zeros=zeros, fused=fused)
    assert layer.check() is None
    rng = np.random.default_rng(seed)
    # 0 is left out too: a compiler may count the sign bits of 0 as it likes.
    dividend, divisor = (random_int8(rng, shape) for shape in shapes)
    dividend[dividend == zeros[0]] += 1 if zeros[0] < 127 else -1
    divisor[divisor == zeros[1]] += 1 if zeros[1] < 127 else -1
    layer.assert_tflms_result(dividend, divisor)


@pytest.mark.parametrize("ratio", [1.0, 0.01, 128.0])
def test_undefined_quotients_are_the_nearest(ratio):
    every = np.arange(-128, 128, dtype=np.int8)
    layer = div((256, 1), (1, 256), ratio=ratio)
    found = layer.target(every[:, None], every[None, :])
    with np.errstate(divide="ignore", invalid="ignore"):
        real = every[:, None].astype(float) / every[None, :] * ratio
    by_zero = np.where(every[:, None] >= 0, 127, -128)
    expected = np.where(every[None, :] == 0, by_zero, np.clip(np.nan_to_num(real), -128, 127))
    assert np.abs(found - expected).max() <= 0.51


def test_memory():
    memory = div((7,), (7,)).memory()
    assert (memory.builtin_data_bytes, memory.builtin_data_alignment, memory.init_bytes) == (1, 1, 28)
    assert div((7,), (7,)).macs() == 0


def test_refusals():
    assert "int16 activations" in div((7,), (7,), dtype="int16").check()
    assert "scales with a ratio" in div((7,), (7,), ratio=2.0**23).check()
    assert div((7,), (7,), ratio=2.0**21).check() is None
