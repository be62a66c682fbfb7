"""What a run says of its layers and their sums as data, its attributes named as in the mcusim.run/1 JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the layers; a value that is not known is None and its `_reason` says why.

    `error_percent` is the error to expect of cycles and latency, `error_source` says what it is derived from.
    `least_cycles` and `most_cycles` span what `range_over` says: link orders and memory parameters that are not known;
    both are `cycles` itself where there is but one figure. Where nothing was executed there are no instructions and
    causes; estimates still give layers, cycles and latency, or a `cycles_reason` instead.
    """

    macs: int
    instructions: int | None
    cycles: int | None
    cycles_by_cause: Mapping[str, int] | None
    latency_s: float | None
    energy_j: float | None
    energy_j_reason: str | None
    error_percent: float | None
    error_percent_reason: str | None
    error_source: str | None
    least_cycles: int | None
    most_cycles: int | None
    range_over: str | None
    cycles_reason: str | None


@dataclass(frozen=True, slots=True)
class FunctionCycles:
    """Cycles of one target function within a layer."""

    name: str
    cycles: int


@dataclass(frozen=True, slots=True)
class Faster:
    """A faster way that a layer cannot take, and the condition that keeps it from it.

    `changed_cycles` are those of a simulated layer that differs in `change` alone; `cycles` is what this layer's work
    would take at as many cycles a MAC (an output element where there are none).
    """

    variant: str | None
    variant_reason: str | None
    condition: str
    change: str | None
    change_reason: str | None
    cycles: int | None
    cycles_reason: str | None
    changed_cycles: int | None
    changed_cycles_reason: str | None


@dataclass(frozen=True, slots=True)
class LayerTensor:
    """What a layer reads or writes, in the model file where it is constant; `bytes` as TensorFlow Lite Micro has it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    is_constant: bool


@dataclass(frozen=True, slots=True)
class Accumulation:
    """How the reference makes an element of products: what can be followed by hand.

    accumulator · multiplier · 2**(shift − 31), `exact`, is rounded to `rounded`; `offset` is added, and the sum is held
    between `least` and `most`. The accumulator of so many `bits` has the bias in it; a positive shift goes left. One of
    32 bits is rounded twice: first to `high`, the product over 2**31, then by the right shift.
    """

    accumulator: int
    bias: int
    bits: int
    multiplier: int
    shift: int
    exact: float
    high: int | None
    high_reason: str | None
    rounded: int
    offset: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Difference:
    """The first element in which two values of a tensor differ, and how many do.

    A value that is infinite or no number is None. `largest` is the largest distance of all elements, None likewise.
    `rounding` is a way of rounding that gives the tensor as it was found, `accumulation` is the reference's.
    """

    tensor: str
    index: tuple[int, ...]
    target: float | None
    target_reason: str | None
    reference: float | None
    reference_reason: str | None
    wrong_elements: int
    elements: int
    largest: float | None
    largest_reason: str | None
    rounding: str | None
    rounding_reason: str | None
    accumulation: Accumulation | None
    accumulation_reason: str | None

    def words(self, other: str = "target") -> str:
        """Where, both values and how many, in a line; `other` names what is not the reference."""
        found, expected = _number(self.target, self.target_reason), _number(self.reference, self.reference_reason)
        return (
            f"{self.tensor}{list(self.index)}: {other} {found}, reference {expected} "
            f"({self.wrong_elements:,} of {self.elements:,} elements differ)"
        )

    def __str__(self) -> str:
        """The words for target code."""
        return self.words()


def _number(value: float | None, reason: str | None) -> str:
    if value is None:
        return reason or "not known"
    return f"{value:.0f}" if value == int(value) else f"{value:.9g}"


@dataclass(frozen=True, slots=True)
class AgainstLayer:
    """What another implementation makes of a layer, beside the reference.

    `wrong_elements` of the output differ when the reference is given the other's operands: `harmless_elements` of them
    are what `rounding` gives, recomputed; the rest is a divergence. `apart_elements` differ when each goes through the
    whole model by itself: operands that differ are in it. `difference` is the first divergence, or else the first
    harmless one.
    """

    index: int
    op: str
    tensor: str
    elements: int
    wrong_elements: int
    harmless_elements: int
    rounding: str | None
    rounding_reason: str | None
    difference: Difference | None
    difference_reason: str | None
    apart_elements: int


@dataclass(frozen=True, slots=True)
class Against:
    """Another implementation, tensor by tensor; `notes` say what was not compared, and why."""

    name: str
    layers: tuple[AgainstLayer, ...]
    notes: tuple[str, ...]

    @property
    def diverging(self) -> tuple[AgainstLayer, ...]:
        """The layers with differences that no known rounding explains."""
        return tuple(one for one in self.layers if one.wrong_elements > one.harmless_elements)


@dataclass(frozen=True, slots=True)
class CodeLine:
    """An instruction, `offset` bytes behind the start of its function."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class HotCode:
    """The code of a loop, once for all layers that run it: `bytes` from `offset` on behind the start of `function`."""

    function: str
    offset: int
    bytes: int
    lines: tuple[CodeLine, ...]


@dataclass(frozen=True, slots=True)
class HotLoop:
    """What a loop took in one layer; `code` is its place in Run.hot_code.

    `iterations` are the times that it went back to its start. Of each line of its code `line_counts` are the times
    that it executed and `line_cycles` what these took: they sum to `cycles`. What waits for memory is known by block of
    code, and is at the block's first line. Lines of loops within it are left out: they are those loops' own.
    """

    code: int
    iterations: int
    cycles: int
    cycles_by_cause: Mapping[str, int]
    line_counts: tuple[int, ...]
    line_cycles: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One operator as executed, or as estimated. `shape` is its (first) output's; `why` says what shaped its cycles.

    `inputs` are without those that are left out, `live_bytes` are those of the arena's head that hold what is needed
    while the layer runs. `least_cycles` and `most_cycles` span the link orders and the memory parameters that are not
    known. `loops` are the hottest, most cycles first. `variant` is the function that `kernel` chose for the layer
    (itself where it does not choose), `faster` what kept it from faster ones. `own_cycles` are those with mcusim's
    kernels where a user's library ran. Of an estimated layer the range is of the values that it may have, `cycles` are
    `estimated_cycles` (None where there are none), and what only execution tells is None, for `bit_exact_reason`.
    `difference` is from the reference on the operands that the target has, of which `differing_inputs` elements are not
    those of an inference by the reference alone, because a layer before differs.
    """

    index: int
    op: str
    name: str
    kernel: str
    shape: tuple[int, ...]
    inputs: tuple[LayerTensor, ...]
    outputs: tuple[LayerTensor, ...]
    macs: int
    instructions: int | None
    cycles: int | None
    least_cycles: int | None
    most_cycles: int | None
    cycles_by_cause: Mapping[str, int] | None
    estimated_cycles: int | None
    estimated_cycles_reason: str | None
    live_bytes: int
    scratch_bytes: int
    scratch_touched_bytes: int | None
    stack_bytes: int | None
    stack_touched_bytes: int | None
    bit_exact: bool | None
    bit_exact_reason: str | None
    difference: Difference | None
    functions: tuple[FunctionCycles, ...]
    loops: tuple[HotLoop, ...]
    why: str
    variant: str
    faster: tuple[Faster, ...]
    own_cycles: int | None
    own_cycles_reason: str | None
    differing_inputs: int | None
