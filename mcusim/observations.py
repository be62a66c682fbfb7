"""The array that the native hooks count in: how it is prepared, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcusim import observer
from mcusim.errors import EmulationError
from mcusim.observer import State


@dataclass(frozen=True, slots=True)
class Site:
    """An instruction to be followed one by one: what the hook does there (a sum of the observer's kinds).

    `operands` are the registers of a divide or multiply; an address is base + (index << shift) + offset. Registers
    are by their number, observer.NO_REGISTER where there is none.
    """

    address: int
    kind: int
    operands: tuple[int, int] = (0, 0)
    base: int = observer.NO_REGISTER
    index: int = observer.NO_REGISTER
    shift: int = 0
    offset: int = 0


def new_state(code_address: int, code_host: int, code_bytes: int, reg_read: int, emu_stop: int) -> State:
    """The array for hooks on code at a target address, and where the host has it.

    `reg_read` and `emu_stop` are the addresses of Unicorn's functions.
    """
    state = _new_state((reg_read, emu_stop), code_bytes // 2 + 1, observer.MOST_SITES, 0)
    state[[observer.CODE_ADDRESS, observer.CODE_HOST, observer.CODE_BYTES]] = code_address, code_host, code_bytes
    state[observer.JOINS] = 1
    return state


def recording_state(
    regions: Sequence[tuple[int, int]], functions: tuple[int, int], most_sites: int, log_words: int
) -> State:
    """The array for recording hooks on regions of code, (address, bytes) each, with room for sites and a log.

    `functions` are the addresses of uc_reg_read and uc_emu_stop. Raises EmulationError for too many regions.
    """
    if len(regions) > observer.MOST_REGIONS:
        raise EmulationError(f"code lies in {len(regions)} regions; {observer.MOST_REGIONS} can be followed")
    halfwords = sum(size // 2 + 1 for _, size in regions)
    state = _new_state(functions, halfwords, most_sites, log_words + observer.LOG_MARGIN)
    first = 0
    for row, (address, size) in enumerate(regions):
        at = observer.REGION_TABLE + row * observer.REGION_COLUMNS
        state[at : at + observer.REGION_COLUMNS] = address, size, first
        first += size // 2 + 1
    state[observer.REGIONS] = len(regions)
    state[observer.LOG_FULL] = log_words
    return state


def _new_state(functions: tuple[int, int], halfwords: int, most_sites: int, log_words: int) -> State:
    sites_at = observer.SITE_MAP + halfwords
    log_at = sites_at + most_sites * observer.SITE_WORDS
    state = np.zeros(log_at + log_words, np.int64)
    state[[observer.REG_READ, observer.EMU_STOP]] = functions
    state[[observer.SITES_AT, observer.LOG_AT]] = sites_at, log_at
    state[observer.NO_EDGE + observer.EDGE_BLOCK] = observer.NO_BLOCK
    return state


def restart(state: State, max_instructions: int, slots: Sequence[int], sites: int) -> None:
    """Forget all counts of a recording; edges, at their slots, and the first `sites` sites stay."""
    state[observer.LAST_EDGE] = observer.NO_EDGE
    state[observer.REMAINING] = max_instructions
    state[observer.STATUS] = observer.RUNNING
    state[[observer.DIVIDES, observer.LAST_ADDRESS, observer.LOG_WORDS]] = 0
    state[observer.NO_EDGE + observer.EDGE_NEXT] = observer.NO_EDGE
    known = np.array(slots, np.int64)
    state[known + observer.EDGE_COUNT] = 0
    state[known + observer.EDGE_LOWEST_SP] = observer.HIGHEST_SP
    state[observer.DIVIDE_TABLE : observer.SITE_MAP] = 0
    _reset_sites(state, sites)


def halfword_of(state: State, address: int) -> int:
    """The number of the halfword of code at an address. Raises EmulationError outside all regions."""
    table = state[observer.REGION_TABLE :][: int(state[observer.REGIONS]) * observer.REGION_COLUMNS]
    for first, size, number in table.reshape(-1, observer.REGION_COLUMNS).tolist():
        if first <= address < first + size:
            return int(number + (address - first) // 2)
    raise EmulationError(f"{address:#010x} is not in a region of code")


def record_site(state: State, number: int, halfword: int, site: Site) -> None:
    """Make the instruction at a numbered halfword of code the site `number`."""
    state[observer.SITE_MAP + halfword] = number + 1
    first, second, base, index = map(_unicorn_register, (*site.operands, site.base, site.index))
    _sites(state)[number] = (
        *(site.kind, first, second, 0, observer.HIGHEST_SP),
        *(base, index, site.shift, site.offset),
    )


def _unicorn_register(number: int) -> int:
    """Unicorn's number of a core register."""
    special = {
        observer.NO_REGISTER: observer.NO_REGISTER,
        13: observer.UNICORN_SP,
        14: observer.UNICORN_LR,
        15: observer.UNICORN_PC,
    }
    return special.get(number, observer.UNICORN_R0 + number)


def edge_table(state: State) -> NDArray[np.int64]:
    """All slots of the table of edges, a row each; columns are the EDGE_ constants."""
    table: State = state[observer.EDGE_TABLE : observer.EDGE_TABLE_END].reshape(-1, observer.EDGE_WORDS)
    return table


def reset(state: State, max_instructions: int) -> None:
    """Forget all counts; sites stay."""
    state[observer.LAST_EDGE] = observer.NO_EDGE
    state[observer.REMAINING] = max_instructions
    state[observer.STATUS] = observer.RUNNING
    state[[observer.EDGES, observer.DIVIDES]] = 0
    state[observer.LAST_ADDRESS] = 0
    state[observer.NO_EDGE + observer.EDGE_NEXT] = observer.NO_EDGE
    state[observer.EDGE_TABLE : observer.SITE_MAP] = 0
    _reset_sites(state, observer.MOST_SITES)


def watch_byte(state: State, host: int, value: int) -> None:
    """Have `on_instruction` stop when the byte at a host address is no longer `value`."""
    state[[observer.WATCHED_HOST, observer.WATCHED_VALUE]] = host, value


def add_site(state: State, number: int, site: Site) -> None:
    """Make an instruction the site `number` of counting hooks."""
    record_site(state, number, (site.address - int(state[observer.CODE_ADDRESS])) // 2, site)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """What the hooks have counted at one moment.

    `edges`: a row each, in order of (previous, block), columns as the EDGE_ constants; `executions` and `lowest_sp`
    of each site (observer.HIGHEST_SP where it was never reached); `operands` by site: how often each (bits of the
    first, of the second, of the quotient) came; `last_block`: the one entered last (observer.NO_BLOCK: none yet).
    """

    edges: NDArray[np.int64]
    executions: NDArray[np.int64]
    lowest_sp: NDArray[np.int64]
    operands: Mapping[int, Mapping[tuple[int, int, int], int]]
    last_block: int


def counts(state: State, most_sites: int | None = None) -> Counts:
    """What the hooks have counted so far, at the first `most_sites` sites or at all."""
    table = edge_table(state)
    table = table[table[:, observer.EDGE_COUNT] != 0]
    sites = _sites(state)[:most_sites]
    return Counts(
        edges=table[np.lexsort((table[:, observer.EDGE_BLOCK], table[:, observer.EDGE_PREVIOUS]))],
        executions=sites[:, observer.SITE_COUNT].copy(),
        lowest_sp=sites[:, observer.SITE_LOWEST_SP].copy(),
        operands=operands_of(state),
        last_block=int(state[state[observer.LAST_EDGE] + observer.EDGE_BLOCK]),
    )


def operands_of(state: State) -> dict[int, dict[tuple[int, int, int], int]]:
    """By site: how often each (bits of the first, of the second, of the quotient) came."""
    found: dict[int, dict[tuple[int, int, int], int]] = {}
    table = state[observer.DIVIDE_TABLE : observer.SITE_MAP].reshape(-1, observer.DIVIDE_WORDS)
    for key, count in sorted(table[table[:, 0] != 0].tolist()):
        site, bits = operands_key(key)
        found.setdefault(site, {})[bits] = count
    return found


def operands_key(key: int) -> tuple[int, tuple[int, int, int]]:
    """Site, and bits of the first, of the second and of the quotient, of a row in use of the table of operands."""
    bits = (key - 1) & 0x3FFFF
    return (key - 1) >> 18, (bits >> 12, bits >> 6 & 0x3F, bits & 0x3F)


def _sites(state: State) -> NDArray[np.int64]:
    sites: State = state[int(state[observer.SITES_AT]) : int(state[observer.LOG_AT])].reshape(-1, observer.SITE_WORDS)
    return sites


def _reset_sites(state: State, number: int) -> None:
    sites = _sites(state)[:number]
    sites[:, observer.SITE_COUNT] = 0
    sites[:, observer.SITE_LOWEST_SP] = observer.HIGHEST_SP
