"""Chains of calls, of hand-made visits: calls, returns, tail calls, exceptions, and threads."""

import numpy as np

from mcusim import recording
from mcusim.call_stacks import CHAIN, ENTER, LEAVE, nodes, note_break, snapshot, stack_observer
from mcusim.recording import BRANCHES, NO_PREVIOUS


class World:
    """Blocks of one instruction each, by address; `go` visits one, from the block before or from nowhere."""

    def __init__(self, starts=()):
        self.observer = stack_observer(starts)
        self.blocks, self.instructions, self.edges, self.issue = [], [], [], []
        self.numbers, self.before, self.log = {}, NO_PREVIOUS, []

    def block(self, address, branch=""):
        self.numbers[address] = len(self.blocks)
        self.blocks.append([address, 4, len(self.instructions), 1, 0])
        row = [0] * recording.INSTRUCTION_COLUMNS
        row[recording.ADDRESS], row[recording.BRANCH] = address, BRANCHES.index(branch)
        self.instructions.append(row)

    def go(self, *addresses):
        for address in addresses:
            number = self.numbers[address]
            before = self.blocks[self.before] if self.before != NO_PREVIOUS else None
            taken = int(before is None or before[0] + 4 != address)
            self.edges.append([number, self.before, taken, len(self.issue), 0])
            self.issue.append(1)
            self.log.append(len(self.edges) - 1)
            self.before = number

    def leave(self, kind, value, kept=0):
        note_break(self.observer, kind, value, kept)
        self.before = NO_PREVIOUS

    def chains(self):
        tables = [
            np.array(rows, np.int64) for rows in (self.log, self.blocks, self.instructions, self.edges, self.issue)
        ]
        log, blocks, instructions, edges, issue = tables
        self.observer.observe(
            log, len(log), blocks, instructions, edges, issue, self.observer.parameters, self.observer.state, None
        )
        self.log = []
        found = nodes(snapshot(self.observer))
        names = [""]
        for node in found[1:]:
            names.append(f"{names[node.parent]}/{node.function:x}")
        return {name: (node.calls, node.cycles) for name, node in zip(names[1:], found[1:], strict=True)}


def world(starts=()):
    one = World(starts)
    for address, branch in (
        *((0x100, "bl"), (0x104, "bl"), (0x108, "b")),
        *((0x200, ""), (0x204, "bx"), (0x300, "b"), (0x400, "pop_pc"), (0x500, "bx")),
    ):
        one.block(address, branch)
    return one


def test_calls_and_returns():
    one = world()
    one.go(0x100, 0x200, 0x204, 0x104, 0x200, 0x204, 0x108, 0x100, 0x200, 0x204, 0x104)
    one.chains()
    sites = {(node.function, node.site): (node.calls, node.cycles) for node in nodes(snapshot(one.observer))[1:]}
    assert sites == {(0x100, 0): (1, 5), (0x200, 0x100): (2, 4), (0x200, 0x104): (1, 2)}


def test_a_tail_call_returns_to_the_callers_caller():
    one = world(starts=(0x100, 0x300, 0x400))
    one.go(0x100, 0x300, 0x400, 0x104)
    assert one.chains() == {"/100": (1, 2), "/100/300": (1, 1), "/100/300/400": (1, 1)}


def test_without_symbols_a_tail_call_is_part_of_the_function():
    one = world()
    one.go(0x100, 0x300, 0x400, 0x104)
    assert one.chains() == {"/100": (1, 2), "/100/300": (1, 2)}


def test_an_exception_comes_and_goes():
    one = world()
    one.go(0x100)
    one.leave(ENTER, 15, kept=0x200)  # the call was taken, what it calls has not executed yet
    one.go(0x500)
    one.leave(LEAVE, 0)
    one.go(0x200, 0x204, 0x104)
    assert one.chains() == {"/100": (1, 2), "/100/200": (1, 2), "/100/200/500": (1, 1)}


def test_exceptions_in_a_row():
    one = world()
    one.go(0x100)
    one.leave(ENTER, 15, kept=0x104)
    one.go(0x500)
    one.leave(CHAIN, 14)
    one.go(0x400)
    one.leave(LEAVE, 0)
    one.go(0x104)
    assert one.chains() == {"/100": (1, 2), "/100/500": (1, 1), "/100/400": (1, 1)}


def test_an_exception_right_after_another_has_ended():
    """Nothing executes between the end of one and the entry of the next: both breaks lead to one visit."""
    one = world()
    one.go(0x100, 0x200)
    one.leave(ENTER, 15, kept=0x204)
    one.go(0x500)
    one.leave(LEAVE, 0)
    note_break(one.observer, ENTER, 14, 0x204, joins=True)
    one.go(0x400)
    one.leave(LEAVE, 0)
    one.go(0x204, 0x104)
    chains = one.chains()
    assert chains == {"/100": (1, 2), "/100/200": (1, 2), "/100/200/500": (1, 1), "/100/200/400": (1, 1)}


def test_threads_have_chains_of_their_own():
    one = world()
    one.go(0x100, 0x200)
    one.leave(ENTER, 14, kept=0x204)
    one.go(0x500)
    one.leave(LEAVE, 1)  # another thread begins
    one.go(0x300)
    one.leave(ENTER, 14, kept=0x108)
    one.go(0x500)
    one.leave(LEAVE, 0)
    one.go(0x204, 0x104)
    chains = one.chains()
    assert chains["/100"] == (1, 2) and chains["/100/200"] == (1, 2) and chains["/300"] == (1, 1)
