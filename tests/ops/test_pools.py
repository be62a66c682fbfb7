"""AVERAGE_POOL_2D and MAX_POOL_2D: reference, LiteRT and target agree; memory by hand; what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from one_layer import M0PLUS, M4, M55, REFERENCE, pool, random_elements, random_int8

from mcusim.errors import BadModelError

# Scratch with CMSIS-NN on M4, M0+ and M55, then with reference kernels: averages sum 6 channels in int32 with DSP.
SCRATCH_BYTES = {"AVERAGE_POOL_2D": [24, 0, 0, 0], "MAX_POOL_2D": [0, 0, 0, 0]}

both = pytest.mark.parametrize("operator", SCRATCH_BYTES)


@both
@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(3, 9), st.integers(3, 9), st.sampled_from([1, 3, 4, 9])),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from(["SAME", "VALID"]),
    st.sampled_from(["NONE", "RELU", "RELU6"]),
    st.integers(0, 2**32),
)
def test_any_geometry_gives_one_result(operator, shape, size, stride, rule, fused, seed):
    layer = pool(operator, shape, size, stride, rule, fused=fused)
    assert layer.check() is None
    value = random_int8(np.random.default_rng(seed), shape)
    layer.assert_one_result(value)


@both
@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(1, 2), st.integers(3, 9), st.integers(3, 9), st.sampled_from([1, 3, 4, 9])),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from(["SAME", "VALID"]),
    st.sampled_from(["NONE", "RELU", "RELU6"]),
    st.integers(0, 2**32),
)
def test_int16_is_tflite_micros(operator, shape, size, stride, rule, fused, seed):
    layer = pool(operator, shape, size, stride, rule, fused=fused, dtype="int16", zero_point=0)
    assert layer.check() is None
    layer.assert_tflms_result(random_elements(seed, shape, "int16"))


@both
def test_memory(operator):
    layer = pool(operator, (1, 8, 8, 6), (2, 2), (2, 2), "VALID")
    assert layer.macs() == 0
    assert (layer.memory().builtin_data_bytes, layer.memory().init_bytes) == (40, 36)
    assert layer.memory(REFERENCE).init_bytes == 32
    scratch = [sum(layer.memory(runtime).scratch_bytes) for runtime in (M4, M0PLUS, M55, REFERENCE)]
    assert scratch == SCRATCH_BYTES[operator]


@both
def test_refusals(operator):
    assert "zero point" in pool(operator, (1, 8, 8, 6), (2, 2), (2, 2), "VALID", dtype="int16").check()
    assert "uint8 activations" in pool(operator, (1, 8, 8, 6), (2, 2), (2, 2), "VALID", dtype="uint8").check()
    assert "different quantization" in pool(operator, (1, 8, 8, 6), (2, 2), (2, 2), "VALID", output_scale=0.2).check()
    assert "TANH" in pool(operator, (1, 8, 8, 6), (2, 2), (2, 2), "VALID", fused="TANH").check()
    with pytest.raises(BadModelError, match="filter size below 1"):
        pool(operator, (1, 8, 8, 6), (0, 2), (2, 2), "SAME").check()
    with pytest.raises(BadModelError, match="does not fit its input of 1 × 8"):
        pool(operator, (1, 1, 8, 6), (2, 2), (2, 2), "VALID").check()
