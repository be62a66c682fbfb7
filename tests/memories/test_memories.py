"""What every memory system promises."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_log import FLASH, LDR, NOP, QSPI, SDRAM, SRAM, Log, board, cycles, random_log, straight

from mcusim.memories import MEMORIES, zero_wait
from mcusim.trace import CAUSES

GIVEN = {
    "zero_wait": {},
    "wait_states": {"data_read_per_wait_state": 1, "line_bytes": 8, "buffered_lines": 2, "prefetch": 1},
    "art": {
        "instruction_lines": 4,
        "data_lines": 2,
        "line_bytes": 32,
        "granule_bytes": 8,
        "prefetch": 1,
        "absorbed_chain_break_cycles": 1,
    },
    "cache": {"size_bytes": 128, "ways": 2, "line_bytes": 16, "caches_data": 1, "shared_bus_cycles": 0.85},
    "l1": {
        "instruction_size_bytes": 256,
        "instruction_ways": 2,
        "data_size_bytes": 256,
        "data_ways": 4,
        "line_bytes": 32,
        "flash_line_beyond_wait_states": 6,
        "sram_line_cycles": 4.1,
        "unaligned_load_cycles": 3.5,
    },
    "xip": {"size_bytes": 128, "ways": 2, "line_bytes": 8, "fill_bytes": 4, "miss_cycles": 40},
}


def observer(name, waits=5):
    return MEMORIES[name].observer(board(waits), {**MEMORIES[name].DEFAULTS, **GIVEN[name]})


@pytest.mark.parametrize("name", MEMORIES)
def test_interface(name):
    module = MEMORIES[name]
    assert module.__name__ == f"mcusim.memories.{name}"
    assert set(module.DEFAULTS) <= set(module.PARAMETERS)
    assert all(words.strip() for words in module.PARAMETERS.values())
    assert set(GIVEN[name]) | set(module.DEFAULTS) == set(module.PARAMETERS)
    assert list(inspect.signature(module.observer).parameters) == ["board", "parameters"]


@pytest.mark.parametrize("name", MEMORIES)
def test_caveats_are_sentences(name):
    for waits in (None, 0, 5):
        for sentence in MEMORIES[name].caveats(board(waits, QSPI, SDRAM)):
            assert sentence[0].isupper() and sentence.endswith(".")


def test_zero_wait_observes_nothing():
    assert zero_wait.observer(board(5), {}) is None


@pytest.mark.parametrize("name", [name for name in MEMORIES if name != "zero_wait"])
def test_events(name):
    found = observer(name)
    assert found.name == name
    assert found.parameters.dtype == found.state.dtype == np.int64
    assert len({event.name for event in found.events}) == len(found.events)
    for event in found.events:
        assert event.cause in CAUSES and event.source
        assert event.cycles >= 0 or event.name == "absorbed_chain_break"


@pytest.mark.parametrize("name", [name for name in MEMORIES if name != "zero_wait"])
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_counting_is_the_same_in_pieces_and_only_of_visited_blocks(name, data):
    log = random_log(data.draw)
    found = observer(name)
    whole = log.counts(found)
    assert (whole >= 0).all()
    assert (log.counts(found, data.draw(st.integers(2, 5))) == whole).all()
    visited = {log.edges[visit[0]][0] for visit in log.visits}
    assert not any(whole[block].any() for block in range(len(log.blocks)) if block not in visited)


@pytest.mark.parametrize("name", [name for name in MEMORIES if name not in ("zero_wait", "l1")])
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_sram_does_not_wait(name, data):
    log = random_log(data.draw)
    moved = SRAM - FLASH
    for rows, column in ((log.blocks, 0), (log.instructions, 0)):
        for row in rows:
            row[column] += moved
    for row in log.blocks:
        row[4] += moved >> 1
    for row in log.instructions:
        row[4] = row[4] + moved if row[4] >= 0 else -1
    for visit in log.visits:
        visit[1:] = [((word + (moved << 31)) & ~0xFFFFFFFF) | (word & 0xFFFFFF | SRAM) for word in visit[1:]]
    assert not log.counts(observer(name)).any()


def loop_and_data(name, off):
    """Cycles of waiting: a loop of 64 bytes goes round five times, then a word of flash is read ten times."""
    module = MEMORIES[name]
    parameters = module.without_caches({**module.DEFAULTS, **GIVEN[name]}, off)
    loop, reads = Log(), Log()
    straight(loop, FLASH, 32)
    back = loop.edge(0, 0, True, 1)
    for _ in range(4):
        loop.visit(back)
    edge = reads.edge(reads.block(SRAM, LDR, NOP))
    for number in range(10):
        reads.visit(edge, (0, FLASH + 0x8000 + 64 * (number % 2)))
    observer = module.observer(board(5), parameters)
    return cycles(observer, loop), cycles(observer, reads)


@pytest.mark.parametrize(
    ("name", "off", "loop", "reads"),
    [
        # Lines of 16 bytes, 4 in the loop, of 5 cycles each, as each word of data; the shared bus costs it 0.85 more.
        ("cache", ("instruction",), 5 * 4 * 5, 10 * (5 + 0.85)),
        # Reads of 4 bytes, 16 in the loop.
        ("xip", ("instruction",), 5 * 16 * 40, 10 * 40),
        # Transfers of 8 bytes instead of lines of 32, 5 + 6 cycles each; the code that reads is a line of SRAM, 4.1.
        ("l1", ("instruction",), 5 * 8 * 11, 4.1 + 2 * 11),
        ("l1", ("data",), 2 * 11, 4.1 + 10 * 11),
        ("l1", ("instruction", "data"), 5 * 8 * 11, 4.1 + 10 * 11),
    ],
)
def test_without_caches_each_read_of_flash_costs(name, off, loop, reads):
    assert loop_and_data(name, off) == pytest.approx((loop, reads))


def test_without_caches_the_art_reads_each_granule():
    """Each of 8 bytes anew in every round of a loop, and for every word of data, which stalls for the wait states."""
    on, off = loop_and_data("art", ()), loop_and_data("art", ("instruction", "data"))
    assert off[0] > 2 * on[0] and off[1] == 10 * 5 and on[1] == 2 * 5
    assert loop_and_data("art", ("data",)) == (on[0], off[1])


def test_memories_without_caches_have_nothing_to_turn_off():
    assert zero_wait.without_caches({}, ("instruction",)) == {}
    loop, reads = loop_and_data("wait_states", ("instruction",))
    assert (loop, reads) == (loop_and_data("wait_states", ())[0], 10 * 5)
