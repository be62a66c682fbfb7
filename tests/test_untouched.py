"""What inferences of whole models wrote of arena, scratch and stack; kernels that write what is not theirs."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcusim.errors import EmulationError
from mcusim.hardware import load_board
from mcusim.plan import plan
from mcusim.run import run
from mcusim.tflite import load
from mcusim.untouched import depth_bytes, high_water_bytes, touched

MODELS = Path(__file__).parents[1] / "models"
BOARD = "nano33ble"


@pytest.fixture(scope="module")
def digits():
    return plan(load(MODELS / "digits_cnn.tflite"), load_board(BOARD))


@pytest.fixture(scope="module")
def result(digits):
    return run(digits, link_orders=False)


def test_masks():
    mask = np.array([False, True, False, True, False])
    assert (high_water_bytes(mask), depth_bytes(mask)) == (4, 4)
    assert high_water_bytes(np.zeros(3, np.bool_)) == depth_bytes(np.zeros(0, np.bool_)) == 0
    assert depth_bytes(np.array([True, False])) == 2 and high_water_bytes(np.array([True, False])) == 1


def test_every_byte_of_the_arena_is_touched_or_somebody_s(digits, result):
    found = result.memory.touched
    assert found.arena_bytes == digits.arena_bytes
    assert found.arena_touched_bytes + sum(owner.bytes for owner in found.untouched) == found.arena_bytes
    assert result.memory.touched_reason is None


def test_padding_of_the_tail_is_what_the_arena_says(digits, result):
    """Everything in the head is written but nothing behind it, of which there is padding and what is left between."""
    untouched = {owner.name: owner.bytes for owner in result.memory.touched.untouched}
    padding = sum(one.padding_bytes for one in digits.arena.allocations)
    between = digits.arena_bytes - digits.arena.used_bytes
    assert untouched == {"padding of persistent data": padding, "between head and tail": between}


def test_scratch_and_stack_stand_beside_the_planned(result):
    for layer in result.layers:
        assert 0 <= layer.scratch_touched_bytes <= layer.scratch_bytes
        assert 0 < layer.stack_touched_bytes <= layer.stack_bytes
    first = result.layers[0]  # 3 × 3 × 1 inputs of a dot product in rows of 11 words: CMSIS-NN asks for 12
    assert (first.scratch_bytes, first.scratch_touched_bytes) == (48, 44)
    found = result.memory.touched
    assert found.scratch_bytes == result.memory.scratch_bytes
    assert found.stack_bytes == result.memory.stack_bytes


def test_nothing_written(digits):
    """Then only inputs and persistent data are: a tensor's bytes are its own before they are scratch's or padding."""
    found = touched(digits, np.zeros(digits.arena_bytes, np.bool_), ())
    tensors = np.zeros(digits.arena_bytes, np.bool_)
    for one in digits.arena.buffers:
        if one.tensor is not None and one.tensor not in digits.model.inputs:
            tensors[one.offset : one.offset + one.bytes] = True
    for one in digits.arena.buffers:
        if one.tensor in digits.model.inputs:
            tensors[one.offset : one.offset + one.bytes] = False
    assert sum(owner.bytes for owner in found.untouched if owner.kind == "tensor") == tensors.sum()
    assert {owner.kind for owner in found.untouched} <= {"tensor", "scratch", "alignment", "hole", "free"}
    persistent = sum(one.bytes for one in digits.arena.allocations)
    given = sum(digits.model.tensors[index].bytes for index in digits.model.inputs)
    assert found.arena_touched_bytes == persistent + given
    assert found.scratch_bytes == found.stack_bytes == 0


def test_an_arena_larger_than_needed_has_bytes_between():
    larger = plan(load(MODELS / "digits_cnn.tflite"), load_board(BOARD), arena_bytes=8192)
    untouched = {owner.name: owner.bytes for owner in run(larger, link_orders=False).memory.touched.untouched}
    assert untouched["between head and tail"] == 8192 - larger.arena.used_bytes


def test_a_real_kernel_that_is_given_too_little_scratch_is_found(digits):
    """CMSIS-NN does not look at the size of its buffer: with 16 bytes fewer the convolution runs over its end."""
    memory = list(digits.arena.memory)
    size = memory[2].scratch_bytes[0] - 16
    memory[2] = dataclasses.replace(memory[2], scratch_bytes=(size,))
    arenas = {**digits.arenas, "cmsis_nn": dataclasses.replace(digits.arena, memory=tuple(memory))}
    with pytest.raises(EmulationError, match=r"layer 2 .* \(1 bytes past the end of scratch 0\)"):
        run(dataclasses.replace(digits, arenas=arenas), link_orders=False)
