"""The example run with other layers, owners and provenance, whose sums are right again."""

import dataclasses

from mcusim import record
from mcusim.trace import CAUSES


def with_layers(run, layers):
    """The run of these layers, in this order."""
    layers = tuple(dataclasses.replace(layer, index=index) for index, layer in enumerate(layers))
    cycles = sum(layer.cycles for layer in layers)
    totals = dataclasses.replace(
        run.totals,
        macs=sum(layer.macs for layer in layers),
        instructions=sum(layer.instructions for layer in layers),
        cycles=cycles,
        least_cycles=cycles,
        most_cycles=cycles,
        latency_s=cycles / run.board.clock_hz,
        cycles_by_cause={cause: sum(layer.cycles_by_cause[cause] for layer in layers) for cause in CAUSES},
    )
    return dataclasses.replace(run, layers=layers, totals=totals)


def with_changes(run, **provenance):
    return dataclasses.replace(run, provenance=dataclasses.replace(run.provenance, **provenance))


def slower(layer, cycles, cause="load_store", instructions=0):
    """The layer with more cycles of a cause in its first function."""
    first, *rest = layer.functions
    return dataclasses.replace(
        layer,
        cycles=layer.cycles + cycles,
        least_cycles=layer.cycles + cycles,
        most_cycles=layer.cycles + cycles,
        instructions=layer.instructions + instructions,
        cycles_by_cause={**layer.cycles_by_cause, cause: layer.cycles_by_cause[cause] + cycles},
        functions=(dataclasses.replace(first, cycles=first.cycles + cycles), *rest),
    )


def with_slower_layer(run, index, cycles, **more):
    return with_layers(run, [slower(one, cycles, **more) if one.index == index else one for one in run.layers])


def with_longer_loop(run, index, text="mov r8, r8"):
    """The run whose layer has an instruction more in its hottest loop, of one cycle each iteration."""
    layer = run.layers[index]
    loop = layer.loops[0]
    code = run.hot_code[loop.code]
    *body, branch = code.lines
    added = record.CodeLine(branch.offset, text)
    moved = dataclasses.replace(branch, offset=branch.offset + 2)
    longer = dataclasses.replace(code, bytes=code.bytes + 2, lines=(*body, added, moved))
    more = loop.iterations
    grown = dataclasses.replace(
        loop,
        code=len(run.hot_code),
        cycles=loop.cycles + more,
        cycles_by_cause={**loop.cycles_by_cause, "issue": loop.cycles_by_cause["issue"] + more},
        line_counts=(*loop.line_counts, more),
        line_cycles=(*loop.line_cycles[:-1], more, loop.line_cycles[-1]),
    )
    changed = dataclasses.replace(slower(layer, more, "issue", more), loops=(grown, *layer.loops[1:]))
    run = dataclasses.replace(run, hot_code=(*run.hot_code, longer))
    return with_layers(run, [changed if one.index == index else one for one in run.layers])


def with_buffer(run, name, size, moments):
    """The run with a buffer more in its arena, which is larger by that."""
    offset, (first, last) = run.memory.head_bytes, moments
    buffers = (*run.memory.buffers, record.ArenaBuffer(name, "intermediate", offset, size, size, first, last))
    layers = tuple(
        dataclasses.replace(one, live_bytes=one.live_bytes + size) if first <= one.index + 1 <= last else one
        for one in run.layers
    )
    owners = [record.Owner(name, size, "tensor")]
    for owner in run.memory.owners:
        owners.append(dataclasses.replace(owner, bytes=owner.bytes - size) if owner.kind == "free" else owner)
    memory = dataclasses.replace(
        run.memory,
        arena_bytes=run.memory.arena_bytes + size,
        smallest_arena_bytes=run.memory.smallest_arena_bytes + size,
        head_bytes=run.memory.head_bytes + size,
        buffers=buffers,
        owners=tuple(owners),
    )
    used = run.verdict.ram.used_bytes + size
    ram = dataclasses.replace(run.verdict.ram, used_bytes=used, headroom_bytes=run.verdict.ram.available_bytes - used)
    return dataclasses.replace(run, layers=layers, memory=memory, verdict=dataclasses.replace(run.verdict, ram=ram))


def estimated(run):
    """The run as cost formulas would have it."""
    layers = tuple(
        dataclasses.replace(
            layer,
            instructions=None,
            cycles_by_cause=None,
            stack_bytes=None,
            stack_touched_bytes=None,
            scratch_touched_bytes=None,
            bit_exact=None,
            bit_exact_reason="nothing was executed",
            estimated_cycles=layer.cycles,
            estimated_cycles_reason=None,
            functions=(),
            loops=(),
        )
        for layer in run.layers
    )
    totals = dataclasses.replace(run.totals, instructions=None, cycles_by_cause=None)
    return with_changes(dataclasses.replace(run, layers=layers, totals=totals, hot_code=()), engine="estimate")
