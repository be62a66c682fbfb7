"""DEQUANTIZE: int8 to float32 by reference, LiteRT and target; memory; what is refused."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import Value, one_layer, random_int8, random_integers


def dequantize(shape, *, scale=0.1, zero=9, source="int8", to="float32"):
    return one_layer("DEQUANTIZE", [Value(shape, scale, zero, source)], Value(shape, None, dtype=to))


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-6, 10.0), st.integers(-128, 127), st.integers(0, 2**32))
def test_any_scale_gives_one_result(scale, zero, seed):
    layer = dequantize((2, 33), scale=scale, zero=zero)
    assert layer.check() is None
    value = random_int8(np.random.default_rng(seed), (2, 33))
    assert layer.reference(value).dtype == np.float32
    layer.assert_one_result(value)


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-6, 10.0), st.integers(-1000, 1000), st.integers(0, 2**32))
def test_int16_gives_tflms_result(scale, zero, seed):
    layer = dequantize((2, 33), scale=scale, zero=zero, source="int16")
    assert layer.check() is None
    layer.assert_tflms_result(random_integers(np.random.default_rng(seed), (2, 33), "int16"))


def test_memory():
    assert (dequantize((7,)).memory().builtin_data_bytes, dequantize((7,)).memory().init_bytes) == (0, 32)
    assert dequantize((7,)).macs() == 0


def test_refusals():
    assert dequantize((7,), source="int32", zero=0).check() == "int32 to float32 is not supported"
    assert dequantize((7,), to="float16").check() == "int8 to float16 is not supported"
    assert "no quantization" in dequantize((7,), scale=None, zero=0).check()
