import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.fixedpoint import quantize_multiplier
from mcusim.nn.fully_connected import fully_connected_per_channel_s8, fully_connected_s8


def rounded_twice(accumulators, multiplier, shift):
    """TFLM's rule in exact Python integers: high half with halves up, right shift with halves away from zero."""

    def one(value, factor, exponent):
        high = (value * 2 ** max(exponent, 0) * factor + 2**30) // 2**31
        divisor = 2 ** max(-exponent, 0)
        magnitude = (2 * abs(high) + divisor) // (2 * divisor)
        return magnitude if high >= 0 else -magnitude

    arrays = np.broadcast_arrays(accumulators, multiplier, shift)
    return np.vectorize(lambda *scalars: one(*map(int, scalars)), otypes=[np.int64])(*arrays)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 3),
    inputs=st.integers(1, 70),
    outputs=st.integers(1, 20),
    seed=st.integers(0, 2**32 - 1),
    offsets=st.tuples(st.integers(-127, 128), st.integers(-127, 128), st.integers(-128, 127)),
    shift=st.integers(-14, 1),
    limits=st.tuples(st.integers(-128, 127), st.integers(-128, 127)).map(sorted),
)
def test_both_forms_round_twice(rows, inputs, outputs, seed, offsets, shift, limits):
    input_offset, filter_offset, output_offset = offsets
    random = np.random.default_rng(seed)
    values = random.integers(-128, 128, (rows, inputs), np.int8)
    weights = random.integers(-128, 128, (outputs, inputs), np.int8)
    bias = random.integers(-30000, 30001, outputs, np.int32)
    multipliers = random.integers(2**30, 2**31, outputs, np.int32)
    shifts = (shift - random.integers(0, 3, outputs)).astype(np.int32)
    accumulators = (values.astype(np.int64) + input_offset) @ (weights.astype(np.int64) + filter_offset).T + bias

    per_tensor = np.zeros((rows, outputs), np.int8)
    multiplier = int(multipliers[0])
    fully_connected_s8(values, weights, bias, multiplier, shift, *offsets, *limits, per_tensor)
    expected = np.clip(rounded_twice(accumulators, multiplier, shift) + output_offset, *limits)
    np.testing.assert_array_equal(per_tensor, expected)

    per_channel = np.zeros((rows, outputs), np.int8)
    fully_connected_per_channel_s8(values, weights, bias, multipliers, shifts, *offsets, *limits, per_channel)
    expected = np.clip(rounded_twice(accumulators, multipliers, shifts) + output_offset, *limits)
    np.testing.assert_array_equal(per_channel, expected)


@settings(max_examples=60, deadline=None)
@given(
    per_channel=st.booleans(),
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 70), st.integers(1, 20)),
    seed=st.integers(0, 2**32 - 1),
    zero_points=st.tuples(st.integers(-128, 127), st.integers(-128, 127)),
    gain=st.floats(-9, 0),
    activation=st.sampled_from(["NONE", "RELU", "RELU6"]),
)
def test_both_forms_are_tflm_bit_for_bit(
    tflm, activation_range, per_channel, sizes, seed, zero_points, gain, activation
):
    rows, inputs, outputs = sizes
    random = np.random.default_rng(seed)
    values = random.integers(-128, 128, (rows, inputs), np.int8)
    weights = random.integers(-127, 128, (outputs, inputs), np.int8)
    bias = random.integers(-5000, 5001, outputs, np.int32)
    input_scale = float(np.float32(random.uniform(0.001, 0.1)))
    filter_scales = random.uniform(0.001, 0.1, outputs if per_channel else 1).astype(np.float32).astype(np.float64)
    output_scale = float(np.float32(input_scale * filter_scales.mean() * 2.0**-gain))
    result = np.zeros((rows, outputs), np.int8)
    expected = tflm.run(
        "FULLY_CONNECTED",
        [
            tflm.tensor(values, input_scale, zero_points[0]),
            tflm.constant(weights, filter_scales),
            tflm.constant(bias, np.float32(input_scale) * filter_scales.astype(np.float32)),
        ],
        tflm.tensor(result, output_scale, zero_points[1]),
        "FullyConnectedOptions",
        fusedActivationFunction=activation,
    )
    pairs = [quantize_multiplier(input_scale * scale / output_scale) for scale in filter_scales]
    offsets = -zero_points[0], 0, zero_points[1]
    limits = activation_range(activation, output_scale, zero_points[1])
    if len(pairs) > 1:
        multiplier, shift = np.array(pairs, np.int32).T.copy()
        fully_connected_per_channel_s8(values, weights, bias, multiplier, shift, *offsets, *limits, result)
    else:
        fully_connected_s8(values, weights, bias, *pairs[0], *offsets, *limits, result)
    np.testing.assert_array_equal(result, expected)


def test_rounding_once_would_differ():
    output = np.zeros((1, 1), np.int8)
    bias = np.array([7], np.int32)
    none = np.zeros((1, 1), np.int8)
    # 7 · (2**30 + 2**26) / 2**31 = 3.71875 → 4, then 4 / 2**3 = 0.5 → 1; once: 3.71875 / 8 = 0.46 → 0
    fully_connected_s8(none, none, bias, 2**30 + 2**26, -3, 0, 0, 0, -128, 127, output)
    assert output[0, 0] == 1


@pytest.mark.parametrize("per_channel", [False, True])
def test_the_accumulator_wraps_around_in_int32_as_on_the_device(per_channel):
    ones, output = np.ones((1, 1), np.int8), np.zeros((1, 1), np.int8)
    bias = np.array([2**31 - 1], np.int32)
    if per_channel:
        pair = np.array([2**30], np.int32), np.array([-23], np.int32)
        fully_connected_per_channel_s8(ones, ones, bias, *pair, 0, 0, 0, -128, 127, output)
    else:
        fully_connected_s8(ones, ones, bias, 2**30, -23, 0, 0, 0, -128, 127, output)
    assert output[0, 0] == -128


def test_the_vectors_outputs(vectors):
    count = 0
    for name, params, arrays in vectors("fully_connected"):
        output = np.zeros_like(arrays["expected"])
        bias = arrays.get("bias", np.zeros(output.shape[-1], np.int32))
        pair = arrays["multiplier"], arrays["shift"]
        fully_connected = fully_connected_per_channel_s8
        if not params["per_channel"]:
            fully_connected, pair = fully_connected_s8, tuple(int(array[0]) for array in pair)
        fully_connected(
            arrays["input"], arrays["filter"], bias, *pair,
            params["input_offset"], params["filter_offset"], params["output_offset"],
            params["activation_min"], params["activation_max"], output,
        )  # fmt: skip
        np.testing.assert_array_equal(output, arrays["expected"], name)
        count += 1
    assert count >= 3
