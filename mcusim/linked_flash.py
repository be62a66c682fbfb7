"""Plan → flash as it is linked: model, kernels, runtime as a range, and what each operator's code costs."""

from __future__ import annotations

from collections.abc import Iterable

from mcusim import record
from mcusim.abi import Invocation
from mcusim.flash_runtime import runtime_parts
from mcusim.occupancy import CODE_ALIGNMENT, model_owners
from mcusim.plan import Plan
from mcusim.weight_statistics import compressibility


def linked_flash(plan: Plan) -> record.LinkedFlash:
    """The parts of flash, those of the runtime as ranges; a firmware that has the interpreter counts as it is."""
    owners = model_owners(plan.model)
    weights = sum(owner.bytes for owner in owners if owner.kind == "weights")
    code = _code_bytes(plan, plan.invocations)
    library = plan.library.file if plan.library is not None else f"mcusim's kernels for {plan.image}"
    reserve = plan.board.reserved_flash
    known = [
        ("weights", weights, "the model file"),
        ("rest of the flatbuffer", len(plan.model.file) - weights, "the model file"),
        ("kernels", code, f"the call graph of {library}"),
        (reserve.what, reserve.bytes, reserve.source),
        *((one.name, one.bytes, one.source) for one in plan.application.flash),
    ]
    parts = [record.FlashPart(name, size, size, None, source) for name, size, source in known if size]
    if not plan.application.has_interpreter:
        parts += runtime_parts(plan.image)
    return record.LinkedFlash(
        parts=tuple(parts),
        least_bytes=sum(part.least_bytes or 0 for part in parts),
        most_bytes=sum(part.most_bytes or 0 for part in parts),
        without=_without(plan),
        compressibility=compressibility(plan.model),
    )


def _code_bytes(plan: Plan, invocations: Iterable[Invocation]) -> int:
    """Bytes of all code and constants that calls reach, each aligned as the linker does."""
    names = dict.fromkeys(call.symbol for invocation in invocations for call in invocation.calls)
    found = plan.firmware.reachable(names)
    return sum(-(-symbol.bytes // CODE_ALIGNMENT) * CODE_ALIGNMENT for symbol in found)


def _without(plan: Plan) -> tuple[record.Saving, ...]:
    """What a model without an operator would save: code that no other operator of the model reaches."""
    layers = list(zip(plan.model.ops, plan.invocations, strict=True))
    everything = _code_bytes(plan, plan.invocations)
    found = []
    for name in dict.fromkeys(op.name for op in plan.model.ops):
        rest = _code_bytes(plan, (invocation for op, invocation in layers if op.name != name))
        count = sum(op.name == name for op in plan.model.ops)
        found.append(record.Saving(name, count, everything - rest))
    return tuple(sorted(found, key=lambda one: (-one.saved_bytes, one.op)))
