"""The array that the native hooks count in: how it is prepared, and what it says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mcusim import observer
from mcusim.observer import State


def new_state(code_address: int, code_host: int, code_bytes: int, reg_read: int, emu_stop: int) -> State:
    """The array for hooks on code at a target address, and where the host has it.

    `reg_read` and `emu_stop` are the addresses of Unicorn's functions.
    """
    sites_at = observer.SITE_MAP + code_bytes // 2 + 1
    state = np.zeros(sites_at + observer.MOST_SITES * observer.SITE_WORDS, np.int64)
    state[[observer.CODE_ADDRESS, observer.CODE_HOST, observer.CODE_BYTES]] = code_address, code_host, code_bytes
    state[[observer.REG_READ, observer.EMU_STOP, observer.SITES_AT]] = reg_read, emu_stop, sites_at
    state[observer.NO_EDGE + observer.EDGE_BLOCK] = observer.NO_BLOCK
    return state


def reset(state: State, max_instructions: int) -> None:
    """Forget all counts; sites stay."""
    state[observer.LAST_EDGE] = observer.NO_EDGE
    state[observer.REMAINING] = max_instructions
    state[observer.STATUS] = observer.RUNNING
    state[[observer.EDGES, observer.DIVIDES]] = 0
    state[observer.LAST_ADDRESS] = 0
    state[observer.NO_EDGE + observer.EDGE_NEXT] = observer.NO_EDGE
    state[observer.EDGE_TABLE : observer.SITE_MAP] = 0
    sites = _sites(state)
    sites[:, observer.SITE_COUNT] = 0
    sites[:, observer.SITE_LOWEST_SP] = observer.HIGHEST_SP


def watch_byte(state: State, host: int, value: int) -> None:
    """Have `on_instruction` stop when the byte at a host address is no longer `value`."""
    state[[observer.WATCHED_HOST, observer.WATCHED_VALUE]] = host, value


def add_site(state: State, number: int, address: int, kind: int, registers: tuple[int, int]) -> None:
    """Make the instruction at an address the site `number`; `registers`: Unicorn's numbers of dividend and divisor."""
    state[observer.SITE_MAP + (address - state[observer.CODE_ADDRESS]) // 2] = number + 1
    _sites(state)[number] = kind, *registers, 0, observer.HIGHEST_SP


def edges(state: State) -> NDArray[np.int64]:
    """The edges seen, a row each, in order of (previous, block); columns are the EDGE_ constants."""
    table = state[observer.EDGE_TABLE : observer.EDGE_TABLE_END].reshape(-1, observer.EDGE_WORDS)
    table = table[table[:, observer.EDGE_BLOCK] != 0]
    rows: State = table[np.lexsort((table[:, observer.EDGE_BLOCK], table[:, observer.EDGE_PREVIOUS]))]
    return rows


def last_block(state: State) -> int:
    """The block (size << 32 | address) entered last; observer.NO_BLOCK before the first."""
    return int(state[state[observer.LAST_EDGE] + observer.EDGE_BLOCK])


def executions(state: State, number: int) -> int:
    """How often the instruction of a site executed."""
    return int(_sites(state)[number, observer.SITE_COUNT])


def lowest_sp_at(state: State, number: int) -> int:
    """The lowest SP read at a site; observer.HIGHEST_SP where it was never reached."""
    return int(_sites(state)[number, observer.SITE_LOWEST_SP])


def divides(state: State) -> dict[int, dict[tuple[int, int, int], int]]:
    """By site: how often each (dividend bits, divisor bits, quotient bits) came."""
    found: dict[int, dict[tuple[int, int, int], int]] = {}
    table = state[observer.DIVIDE_TABLE : observer.SITE_MAP].reshape(-1, observer.DIVIDE_WORDS)
    for key, count in sorted(table[table[:, 0] != 0].tolist()):
        bits = (key - 1) & 0x3FFFF
        found.setdefault((key - 1) >> 18, {})[bits >> 12, bits >> 6 & 0x3F, bits & 0x3F] = count
    return found


def _sites(state: State) -> NDArray[np.int64]:
    sites: State = state[int(state[observer.SITES_AT]) :].reshape(-1, observer.SITE_WORDS)
    return sites
