"""Lines that streams miss, against a simulated cache."""

import dataclasses

import numpy as np
import pytest

from mcusim.cost import Stream
from mcusim.hardware import load_board
from mcusim.streams import DataCache, data_cache, edge_lines, evicted_share, missed_lines


def simulated_share(size, cache):
    """Of the lines of a block that is read again and again, the share that misses, least recently used replaced."""
    lines = range(-(-size // cache.line_bytes))
    sets = [[] for _ in range(cache.sets)]
    for _ in range(3):
        missed = 0
        for line in lines:
            ways = sets[line % cache.sets]
            if line in ways:
                ways.remove(line)
            else:
                missed += 1
                del ways[: max(0, len(ways) - cache.ways + 1)]
            ways.append(line)
    return missed / len(lines)


@pytest.mark.parametrize("size", [64, 1024, 2048, 2304, 3072, 4096, 10_240])
@pytest.mark.parametrize("shape", [(16, 64, 2), (32, 1, 64), (8, 256, 1)])
def test_a_stream_alone(size, shape):
    cache = DataCache(*shape, of_arena=False, code_bytes=0)
    assert evicted_share(size, 0, cache) == pytest.approx(simulated_share(size, cache), abs=0.02)


def test_what_lies_between_evicts_too():
    cache = DataCache(16, 64, 2, of_arena=True, code_bytes=0)
    shares = [evicted_share(1024, between, cache) for between in (0, 512, 2048, 100_000)]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == pytest.approx(1)


def test_streams_by_memory():
    streams = (Stream(320, 3, 0, constant=True), Stream(64, 1, 0, constant=False))
    tiny = DataCache(32, 1, 1, of_arena=False, code_bytes=0)
    assert missed_lines(streams, tiny) == {"constant_lines": 30}
    both = missed_lines(streams, dataclasses.replace(tiny, of_arena=True))
    assert both == {"constant_lines": 30, "arena_lines": 0}  # what is there the first time, other layers decide
    again = (Stream(64, 3, 0, constant=False),)
    assert missed_lines(again, dataclasses.replace(tiny, of_arena=True)) == {"arena_lines": 4}
    assert missed_lines(streams, tiny, constants_there=True) == {"constant_lines": 20}
    assert missed_lines(streams, None) == {}


def test_a_stream_that_begins_within_a_line_takes_one_more():
    """Eight lines of 32 bytes hold two rows of 128, unless these begin at a half."""
    cache = DataCache(32, 1, 8, of_arena=False, code_bytes=0)
    found = [
        missed_lines((Stream(256, 10, 0, constant=True, offset=offset, repeats=3),), cache)["constant_lines"]
        for offset in (64, 16)
    ]
    assert found == [3 * 8, 3 * 8 + 3 * 9 * 9]


def test_the_caches_of_boards():
    """Sizes as in the boards' files."""
    assert data_cache(load_board("nano33ble")) is None  # only instructions
    pico = data_cache(load_board("pico"))
    assert pico is not None and pico.line_bytes * pico.sets * pico.ways == 16_384 and not pico.of_arena
    f746 = data_cache(load_board("stm32f746g_disco"))
    assert f746 is not None and (f746.line_bytes, f746.sets, f746.ways, f746.of_arena) == (32, 32, 4, True)
    assert np.isfinite(evicted_share(10**6, 10**6, f746))


def test_steps_come_to_few_sets():
    """Elements 64 bytes apart in lines of 16: every fourth set, so that 32 of them fill 2 ways of 64 sets."""
    cache = DataCache(16, 64, 2, of_arena=False, code_bytes=0)
    for step, count, missed in ((64, 32, 0), (64, 96, 96), (72, 96, 0), (1024, 2, 0), (1024, 3, 3)):
        stream = Stream(step * count, 11, 0, constant=True, step=step)
        assert missed_lines((stream,), cache)["constant_lines"] == pytest.approx(step / 16 * count + 10 * missed)


def test_constants_lie_in_a_line_more_than_their_bytes_fill():
    assert edge_lines([(0, 64), (64, 32)], 32) == 0
    assert edge_lines([(16, 16)], 32) == 0.5
    assert edge_lines([(16, 64), (96, 4)], 32) == 1 + 1 - 4 / 32
