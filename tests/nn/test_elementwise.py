import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mcusim.fixedpoint import quantize_multiplier
from mcusim.nn.elementwise import elementwise_add_s8, elementwise_mul_s8

zero_points = st.tuples(*[st.integers(-128, 127)] * 3)
scales = st.tuples(*[st.floats(2.0**-10, 1.0, width=32)] * 3)
activations = st.sampled_from(["NONE", "RELU", "RELU6"])
shapes = st.lists(st.integers(1, 6), min_size=1, max_size=4)
seeds = st.integers(0, 2**32 - 1)


def run_binary(oracle, operator, options, values, result, scales, zero_points, activation):
    operands = [oracle.tensor(values[i], scales[i], zero_points[i]) for i in range(2)]
    output = oracle.tensor(result, scales[2], zero_points[2])
    return oracle.run(operator, operands, output, options, fusedActivationFunction=activation)


@settings(max_examples=60, deadline=None)
@given(shape=shapes, seed=seeds, scales=scales, zero_points=zero_points, activation=activations)
def test_elementwise_add_s8_is_bit_exact(oracle, activation_range, shape, seed, scales, zero_points, activation):
    twice_largest = 2 * max(scales[:2])
    assume(twice_largest / (2**20 * scales[2]) < 1)
    values = np.random.default_rng(seed).integers(-128, 128, (2, *shape), np.int8)
    result = np.zeros(shape, np.int8)
    expected = run_binary(oracle, "ADD", "AddOptions", values, result, scales, zero_points, activation)
    inputs = [(-zero_points[i], *quantize_multiplier(scales[i] / twice_largest)) for i in range(2)]
    output = (zero_points[2], *quantize_multiplier(twice_largest / (2**20 * scales[2])))
    limits = activation_range(activation, scales[2], zero_points[2])
    elementwise_add_s8(values[0], values[1], *inputs[0], *inputs[1], 20, *output, *limits, result)
    np.testing.assert_array_equal(result, expected)


@settings(max_examples=60, deadline=None)
@given(shape=shapes, seed=seeds, scales=scales, zero_points=zero_points, activation=activations)
def test_elementwise_mul_s8_is_bit_exact(tflm, activation_range, shape, seed, scales, zero_points, activation):
    values = np.random.default_rng(seed).integers(-128, 128, (2, *shape), np.int8)
    result = np.zeros(shape, np.int8)
    expected = run_binary(tflm, "MUL", "MulOptions", values, result, scales, zero_points, activation)
    pair = quantize_multiplier(scales[0] * scales[1] / scales[2])
    offsets = -zero_points[0], -zero_points[1], zero_points[2]
    limits = activation_range(activation, scales[2], zero_points[2])
    elementwise_mul_s8(values[0], values[1], *offsets, *pair, *limits, result)
    np.testing.assert_array_equal(result, expected)


def test_the_vectors_outputs(vectors):
    count = 0
    for name, params, arrays in vectors("add"):
        inputs = [[params[f"input{i}_{field}"] for field in ("offset", "multiplier", "shift")] for i in (1, 2)]
        output = [params[f"output_{field}"] for field in ("offset", "multiplier", "shift")]
        limits = params["activation_min"], params["activation_max"]
        result = np.zeros_like(arrays["expected"])
        elementwise_add_s8(
            arrays["input1"], arrays["input2"], *inputs[0], *inputs[1], params["left_shift"], *output, *limits, result
        )
        np.testing.assert_array_equal(result, arrays["expected"], name)
        count += 1
    for name, params, arrays in vectors("mul"):
        names = ("input1_offset", "input2_offset", "output_offset", "output_multiplier", "output_shift")
        scalars = [params[name] for name in (*names, "activation_min", "activation_max")]
        result = np.zeros_like(arrays["expected"])
        elementwise_mul_s8(arrays["input1"], arrays["input2"], *scalars, result)
        np.testing.assert_array_equal(result, arrays["expected"], name)
        count += 1
    assert count >= 2
