import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.nn.pad import pad_s8

amounts = st.lists(st.integers(0, 3), min_size=4, max_size=4)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 4), min_size=4, max_size=4),
    pre_pad=amounts,
    post_pad=amounts,
    zero_point=st.integers(-128, 127),
    seed=st.integers(0, 2**32 - 1),
)
def test_pad_s8_is_bit_exact(oracle, shape, pre_pad, post_pad, zero_point, seed):
    values = np.random.default_rng(seed).integers(-128, 128, shape, np.int8)
    paddings = np.array([pre_pad, post_pad], np.int32)
    result = np.zeros(paddings.sum(axis=0) + shape, np.int8)
    expected = oracle.run(
        "PAD",
        [oracle.tensor(values, 0.5, zero_point), oracle.constant(paddings.T.copy())],
        oracle.tensor(result, 0.5, zero_point),
        "PadOptions",
    )
    pad_s8(values, *paddings, zero_point, result)
    np.testing.assert_array_equal(result, expected)


def test_the_vectors_outputs(vectors):
    count = 0
    for name, params, arrays in vectors("pad"):
        output = np.zeros_like(arrays["expected"])
        amounts = np.array([params["pre_pad"], params["post_pad"]], np.int32)
        pad_s8(arrays["input"], *amounts, params["pad_value"], output)
        np.testing.assert_array_equal(output, arrays["expected"], name)
        count += 1
    assert count >= 1
