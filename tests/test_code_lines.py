"""Caches of code followed layer by layer, against all accesses one by one."""

import numpy as np
import pytest

from mcusim.code_lines import CodeCache, code_cache, empty, execute, laid, passage, unknown_passage
from mcusim.footprints import Footprint
from mcusim.hardware import load_board

SMALL = CodeCache(sets=8, ways=2, line_bytes=16, fill_bytes=16, holds_constants=False)


def kernel(first, words, **loops):
    """A kernel of words of code from one word on, and of loops: (first word, words) by the name of their count."""
    code = {("calls", 0, 0): halfwords((first, words))} | {(name, 0, 0): halfwords(one) for name, one in loops.items()}
    return Footprint(code, {}, ())


def halfwords(*words):
    return tuple((2 * first, 2 * count) for first, count in words)


def missed(cache, layers, position=0):
    """Pieces and rows that layers miss one after the other: (kernel, counts, places of constants)."""
    held, found = empty(cache), []
    for of, counts, constants in layers:
        pieces, rows, held = execute(cache, held, passage(cache, laid(cache, of, position), counts, constants))
        found.append((pieces, rows))
    return found


class Lru:
    """The textbook's cache: a list for each set, the most recent line first."""

    def __init__(self, cache):
        self.cache, self.sets = cache, [[] for _ in range(cache.sets)]

    def misses(self, lines):
        count = 0
        for line in lines:
            held = self.sets[line % self.cache.sets]
            count += line not in held
            held[:] = [line, *(one for one in held if one != line)][: self.cache.ways]
        return count


def test_code_comes_once():
    one = kernel(0, 20), {"calls": 1}, ()
    assert missed(SMALL, [one, one]) == [(5, 1), (0, 0)]
    assert missed(SMALL, [one], position=8) == [(6, 1)]  # it lies in one line more


def test_code_of_inactive_loops_does_not_come():
    of = kernel(0, 4, rows=(12, 4))
    assert missed(SMALL, [(of, {"calls": 1, "rows": 0}, ()), (of, {"calls": 1, "rows": 2}, ())]) == [(1, 1), (1, 1)]


@pytest.mark.parametrize("seed", range(5))
def test_kernels_one_after_the_other_as_every_access_tells(seed):
    """Straight code without loops: every line is executed once, in order."""
    rng = np.random.default_rng(seed)
    ranges = [(int(rng.integers(0, 200)), int(rng.integers(1, 60))) for _ in range(6)]
    order = rng.integers(0, 6, 40)
    found = missed(SMALL, [(kernel(*ranges[one]), {"calls": 1}, ()) for one in order])
    every = Lru(SMALL)
    for one, (pieces, _) in zip(order, found, strict=True):
        first, words = ranges[one]
        assert pieces == every.misses(range(first // 4, (first + words - 1) // 4 + 1))


def test_loops_stay_and_the_rest_goes_where_constants_pass():
    """Constants through the same cache evict what was executed before them, and not what is executed all along."""
    shared = CodeCache(8, 2, 16, 16, holds_constants=True)
    of = kernel(0, 16, rows=(16, 8))
    layer = of, {"calls": 1, "rows": 1000}, [(1024, 512)]
    assert missed(shared, [layer, layer]) == [(6, 1), (4, 1)]
    assert missed(SMALL, [layer, layer]) == [(6, 1), (0, 0)]
    few = of, {"calls": 1, "rows": 1000}, [(1024, 64)]  # one line for each of half of the sets
    assert missed(shared, [few, few]) == [(6, 1), (0, 0)]


def test_lines_are_filled_piece_by_piece():
    xip = CodeCache(4, 2, 16, 4, holds_constants=True)
    of = Footprint({("calls", 0, 0): halfwords((1, 2), (6, 1))}, {("calls", 0, 0): halfwords((7, 1))}, ())
    more = kernel(0, 4)
    layers = [(of, {"calls": 1}, ()), (more, {"calls": 1}, ())]
    assert missed(xip, layers) == [(4, 2), (2, 2)]


def test_a_layer_of_which_nothing_is_known_evicts():
    of = kernel(0, 16)
    for cache, expected in ((SMALL, 4), (CodeCache(64, 4, 16, 16, False), 0)):
        _, _, held = execute(cache, empty(cache), passage(cache, laid(cache, of, 0), {"calls": 1}))
        _, _, held = execute(cache, held, unknown_passage(cache))
        assert execute(cache, held, passage(cache, laid(cache, of, 0), {"calls": 1}))[0] == expected


def test_the_caches_of_boards():
    """Sizes as in the boards' files."""
    assert code_cache(load_board("bluepill_f103")) is None
    assert code_cache(load_board("nano33ble")) == CodeCache(64, 2, 16, 16, holds_constants=False)
    assert code_cache(load_board("pico")) == CodeCache(1024, 2, 8, 4, holds_constants=True)
    assert code_cache(load_board("stm32f746g_disco")) == CodeCache(64, 2, 32, 32, holds_constants=False)
    assert code_cache(load_board("nucleo_l4r5zi")) == CodeCache(1, 32, 32, 8, holds_constants=False)


def test_rows_begin_where_code_jumps():
    """One piece after the other is one row, unless the code jumps into the middle of it."""
    of = Footprint({("calls", 0, 0): ((0, 40),)}, {}, ((16, 1), (18, 1)))
    assert missed(SMALL, [(of, {"calls": 1}, ())]) == [(5, 2)]
