"""What a board's file says of its memory system → choices and observers, or a sentence."""

from __future__ import annotations

import dataclasses

import pytest

from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import Board, MemorySystem, Parameter, board_names, load_board
from mcusim.memories import MEMORIES
from mcusim.memory_systems import (
    choices,
    memory_caveats,
    memory_observer,
    memory_system,
    memory_timing,
    possible_observers,
)


def board(model: str, **parameters: tuple[float, ...]) -> Board:
    system = MemorySystem(model, "test", {name: Parameter(values, "test") for name, values in parameters.items()})
    return dataclasses.replace(load_board("nano33ble"), memory=system, file="my.toml")


SIZES = {"size_bytes": (2048,), "ways": (2,), "line_bytes": (16,), "caches_data": (0,)}


def test_without_a_memory_system_nothing_waits():
    bare = dataclasses.replace(load_board("nano33ble"), memory=None)
    assert memory_system(bare).model == "zero_wait"
    assert [memory_observer(bare, one) for one in choices(bare)] == [None]
    assert any("zero wait states" in sentence for sentence in memory_caveats(bare))


def test_every_combination_of_what_is_not_known_the_first_values_first():
    found = choices(board("cache", **{**SIZES, "ways": (2, 4), "line_bytes": (16, 8)}))
    assert [one.words for one in found] == [
        "ways 2, line_bytes 16",
        "ways 2, line_bytes 8",
        "ways 4, line_bytes 16",
        "ways 4, line_bytes 8",
    ]
    assert choices(board("cache", **SIZES))[0].words == ""


@pytest.mark.parametrize(
    ("made", "error", "words"),
    [
        (board("cahe", **SIZES), UnsupportedError, "'cahe' is not one of zero_wait"),
        (board("cache", **SIZES, way=(2,)), BadInputError, "unknown parameter 'way'; did you mean 'ways'"),
        (board("cache", ways=(2,)), BadInputError, "cache also needs size_bytes, line_bytes, caches_data"),
        (board("cache", **{**SIZES, "ways": ()}), BadInputError, "ways.values: expected at least one value"),
        (board("cache", **{**SIZES, "ways": tuple(range(1, 18))}), UnsupportedError, "more than 16 possibilities"),
    ],
)
def test_refusals(made, error, words):
    with pytest.raises(error, match=r"my\.toml: memory") as caught:
        choices(made)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", board_names())
def test_every_board_has_a_memory_system_that_can_be_observed(name):
    one = load_board(name)
    assert memory_system(one).model in MEMORIES
    found = choices(one)
    assert len({choice.words for choice in found}) == len(found)
    for choice in found:
        observer = memory_observer(one, choice)
        assert observer is None or observer.events


def test_possible_observers_have_names_of_their_own():
    found = possible_observers(board("cache", **{**SIZES, "ways": (2, 4)}))
    assert [one and one.name for one in found] == ["cache (ways 2)", "cache (ways 4)"]
    single = board("cache", **SIZES)
    assert [one and one.name for one in possible_observers(single, choices(single), " [1]")] == ["cache [1]"]
    assert possible_observers(dataclasses.replace(single, memory=None)) == (None,)


def test_memory_that_cannot_wait_at_a_clock_is_zero_wait_there():
    fast = load_board("nucleo_l4r5zi")
    slow = fast.at_clock(20_000_000)
    assert memory_timing(fast) == "art" and memory_caveats(fast)
    assert memory_timing(slow) == "zero_wait" and memory_caveats(slow) == ()
    # The bus that U575's core shares between code and data waits at any clock.
    assert memory_timing(load_board("nucleo_u575zi_q").at_clock(20_000_000)) == "cache"
    bare = board("cache", **SIZES)
    assert memory_timing(bare) == "cache"
    still = dataclasses.replace(bare, flash_timing=dataclasses.replace(bare.flash_timing, wait_states=0))
    assert memory_timing(still) == "zero_wait" and memory_caveats(still) == ()
