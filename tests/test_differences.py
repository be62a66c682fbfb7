"""Differences told apart: of the operator on the same operands, and of operands that a layer before has spoilt."""

from pathlib import Path

import numpy as np
import pytest

from mcusim import accumulators, forward
from mcusim.differences import BesideReference, first_difference
from mcusim.run_inputs import pseudo_random_inputs
from mcusim.tflite import load

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def digits():
    return load(str(MODELS / "digits_cnn.tflite"))


@pytest.fixture(scope="module")
def layers(digits):
    return list(forward.steps(digits, pseudo_random_inputs(digits)))


def test_the_first_element_and_its_accumulator(digits, layers):
    op, operands, (expected,) = layers[0]
    tensor, wrong = digits.tensors[op.outputs[0]], expected.copy()
    assert first_difference(digits, op, operands, tensor, expected, expected) is None
    wrong[0, 3, 5, 5] ^= 1
    wrong[0, 7, 7, 2] -= 3 if expected[0, 7, 7, 2] >= -125 else -3
    found = first_difference(digits, op, operands, tensor, expected, wrong)
    assert found.index == (0, 3, 5, 5) and (found.wrong_elements, found.elements, found.largest) == (2, 1024, 3.0)
    assert (found.target, found.reference) == (wrong[0, 3, 5, 5], expected[0, 3, 5, 5])
    steps = found.accumulation
    by_hand = steps.accumulator * steps.multiplier * 2.0 ** (steps.shift - 31)
    assert steps.exact == pytest.approx(by_hand) and abs(steps.rounded - by_hand) <= 0.501
    assert min(max(steps.rounded + steps.offset, steps.least), steps.most) == found.reference
    assert steps.high == (steps.accumulator * steps.multiplier + 2**30) >> 31
    assert found.rounding is None and str(found).startswith(f"{tensor.name}[0, 3, 5, 5]: target ")


def test_a_kernel_that_rounds_once_is_recognized(digits, layers):
    op, operands, _ = layers[2]
    found = accumulators.accumulators(digits, op, operands)
    # Where it lies right below a tie, the first of two roundings goes up to it, the second beyond.
    found.values[0, 0, 0, 0] = _below_a_tie(int(found.multipliers[0]), int(found.shifts[0]))
    once = accumulators.rounded_once(found, found.multipliers, found.shifts)[0, 0, 0, 0]
    assert accumulators.rounded_twice(found)[0, 0, 0, 0] == once + 1


def _below_a_tie(multiplier, shift):
    """An accumulator whose product is less than a tie, by too little for its high half to tell."""
    for value in range(1, 1 << 20):
        high, rest = divmod(value * multiplier, 1 << 31)
        if rest >= 1 << 30 and (high + 1) % (1 << -shift) == 1 << (-shift - 1) and high >> -shift < 100:
            return value
    raise AssertionError("there is none")


def test_operands_that_a_layer_before_has_spoilt(digits, layers):
    beside, values, first_pool = BesideReference(digits), {}, layers[1][0]
    for op, operands, (expected,) in layers:
        given = [values.get(index, one) for index, one in zip(op.inputs, operands, strict=True)]
        found = expected.copy()
        if op is first_pool:
            found[0, 0, 0, 0] = 127 if expected[0, 0, 0, 0] < 0 else -128
        else:
            ((_, _, (found,)),) = [
                one for one in forward.steps(digits, pseudo_random_inputs(digits), values) if one[0] is op
            ]
        values[op.outputs[0]] = found
        compared = beside.layer(op, given, [found])
        assert (compared.difference is not None) == (op is first_pool)
        if op.index <= 1:
            assert compared.differing_inputs == 0
        elif op.index == 2:
            assert compared.differing_inputs == 1


def test_values_that_are_no_numbers(digits, layers):
    op, operands, _ = layers[0]
    tensor = digits.tensors[op.outputs[0]]
    expected, wrong = np.zeros((1, 2), np.float32), np.array([[0, np.nan]], np.float32)
    found = first_difference(digits, op, operands, tensor, expected, wrong)
    assert found.target is None and found.target_reason == "infinite or no number" and found.largest is None
