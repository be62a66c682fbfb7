import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.nn.pooling import avgpool_s8, max_pool_s8

KERNELS = {"AVERAGE_POOL_2D": avgpool_s8, "MAX_POOL_2D": max_pool_s8}


@settings(max_examples=80, deadline=None)
@given(
    operator=st.sampled_from(sorted(KERNELS)),
    kernel=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    margin=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    same=st.booleans(),
    batches=st.integers(1, 2),
    channels=st.integers(1, 9),
    seed=st.integers(0, 2**32 - 1),
    zero_point=st.integers(-128, 127),
    activation=st.sampled_from(["NONE", "RELU", "RELU6"]),
)
def test_pools_are_bit_exact(
    oracle,
    activation_range,
    window_geometry,
    operator,
    kernel,
    margin,
    stride,
    same,
    batches,
    channels,
    seed,
    zero_point,
    activation,
):
    scale = 0.1
    height, width = (k + m for k, m in zip(kernel, margin, strict=True))
    values = np.random.default_rng(seed).integers(-128, 128, (batches, height, width, channels), np.int8)
    (out_h, pad_h), (out_w, pad_w) = (
        window_geometry((height, width)[i], kernel[i], stride[i], 1, same) for i in range(2)
    )
    result = np.zeros((batches, out_h, out_w, channels), np.int8)
    expected = oracle.run(
        operator,
        [oracle.tensor(values, scale, zero_point)],
        oracle.tensor(result, scale, zero_point),
        "Pool2DOptions",
        padding=0 if same else 1,
        strideH=stride[0],
        strideW=stride[1],
        filterHeight=kernel[0],
        filterWidth=kernel[1],
        fusedActivationFunction=activation,
    )
    limits = activation_range(activation, scale, zero_point)
    KERNELS[operator](values, *kernel, *stride, pad_h, pad_w, *limits, result)
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(("values", "mean"), [((1, 2), 2), ((-1, -2), -2), ((1, 0), 1), ((-1, 0), -1), ((1, -1), 0)])
def test_averages_round_half_away_from_zero(values, mean):
    output = np.zeros((1, 1, 1, 1), np.int8)
    avgpool_s8(np.array(values, np.int8).reshape(1, 1, 2, 1), 1, 2, 1, 1, 0, 0, -128, 127, output)
    assert output[0, 0, 0, 0] == mean


@pytest.mark.parametrize(("op", "kernel"), [("avg_pool", avgpool_s8), ("max_pool", max_pool_s8)])
def test_the_vectors_outputs(vectors, op, kernel):
    count = 0
    for name, params, arrays in vectors(op):
        output = np.zeros_like(arrays["expected"])
        padding = params["padding"]["top"], params["padding"]["left"]
        limits = params["activation_min"], params["activation_max"]
        kernel(arrays["input"], *params["filter"], *params["stride"], *padding, *limits, output)
        np.testing.assert_array_equal(output, arrays["expected"], name)
        count += 1
    assert count >= 3
