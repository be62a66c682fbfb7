import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.fixedpoint import softmax_scaling
from mcusim.nn.softmax import softmax_s8, softmax_s8_s16


@settings(max_examples=80, deadline=None)
@given(
    rows=st.integers(1, 4),
    row_size=st.integers(1, 200),
    seed=st.integers(0, 2**32 - 1),
    spread=st.integers(0, 127),
    scale=st.floats(2.0**-12, 4.0, width=32),
    beta=st.sampled_from([1.0, 0.5, 2.0, 1.7]),
    zero_point=st.integers(-128, 127),
)
def test_softmax_s8_is_bit_exact(oracle, rows, row_size, seed, spread, scale, beta, zero_point):
    values = np.random.default_rng(seed).integers(-spread - 1, spread + 1, (rows, row_size)).astype(np.int8)
    result = np.zeros_like(values)
    expected = oracle.run(
        "SOFTMAX",
        [oracle.tensor(values, scale, zero_point)],
        oracle.tensor(result, 1 / 256, -128),
        "SoftmaxOptions",
        beta=beta,
    )
    softmax_s8(values, *softmax_scaling(float(np.float32(beta)), scale), result)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("row_size", [512, 1000, 4000])
def test_long_rows_of_equal_values_give_the_nearest_probability(row_size):
    """From 512 equal elements on TFLM stops (its divisor exceeds 31 bits); the value is still the rounded one."""
    values, result = np.zeros((1, row_size), np.int8), np.zeros((1, row_size), np.int8)
    softmax_s8(values, *softmax_scaling(1.0, 0.1), result)
    assert (np.abs(result.astype(float) + 128 - 256 / row_size) <= 0.5).all()


def test_the_vectors_outputs(vectors):
    count = 0
    for name, params, arrays in vectors("softmax"):
        output = np.zeros_like(arrays["expected"])
        softmax_s8(arrays["input"], params["multiplier"], params["shift"], params["diff_min"], output)
        np.testing.assert_array_equal(output, arrays["expected"], name)
        count += 1
    assert count >= 1


@pytest.mark.parametrize("kernel, dtype", [(softmax_s8, np.int8), (softmax_s8_s16, np.int16)])
def test_a_row_without_any_exponential_has_no_probability(kernel, dtype):
    """A diff_min above 0, which no model gives, leaves every element out; one row of two does not."""
    values = np.array([[1, 2, 3], [3, 3, 3]], np.int8)
    result = np.zeros((2, 3), dtype)
    kernel(values, 2**30, 20, 1, result)
    assert (result == np.iinfo(dtype).min).all()
    kernel(values, 2**30, 20, 0, result)
    assert result[0, 2] == np.iinfo(dtype).max and (result[0, :2] == np.iinfo(dtype).min).all()
    assert np.ptp(result[1]) == 0 and result[1, 0] > np.iinfo(dtype).min
