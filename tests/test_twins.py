"""Functions on the target against their references: what is the same, and the smallest input that is not."""

import sys

import numpy as np
import pytest
from called import target
from hypothesis import strategies
from hypothesis.extra.numpy import arrays

from mcusim.errors import EmulationError, UnsupportedError
from mcusim.twins import Twin, assert_twins

SIZED = strategies.integers(1, 20).flatmap(
    lambda size: strategies.tuples(arrays(np.int8, size), arrays(np.int8, size), strategies.just(size))
)


def dot(a, b, size):
    return int(a.astype(np.int32) @ b.astype(np.int32))


@pytest.fixture(scope="module")
def call():
    return target("cortex-m4").call


def test_twins_are_the_same_and_the_slowest_call_is_returned(call):
    result = assert_twins(call, Twin("dot", dot, "int32", None), SIZED, 15)
    assert result.function == "dot"
    assert result.cycles == max(result.cycles, call("dot", np.zeros(2, np.int8), np.zeros(2, np.int8), 2).cycles)


def test_the_smallest_input_that_differs_is_shown(call):
    def wrong(a, b, size):
        return dot(a, b, size) + int(a[0] > 5)

    with pytest.raises(AssertionError) as refusal:
        assert_twins(call, Twin("dot", wrong, "int32", None), SIZED, 40)
    assert str(refusal.value) == "dot([6], [0], 1): it returned 0, the reference 1"


def test_arrays_are_compared_by_their_bits(call):
    out = np.zeros(4, np.int8)
    given = (out, 4)
    assert assert_twins(call, Twin("fill", lambda size: np.full(4, 7), None, 0), given).cycles
    assert not out.any()  # what was given stays as it was
    with pytest.raises(
        AssertionError, match=r"argument 1 at \[2\] is 7, the reference has 8 \(1 of 4 elements differ\)"
    ):
        assert_twins(call, Twin("fill", lambda size: np.array([7, 7, 8, 7]), None, 0), given)
    with pytest.raises(AssertionError, match="the reference's argument 1 is int64 and does not fit int8"):
        assert_twins(call, Twin("fill", lambda size: np.full(4, 300), None, 0), given)
    with pytest.raises(AssertionError, match="argument 1 has 4 elements, the reference's 3"):
        assert_twins(call, Twin("fill", lambda size: np.full(3, 7), None, 0), given)

    def in_place(array, size):
        array[:] = 7

    assert assert_twins(call, Twin("fill", in_place, None, None), given).cycles


def test_floats_are_compared_by_their_bits(call):
    numbers = [0.0] * 17
    twin = Twin("spilled", lambda *given: -0.0, "float32", None)
    with pytest.raises(AssertionError, match=r"it returned 0.0 \(00000000\), the reference -0.0 \(80000000\)"):
        assert_twins(call, twin, (*numbers, np.float64(0), 0))


def test_what_a_function_must_not_do_is_shown_with_its_input(call):
    with pytest.raises(EmulationError, match="1 bytes past the end of argument 1") as refusal:
        assert_twins(call, Twin("fill", lambda size: None, None, None), (np.zeros(3, np.int8), 4))
    assert any("array([0, 0, 0]" in note for note in refusal.value.__notes__)


def test_without_hypothesis(call, monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(UnsupportedError, match="which is not installed: pip install hypothesis"):
        assert_twins(call, Twin("fill", lambda size: None, None, None), (np.zeros(3, np.int8), 4))
