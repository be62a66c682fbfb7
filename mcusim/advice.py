"""Run → sentences that say what would help, each read off the run's own figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mcusim import figures
from mcusim.record import Faster, Layer, MemoryVerdict, Owner, Run

# Owners that no model can do anything about.
FIXED_KINDS = frozenset({"free", "apart", "reserved"})

# What the cycles of a cause are, and what makes fewer of them.
REMEDIES = {
    "issue": " (the instructions themselves: fewer MACs, or a kernel that does more with each)",
    "load_store": " (memory accesses: more MACs for each value that is loaded)",
    "branch": " (loop ends and calls: longer inner loops, as more channels give)",
    "multiply_divide": " (long multiplications and divisions)",
    "hazard": " (waits for the result of the instruction before)",
    "fetch": " (waits for code out of flash: the kernel in RAM)",
    "flash_data": " (waits for weights out of flash: the weights in RAM)",
    "cache": " (cache misses)",
}

# AllocateTensors takes arenas in steps of this; what rounding up to it adds is not worth a remark.
ARENA_STEP_BYTES = 16

NAME = 60  # cells of a name in a sentence

# Below these shares of the cycles, or of a memory, a remark is noise.
WORTH_NOTING = 0.05
ALL = 0.99


def advice(run: Run) -> tuple[str, ...]:
    """What would make the run fit or faster, most urgent first; at most a handful of sentences."""
    remarks = [
        *_shortage("RAM", run.verdict.ram, run.memory.owners),
        *_shortage("flash", run.verdict.flash, run.flash.owners),
        *_differences(run),
        *_hottest(run),
        *_uneven(run),
        *_reference_kernels(run),
        *_arena(run),
    ]
    return tuple(remarks)


def kept_from_faster(run: Run) -> tuple[str, ...]:
    """A sentence for each condition that keeps layers from a faster function, for all layers that differ in nothing."""
    layers: dict[str, list[Layer]] = defaultdict(list)
    for layer in run.layers:
        for one in layer.faster:
            layers[f"{layer.op}: {layer.variant}; {_faster(layer, one)}"].append(layer)
    return tuple(
        f"Layer{'s' if len(found) > 1 else ''} {', '.join(str(one.index) for one in found)} {text}"
        for text, found in layers.items()
    )


def _faster(layer: Layer, one: Faster) -> str:
    if one.variant is None:
        return f"{one.condition}."
    text = f"kept from {one.variant} by: {one.condition}"
    if one.cycles is not None:
        change = one.cycles / layer.cycles - 1 if layer.cycles else 0.0
        gain = f"{one.cycles:,} cycles instead of {layer.cycles:,} ({change:+.0%})"
        whole = (
            "" if one.changed_cycles == one.cycles else f"; the changed layer as a whole takes {one.changed_cycles:,}"
        )
        return f"{text}. With {one.change} the same work would take {gain}{whole}."
    return f"{text}. What {one.change} would gain: {one.cycles_reason}."


def against_own(run: Run) -> str | None:
    """Cycles of a user's kernels beside those of mcusim's own; None where mcusim's own ran."""
    library, cycles = run.provenance.library, run.totals.cycles
    own = [layer.own_cycles for layer in run.layers]
    if library is None or cycles is None or None in own:
        return None
    total = sum(one for one in own if one is not None)
    share = f" ({cycles / total - 1:+.1%})" if total else ""
    return f"kernels of {library.file}: {cycles:,} cycles; mcusim's own: {total:,}{share}"


def main_cause(layer: Layer) -> tuple[str, float]:
    """The cause beyond issue that most of a layer's cycles have, and its share; ("", 0) where all issue.

    Every instruction issues, so that issue comes first nearly everywhere and tells nothing.
    """
    causes = layer.cycles_by_cause or {}
    beyond = {cause: cycles for cause, cycles in causes.items() if cause != "issue" and cycles}
    if not beyond or not layer.cycles:
        return "", 0.0
    cause, cycles = max(beyond.items(), key=lambda item: item[1])
    return cause, cycles / layer.cycles


def _shortage(name: str, verdict: MemoryVerdict, owners: Sequence[Owner]) -> list[str]:
    if verdict.headroom_bytes >= 0:
        return []
    text = f"{name} is {-verdict.headroom_bytes:,} bytes short"
    largest = max((one for one in owners if one.kind not in FIXED_KINDS), key=lambda one: one.bytes, default=None)
    if largest is None:
        return [f"{text}."]
    return [
        f"{text}; its largest owner is {figures.short(largest.name, NAME)} ({largest.kind}) with {largest.bytes:,}."
    ]


def _differences(run: Run) -> list[str]:
    wrong = [layer for layer in run.layers if layer.bit_exact is False]
    if not wrong:
        return []
    first = wrong[0]
    others = f" and {len(wrong) - 1} after it" if len(wrong) > 1 else ""
    return [f"Layer {first.index} ({first.op}){others} is not bit-exact: look there before anything else."]


def _hottest(run: Run) -> list[str]:
    hottest = max(run.layers, key=lambda layer: layer.cycles or 0, default=None)
    if hottest is None or not hottest.cycles or not run.totals.cycles:
        return []
    share = hottest.cycles / run.totals.cycles
    cause, part = main_cause(hottest)
    text = f"Layer {hottest.index} ({hottest.op}) takes {share:.0%} of the cycles"
    if hottest.macs:
        text += f", {hottest.cycles / hottest.macs:.2f} per MAC"
    if hottest.functions:
        function = hottest.functions[0]
        inside = function.cycles / hottest.cycles
        text += f", {f'{inside:.0%}' if inside < ALL else 'nearly all'} of them in {function.name}"
    if cause and part >= WORTH_NOTING:
        text += f"; {part:.0%} are {cause}{REMEDIES.get(cause, '')}"
    return [f"{text}."]


def _uneven(run: Run) -> list[str]:
    """The operator whose share of the cycles is most out of proportion to its share of the MACs."""
    cycles: dict[str, int] = defaultdict(int)
    macs: dict[str, int] = defaultdict(int)
    for layer in run.layers:
        cycles[layer.op] += layer.cycles or 0
        macs[layer.op] += layer.macs
    if len(cycles) < 2 or not run.totals.macs or not run.totals.cycles:
        return []
    excess = {op: cycles[op] / run.totals.cycles - macs[op] / run.totals.macs for op in cycles}
    worst = max(excess, key=lambda op: excess[op])
    if excess[worst] < WORTH_NOTING:
        return []
    return [
        f"{worst} takes {cycles[worst] / run.totals.cycles:.0%} of the cycles for "
        f"{macs[worst] / run.totals.macs:.0%} of the MACs: fewer of them save more than their MACs suggest."
    ]


def _reference_kernels(run: Run) -> list[str]:
    """Layers without a CMSIS-NN kernel; TensorFlow Lite Micro runs reference code there too."""
    slow = [layer for layer in run.layers if layer.kernel.startswith("mcusim_")]
    share = sum(layer.cycles or 0 for layer in slow) / run.totals.cycles if run.totals.cycles else 0.0
    if share < WORTH_NOTING:
        return []
    names = ", ".join(sorted({layer.op for layer in slow}))
    return [f"{names} has no CMSIS-NN kernel and runs reference code: {share:.0%} of the cycles."]


def _arena(run: Run) -> list[str]:
    memory = run.memory
    remarks = []
    if memory.smallest_arena_bytes >= memory.arena_bytes + ARENA_STEP_BYTES:
        remarks.append(
            f"Give the interpreter {memory.smallest_arena_bytes:,} bytes: AllocateTensors refuses the "
            f"{memory.arena_bytes:,} that arena_used_bytes() reports, because planning needs more for a moment."
        )
    holes = memory.holes
    if holes.wasted_bytes > WORTH_NOTING * max(holes.peak_bytes, 1):
        remarks.append(
            f"The greedy plan leaves {holes.wasted_bytes:,} bytes of holes at the arena's peak of "
            f"{holes.peak_bytes:,}: a better offline plan could save up to that much."
        )
    return remarks
