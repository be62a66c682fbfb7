"""A function on the target and its reference in Python + strategies for their arguments → the first difference."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mcusim.call_result import CallResult
from mcusim.errors import BadInputError, McusimError, UnsupportedError

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

EXAMPLES = 100
INSTALL = "twin testing makes its inputs with hypothesis, which is not installed: pip install hypothesis"


@dataclass(frozen=True, slots=True)
class Twin:
    """A function of the target and its reference.

    `returns` is the type that both return, by NumPy's name, None for void. `out` is the place of an argument that the
    function writes and the reference returns instead; None: the reference writes what the function writes.
    """

    function: str
    reference: Callable[..., object]
    returns: str | None
    out: int | None


def assert_twins(
    call: Callable[..., CallResult], twin: Twin, given: Sequence[object] | SearchStrategy[Any], examples: int = EXAMPLES
) -> CallResult:
    """Call both on `examples` inputs; they have to return and to leave in their arrays the same bits.

    `given` are strategies of hypothesis and constants, one an argument, or one strategy for all of them; the same
    inputs each time. Returns the call that took most cycles. Raises AssertionError with the smallest input that is
    found to tell them apart, UnsupportedError without hypothesis.
    """
    try:
        from hypothesis import HealthCheck, Phase, settings, strategies
        from hypothesis import given as given_by
    except ImportError:
        raise UnsupportedError(INSTALL) from None
    if isinstance(given, strategies.SearchStrategy):
        chosen = given
    else:
        known = [one if isinstance(one, strategies.SearchStrategy) else strategies.just(one) for one in given]
        chosen = strategies.tuples(*known)
    slowest: list[CallResult] = []

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given_by(chosen)
    def check(arguments: Sequence[object]) -> None:
        __tracebackhide__ = True
        result = _checked(call, twin, arguments)
        if not slowest or result.cycles > slowest[0].cycles:
            slowest[:] = [result]

    __tracebackhide__ = True
    try:
        check()
    except (AssertionError, McusimError) as error:
        raise error.with_traceback(None) from None  # hypothesis' own frames say nothing
    return slowest[0]


def _checked(call: Callable[..., CallResult], twin: Twin, arguments: Sequence[object]) -> CallResult:
    """Call both with copies of the same arguments; AssertionError where they differ."""
    __tracebackhide__ = True
    if twin.out is not None and twin.out not in range(len(arguments)):
        raise BadInputError(f"out={twin.out}: there are arguments 0 to {len(arguments) - 1}")
    own, others = [_copied(one) for one in arguments], [_copied(one) for one in arguments]
    result = call(twin.function, *own, returns=twin.returns)
    passed = [one for number, one in enumerate(others) if number != twin.out]
    expected = twin.reference(*passed)
    difference = None
    if twin.out is not None:
        others[twin.out], expected = expected, None
    elif twin.returns is not None:
        difference = _returned(twin.returns, result.value, expected)
    for number, (one, other) in enumerate(zip(own, others, strict=True)):
        if difference is None and isinstance(one, np.ndarray):
            difference = _difference(f"argument {number + 1}", one, np.asarray(other))
    if difference is not None:
        given = ", ".join(_shown(one) for one in arguments)
        raise AssertionError(f"{twin.function}({given}): {difference}")
    return result


def _copied(argument: object) -> object:
    """An argument for one of both; arrays stay read-only where they are."""
    if not isinstance(argument, np.ndarray):
        return copy.deepcopy(argument)
    found = argument.copy()
    found.flags.writeable = argument.flags.writeable
    return found


def _returned(kind: str, value: object, expected: object) -> str | None:
    """How the returned values differ, None where they are the same bits."""
    if expected is None:
        return "the reference returns nothing; for a function that returns nothing say returns=None"
    dtype = np.dtype(kind)
    if dtype.kind == "f":
        found, wanted = (np.array(one, dtype).tobytes()[::-1].hex() for one in (value, expected))
        return None if found == wanted else f"it returned {value} ({found}), the reference {expected} ({wanted})"
    return None if value == expected else f"it returned {value}, the reference {expected}"


def _difference(name: str, found: NDArray[np.generic], expected: NDArray[np.generic]) -> str | None:
    """The first element that differs, None where all are the same bits."""
    if found.size != expected.size:
        return f"{name} has {found.size} elements, the reference's {expected.size}"
    same_type = expected.astype(found.dtype).reshape(found.shape)
    if found.dtype != expected.dtype and not np.array_equal(same_type, expected.reshape(found.shape)):
        return f"the reference's {name} is {expected.dtype} and does not fit {found.dtype}"
    bits = np.ascontiguousarray(found).view(np.uint8) != np.ascontiguousarray(same_type).view(np.uint8)
    differs = bits.reshape(*found.shape, -1).any(axis=-1) if found.size else bits
    if not differs.any():
        return None
    place = tuple(int(one) for one in np.argwhere(differs)[0])
    return (
        f"{name} at {list(place)} is {found[place]}, the reference has {same_type[place]} "
        f"({int(differs.sum())} of {found.size} elements differ)"
    )


def _shown(argument: object) -> str:
    if isinstance(argument, np.ndarray):
        return np.array2string(argument, threshold=64, separator=", ").replace("\n", "")
    return repr(argument)
