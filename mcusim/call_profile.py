"""Trace, timing and tree of calls → what each function, call site and chain of calls took."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mcusim import execution, loops
from mcusim.call_stacks import ROOT, Node
from mcusim.images import Image
from mcusim.symbols import Symbol
from mcusim.system_control import EXTERNAL, HARD_FAULT, NMI, PENDSV, SVCALL, SYSTICK
from mcusim.trace import CAUSES, Block, Timing, Trace

MOST_LOOPS = 5
MOST_LINES = 200  # of a loop's disassembly
MOST_STACKS = 20_000
EXCEPTION_NAMES = {
    **{NMI: "NMI", HARD_FAULT: "HardFault", 4: "MemManage", 5: "BusFault", 6: "UsageFault", 7: "SecureFault"},
    **{SVCALL: "SVCall", 12: "DebugMonitor", PENDSV: "PendSV", SYSTICK: "SysTick"},
}


def exception_name(number: int) -> str:
    """An exception by Arm's name, an external one by its number."""
    return EXCEPTION_NAMES.get(number, f"IRQ {number - EXTERNAL}")


@dataclass(slots=True)
class _Sum:
    """What one function took by itself."""

    instructions: int = 0
    causes: list[int] = field(default_factory=lambda: [0] * len(CAUSES))


class Located(Protocol):
    """Code at absolute addresses: an image, or kernels where they were placed."""

    def function_at(self, address: int) -> Symbol | None:
        """The function that holds the byte at an address."""

    def source_line(self, address: int) -> str | None:
        """File and line of the instruction at an address, None where unknown."""


class Functions:
    """The functions of a program: its symbols, or, where it has none, whatever was called."""

    def __init__(self, image: Located, nodes: Sequence[Node]) -> None:
        """`nodes` of the tree of calls tell where functions begin that have no symbol."""
        self._image = image
        self._starts = sorted({node.function for node in nodes[1:]})

    def start(self, address: int) -> int:
        """Where the function begins that an address of code lies in."""
        symbol = self._image.function_at(address)
        if symbol is not None:
            return symbol.address
        position = bisect_right(self._starts, address) - 1
        return self._starts[position] if position >= 0 else address

    def name(self, start: int) -> str:
        """A function's name by where it begins."""
        symbol = self._image.function_at(start)
        return symbol.name if symbol is not None else f"function_{start:08x}"


@dataclass(frozen=True, slots=True)
class CallProfile:
    """Rows of the report, most cycles first."""

    functions: tuple[execution.Function, ...]
    call_sites: tuple[execution.CallSite, ...]
    stacks: tuple[execution.Stack, ...]


def profile(image: Image, trace: Trace, timing: Timing, nodes: Sequence[Node]) -> CallProfile:
    """The profile of what was executed.

    The tree's cycles are those without waiting for memory; what a function really took is shared among the chains of
    calls that it was in by these.
    """
    functions = Functions(image, nodes)
    sums = _sums(functions, trace, timing)
    own = _own_cycles(functions, sums, nodes)
    below = _with_calls(nodes, own)
    return CallProfile(
        _function_rows(image, functions, sums, nodes, own, below),
        _site_rows(image, functions, nodes, below),
        _stack_rows(functions, nodes, own),
    )


def _sums(functions: Functions, trace: Trace, timing: Timing) -> dict[int, _Sum]:
    visits = trace.visits
    sums: defaultdict[int, _Sum] = defaultdict(_Sum)
    for index, (block, row) in enumerate(zip(trace.blocks, timing.by_block, strict=True)):
        if block.instructions:
            total = sums[functions.start(block.address)]
            total.instructions += visits[index] * len(block.instructions)
            for column, cycles in enumerate(row):
                total.causes[column] += cycles
    return dict(sums)


def _own_cycles(functions: Functions, sums: Mapping[int, _Sum], nodes: Sequence[Node]) -> list[int]:
    """Each node's share of its function's cycles; shares of a function sum to its cycles."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    for number, node in enumerate(nodes[1:], 1):
        members[functions.start(node.function)].append(number)
    own = [0] * len(nodes)
    for start, numbers in members.items():
        cycles = sum(sums[start].causes) if start in sums else 0
        weights = sum(nodes[number].cycles for number in numbers)
        done = weight = 0
        for number in numbers:
            weight += nodes[number].cycles
            share = cycles * weight // weights if weights else 0
            own[number] = share - done
            done = share
    return own


def _with_calls(nodes: Sequence[Node], own: Sequence[int]) -> list[tuple[int, int]]:
    """Instructions and cycles of each node with all below it; parents come before their children."""
    totals = [[node.instructions, own[number]] for number, node in enumerate(nodes)]
    for number in range(len(nodes) - 1, ROOT, -1):
        above = totals[nodes[number].parent]
        above[0] += totals[number][0]
        above[1] += totals[number][1]
    return [(instructions, cycles) for instructions, cycles in totals]


def _function_rows(
    image: Image,
    functions: Functions,
    sums: Mapping[int, _Sum],
    nodes: Sequence[Node],
    own: Sequence[int],
    below: Sequence[tuple[int, int]],
) -> tuple[execution.Function, ...]:
    calls: defaultdict[int, int] = defaultdict(int)
    with_calls: defaultdict[int, int] = defaultdict(int)
    for number, node in enumerate(nodes[1:], 1):
        start = functions.start(node.function)
        calls[start] += node.calls
        if not _is_within(functions, nodes, number, start):
            with_calls[start] += below[number][1]
    rows = []
    for start, total in sums.items():
        if not total.instructions:
            continue
        causes = dict(zip(CAUSES, total.causes, strict=True))
        cycles = sum(total.causes)
        line = image.source_line(start)
        inclusive = max(cycles, with_calls[start])
        rows.append(
            execution.Function(
                functions.name(start), start, calls[start], total.instructions, cycles, causes, inclusive, line
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.cycles, row.name)))


def _is_within(functions: Functions, nodes: Sequence[Node], number: int, start: int) -> bool:
    """Whether a function has itself above it: its cycles are in those of the outer call."""
    above = nodes[number].parent
    while above != ROOT:
        if functions.start(nodes[above].function) == start:
            return True
        above = nodes[above].parent
    return False


def _site_rows(
    image: Image, functions: Functions, nodes: Sequence[Node], below: Sequence[tuple[int, int]]
) -> tuple[execution.CallSite, ...]:
    sums: defaultdict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for number, node in enumerate(nodes[1:], 1):
        callee = functions.name(functions.start(node.function))
        above = functions.name(functions.start(nodes[node.parent].function)) if node.parent != ROOT else "start"
        caller = exception_name(-node.site) if node.site < 0 else above
        row = sums[caller, callee, max(node.site, 0)]
        for column, value in enumerate((node.calls, *below[number])):
            row[column] += value
    rows = [
        execution.CallSite(
            caller, callee, site or None, calls, instructions, cycles, image.source_line(site) if site else None
        )
        for (caller, callee, site), (calls, instructions, cycles) in sums.items()
        if calls or instructions or cycles
    ]
    return tuple(sorted(rows, key=lambda row: (-row.cycles, row.caller, row.callee, row.address or 0)))


def _stack_rows(functions: Functions, nodes: Sequence[Node], own: Sequence[int]) -> tuple[execution.Stack, ...]:
    sums: defaultdict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0])
    frames: list[tuple[str, ...]] = [()]
    for number, node in enumerate(nodes[1:], 1):
        name = functions.name(functions.start(node.function))
        exception = (f"[{exception_name(-node.site)}]",) if node.site < 0 else ()
        frames.append((*frames[node.parent], *exception, name))
        if own[number] or node.calls:
            row = sums[frames[number]]
            row[0] += node.calls
            row[1] += own[number]
    ranked = sorted(sums.items(), key=lambda item: (-item[1][1], item[0]))[:MOST_STACKS]
    return tuple(execution.Stack(chain, calls, cycles) for chain, (calls, cycles) in ranked)


def hot_loops(image: Located, trace: Trace, timing: Timing) -> tuple[execution.Loop, ...]:
    """The loops whose own code, without loops within it, took most cycles, with their disassembly."""
    found: list[execution.Loop] = []
    for loop in loops.hot_loops(trace, timing)[:MOST_LOOPS]:
        end = loop.address + loop.bytes
        lines = _lines(image, zip(trace.blocks, trace.visits, strict=True), loop.address, end)
        name = Functions(image, ()).name(loop.address) if image.function_at(loop.address) else loop.function
        found.append(execution.Loop(name, loop.address, loop.bytes, loop.iterations, loop.cycles, lines))
    return tuple(found)


def _lines(image: Located, blocks: Iterable[tuple[Block, int]], start: int, end: int) -> tuple[execution.Line, ...]:
    """The instructions from `start` to `end`, in whatever blocks they executed."""
    counts: defaultdict[int, int] = defaultdict(int)
    texts: dict[int, str] = {}
    for block, visits in blocks:
        if block.address < end and start < block.end:
            for one in block.instructions:
                if start <= one.address < end:
                    counts[one.address] += visits
                    texts[one.address] = one.text
    return tuple(
        execution.Line(address, texts[address], counts[address], image.source_line(address))
        for address in sorted(counts)[:MOST_LINES]
    )
