import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.nn.concatenation import concatenation_s8


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    data=st.data(),
    seed=st.integers(0, 2**32 - 1),
)
def test_concatenation_s8_is_bit_exact(oracle, shape, sizes, data, seed):
    axis = data.draw(st.integers(0, len(shape) - 1))
    random = np.random.default_rng(seed)
    inputs = [random.integers(-128, 128, [*shape[:axis], size, *shape[axis + 1 :]], np.int8) for size in sizes]
    result = np.zeros([*shape[:axis], sum(sizes), *shape[axis + 1 :]], np.int8)
    operands = [oracle.tensor(values, 0.5, 3) for values in inputs]
    expected = oracle.run("CONCATENATION", operands, oracle.tensor(result, 0.5, 3), "ConcatenationOptions", axis=axis)
    outer = math.prod(shape[:axis])
    offset = 0
    for values in inputs:
        concatenation_s8(values.reshape(outer, -1), offset, result.reshape(outer, -1))
        offset += values.size // outer
    np.testing.assert_array_equal(result, expected)
