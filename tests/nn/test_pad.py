import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.nn.pad import mirror_pad, pad

amounts = st.lists(st.integers(0, 3), min_size=4, max_size=4)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 4), min_size=4, max_size=4),
    pre_pad=amounts,
    post_pad=amounts,
    zero_point=st.integers(-128, 127),
    seed=st.integers(0, 2**32 - 1),
)
def test_pad_is_bit_exact(oracle, shape, pre_pad, post_pad, zero_point, seed):
    values = np.random.default_rng(seed).integers(-128, 128, shape, np.int8)
    paddings = np.array([pre_pad, post_pad], np.int32)
    result = np.zeros(paddings.sum(axis=0) + shape, np.int8)
    expected = oracle.run(
        "PAD",
        [oracle.tensor(values, 0.5, zero_point), oracle.constant(paddings.T.copy())],
        oracle.tensor(result, 0.5, zero_point),
        "PadOptions",
    )
    pad(values[np.newaxis], np.array([0, *pre_pad], np.int32), zero_point, result[np.newaxis])
    np.testing.assert_array_equal(result, expected)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(2, 4), min_size=5, max_size=5),
    pre_pad=st.lists(st.integers(0, 1), min_size=5, max_size=5),
    reflection=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_mirrored_borders_are_numpys(shape, pre_pad, reflection, seed):
    values = np.random.default_rng(seed).integers(-128, 128, shape, np.int8)
    expected = np.pad(values, [(before, 1) for before in pre_pad], "reflect" if reflection else "symmetric")
    result = np.zeros_like(expected)
    mirror_pad(values, np.array(pre_pad, np.int32), reflection, result)
    np.testing.assert_array_equal(result, expected)


def test_the_vectors_outputs(vectors):
    count = 0
    for name, params, arrays in vectors("pad"):
        output = np.zeros_like(arrays["expected"])
        before = np.array([0, *params["pre_pad"]], np.int32)
        pad(arrays["input"][np.newaxis], before, params["pad_value"], output[np.newaxis])
        np.testing.assert_array_equal(output, arrays["expected"], name)
        count += 1
    assert count >= 1
