"""Plan → Budget: the least and the most that the arena may have, in which bank, and what takes the rest of it."""

from __future__ import annotations

from mcusim import record
from mcusim.arena import ALIGNMENT
from mcusim.placement import Bank, runs_of
from mcusim.plan import Plan

NO_STACK = "the kernels were not executed"


def budget(plan: Plan) -> record.Budget:
    """The arena from both sides. The most in a bank is what its other owners leave, rounded down to 16."""
    chosen = plan.banks.ram
    others = [bank for bank in runs_of(plan.board, "ram") if not _overlap(bank, chosen) and _is_apart(plan, bank)]
    banks = [_arena_bank(plan, chosen), *(_arena_bank(plan.moved_to(bank), bank) for bank in others)]
    least, most = plan.arena.smallest_bytes, banks[0].most_arena_bytes
    names = plan.application.names
    given = plan.given_arena_bytes
    own = plan.application.arena
    is_own = own is not None and own.bytes == given
    return record.Budget(
        application=" + ".join(names) if names else None,
        application_reason=None if names else "none was named: one interrupt and a margin of the stack are counted",
        least_arena_bytes=least,
        most_arena_bytes=most,
        headroom_bytes=most - least,
        given_arena_bytes=given,
        given_arena_bytes_reason="no size was given" if given is None else None,
        given_arena_source=None if given is None else own.name if own is not None and is_own else "given by hand",
        bank=chosen.name,
        items=_items(plan, chosen),
        banks=tuple(banks),
        notes=plan.application.notes,
    )


def _overlap(one: Bank, other: Bank) -> bool:
    return one.address < other.end and other.address < one.end


def _is_apart(plan: Plan, bank: Bank) -> bool:
    """Whether a bank is not one that the weights lie in a part of."""
    return bank == plan.banks.weights or not _overlap(bank, plan.banks.weights)


def _arena_bank(plan: Plan, bank: Bank) -> record.ArenaBank:
    """A bank that the plan has its arena in."""
    left = plan.headroom_in(bank) + plan.arena_bytes
    most = max(left, 0) // ALIGNMENT * ALIGNMENT
    return record.ArenaBank(
        name=bank.name,
        address=bank.address,
        bytes=bank.bytes,
        taken_bytes=bank.bytes - left,
        most_arena_bytes=most,
        holds=most >= plan.arena.smallest_bytes,
    )


def _items(plan: Plan, bank: Bank) -> tuple[record.BudgetItem, ...]:
    """What takes the bank's bytes beside the arena, with the source of each figure."""
    application = plan.application
    reserve = plan.board.reserved_ram
    sources = {(one.name, one.kind): one.source for one in application.ram}
    items = []
    if bank.reserved_bytes:
        items.append(record.BudgetItem(reserve.what, "reserved", bank.reserved_bytes, None, reserve.source))
    for owner in plan.beside_in(bank):
        items.append(record.BudgetItem(owner.name, owner.kind, owner.bytes, None, sources[owner.name, owner.kind]))
    if bank == plan.banks.weights:
        size = len(plan.model.file)
        items.append(record.BudgetItem("model file", "weights", size, None, "placed in this bank as asked for"))
    if plan.has_stack(bank):
        items += _stack_items(plan)
    return tuple(items)


def _stack_items(plan: Plan) -> list[record.BudgetItem]:
    sources = {
        "stack of the kernels": "emulation: the lowest that the stack pointer went in any layer",
        "interrupts on the stack": plan.application.interrupts.source,
        "margin of the stack": plan.application.margin.source,
    }
    firmware = plan.application.stack
    items = []
    for owner in plan.stack_owners():
        unknown = owner.name == "stack of the kernels" and plan.stack_bytes is None
        source = sources.get(owner.name) or (firmware.source if firmware is not None else "")
        if unknown or owner.bytes:
            count, reason = (None, NO_STACK) if unknown else (owner.bytes, None)
            items.append(record.BudgetItem(owner.name, owner.kind, count, reason, source))
    return items
