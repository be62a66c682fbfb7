"""Two runs → what they rest on that differs, and in sentences what a change of their figures comes from."""

from __future__ import annotations

import itertools
import shlex
import typing
from collections import Counter
from collections.abc import Iterator, Sequence

from mcusim.delta import BasisChange, Part
from mcusim.policy import ComparePolicy, Response
from mcusim.record import Kernels, Library, Run, UnitBuild

DIGEST = 12  # digits of a SHA-256 shown
NONE, UNKNOWN = "none", "not known"
OWN_KERNELS = "mcusim's own kernels"

# Parts by what they change: cycles without any change of the code, or the code itself.
TIME: tuple[Part, ...] = ("timing", "board", "placement")
CODE: tuple[Part, ...] = ("kernels", "compiler", "compiler flags")
TOLD: dict[Part, str] = {
    "engine": "the engine",
    "timing": "mcusim's model of time",
    "board": "the board",
    "placement": "where weights, code and arena lie",
    "model": "the model",
    "kernels": "the kernels",
    "compiler": "the kernels' compiler",
    "compiler flags": "the kernels' compiler flags",
    "runtime": "the runtime",
    "application": "what else is in memory",
    "input": "the input",
    "mcusim": "mcusim itself",
}


def basis_changes(before: Run, after: Run) -> tuple[BasisChange, ...]:
    """Everything that the figures rest on and that is not the same in both, in the order of `delta.Part`.

    Files are held against each other by their SHA-256, so that a file of another name or place with the same content
    is the same, and an edited one of the same name is not. Core table and memory model of another core or board are
    changes of the board, not of the model of time.
    """
    rows = [*_found_by(before, after), *_kernels(before, after), *_around(before, after)]
    order = typing.get_args(Part)
    rows.sort(key=lambda row: order.index(row[0]))
    return tuple(BasisChange(*row) for row in rows if row[2] != row[3])


_Row = tuple[Part, str, str, str]


def _found_by(before: Run, after: Run) -> Iterator[_Row]:
    """What cycles are found by: engine, model of time, board, placement."""
    one, other = before.provenance, after.provenance
    yield "engine", "engine", one.engine, other.engine
    core = before.board.core, after.board.core
    tables = _files((one.core_table, one.core_table_sha256), (other.core_table, other.core_table_sha256))
    yield "timing" if core[0] == core[1] else "board", "core table", *tables
    yield "timing", "timing rules", _digest(one.timing_rules_sha256), _digest(other.timing_rules_sha256)
    yield "board", "board", before.board.name, after.board.name
    files = _files((one.board_file, one.board_file_sha256), (other.board_file, other.board_file_sha256))
    yield "board", "board file", *files
    yield "board", "core", *core
    yield "board", "clock", _hertz(before.board.clock_hz), _hertz(after.board.clock_hz)
    yield "board", "flash wait states", _waits(before), _waits(after)
    board = (before.board.name, before.board.mcu, before.board.core, before.board.clock_hz)
    other_board = (after.board.name, after.board.mcu, after.board.core, after.board.clock_hz)
    same_board = files[0] == files[1] and board == other_board
    yield "timing" if same_board else "board", "memory model", one.memory_model, other.memory_model
    yield "placement", "placement", _placement(before), _placement(after)
    yield "model", "model", *_models(before, after)


def _around(before: Run, after: Run) -> Iterator[_Row]:
    """What else can change figures."""
    one, other = before.provenance, after.provenance
    yield "runtime", "runtime", one.runtime, other.runtime
    yield "application", "application", before.budget.application or NONE, after.budget.application or NONE
    if NONE not in (one.input, other.input):  # what only estimates or plans has none
        yield "input", "input", one.input, other.input
    yield "mcusim", "version", before.mcusim_version, after.mcusim_version


def _digest(sha256: str) -> str:
    return sha256[:DIGEST]


def _hertz(clock_hz: int) -> str:
    return f"{clock_hz / 1e6:g} MHz"


def _files(one: tuple[str, str], other: tuple[str, str]) -> tuple[str, str]:
    """Two files by name and digest; equal where their content is."""
    if one[1] == other[1]:
        return one[0], one[0]
    return f"{one[0]} {_digest(one[1])}", f"{other[0]} {_digest(other[1])}"


def _waits(run: Run) -> str:
    return UNKNOWN if run.board.wait_states is None else str(run.board.wait_states)


def _placement(run: Run) -> str:
    """Memories, not addresses: these follow the sizes of model and code."""
    where = run.placement
    return f"weights in {where.weights}, code in {where.code}, arena in {where.arena}"


def _models(before: Run, after: Run) -> tuple[str, str]:
    """Models by their content: a renamed file is the same model."""
    one, other = before.model, after.model
    if one.sha256 == other.sha256:
        return one.name, one.name
    words = [f"{model.name} {_digest(model.sha256)} ({model.bytes:,} bytes)" for model in (one, other)]
    return words[0], words[1]


def _kernels(before: Run, after: Run) -> Iterator[_Row]:
    """The user's library, then mcusim's own kernels: file and source, compiler, and flags, each named apart."""
    one, other = before.provenance, after.provenance
    yield from _libraries(one.library, other.library)
    if one.kernels != other.kernels:
        yield from _own_kernels(one.kernels, other.kernels)


def _libraries(one: Library | None, other: Library | None) -> Iterator[_Row]:
    if one is None or other is None:
        yield "kernels", "kernels", _library(one), _library(other)
        return
    if one.sha256 == other.sha256:
        return  # of the same file, another model may link other units
    yield "kernels", "library", _library(one), _library(other)
    yield "kernels", "instruction set", f"{one.isa}, {one.float_abi} floats", f"{other.isa}, {other.float_abi} floats"
    if not one.builds or not other.builds:
        yield "compiler", f"compiler of {other.file}", one.compiler or UNKNOWN, other.compiler or UNKNOWN
        yield "compiler flags", f"compiler flags of {other.file}", one.flags or UNKNOWN, other.flags or UNKNOWN
        return
    units = max(sum(build.count for build in library.builds) for library in (one, other))
    for before, after, count in _rebuilt(one.builds, other.builds):
        of = f"{count} of {units} units of {other.file}"
        yield "compiler", f"compiler of {of}", before.compiler, after.compiler
        yield "compiler flags", f"compiler flags of {of}", *flag_words(before.flags, after.flags)


def _rebuilt(one: Sequence[UnitBuild], other: Sequence[UnitBuild]) -> list[tuple[UnitBuild, UnitBuild, int]]:
    """Ways of compiling before and after that differ, and how many units they are of.

    A way that is new stands beside one that is gone; where there is none, beside that of most units.
    """
    known = {(build.compiler, build.flags) for build in one}
    kept = {(build.compiler, build.flags) for build in other}
    gone = [build for build in one if (build.compiler, build.flags) not in kept]
    new = [build for build in other if (build.compiler, build.flags) not in known]
    pairs = []
    for before, after in itertools.zip_longest(gone, new):
        count = after.count if after is not None else before.count
        pairs.append((before or one[0], after or other[0], count))
    return pairs


def _library(library: Library | None) -> str:
    return OWN_KERNELS if library is None else f"{library.file} {_digest(library.sha256)}"


def _own_kernels(one: Kernels, other: Kernels) -> Iterator[_Row]:
    yield "kernels", f"source of {OWN_KERNELS}", _digest(one.source), _digest(other.source)
    same = (one.source, one.compiler, one.flags) == (other.source, other.compiler, other.flags)
    if same:  # built for another core, or from the same by something that is not named
        yield "kernels", f"image of {OWN_KERNELS}", _digest(one.sha256), _digest(other.sha256)
    yield "compiler", f"compiler of {OWN_KERNELS}", one.compiler, other.compiler
    yield "compiler flags", f"compiler flags of {OWN_KERNELS}", *flag_words(one.flags, other.flags)


def flag_words(before: str, after: str) -> tuple[str, str]:
    """Two lines of compiler flags as the flags that only one of them has; whole where only their order differs."""
    if not before or not after:
        return before or UNKNOWN, after or UNKNOWN
    one, other = _words(before), _words(after)
    if one == other:
        return "", ""
    gone, come = Counter(one) - Counter(other), Counter(other) - Counter(one)
    if not gone and not come:
        return before, after
    return (
        " ".join(word for word in dict.fromkeys(one) if gone[word]) or NONE,
        " ".join(word for word in dict.fromkeys(other) if come[word]) or NONE,
    )


def _words(flags: str) -> list[str]:
    try:
        return shlex.split(flags)
    except ValueError:  # a quote without its end, in a file that was edited
        return flags.split()


def attribution(basis: Sequence[BasisChange], has_same_figures: bool, is_told: bool = True) -> tuple[str, ...]:
    """What the changes of figures come from, as far as two runs can tell; `is_told`: libraries name their flags."""
    parts = list(dict.fromkeys(one.part for one in basis))
    if "board" in parts and "placement" in parts:
        parts.remove("placement")  # memories have other names there
    if not parts:
        if has_same_figures:
            return ()
        return (
            "Figures differ though everything that they rest on is the same: one of the files was edited, or this is "
            "a bug in mcusim.",
        )
    built = any(one.what == "library" for one in basis) and {"compiler", "compiler flags"} & set(parts)
    sentences = [_main([part for part in parts if part != "kernels" or not built], has_same_figures)]
    if built:
        sentences.append("Whether the source of the kernels changed as well, their file does not tell.")
    elif any(one.what == "library" for one in basis) and not is_told:
        sentences.append("Which flags they were compiled with they do not name: with -g they do.")
    if "engine" in parts:
        sentences.append("Cycles of an execution and of an estimate are not the same kind of figure.")
    if "mcusim" in parts and len(parts) > 1:
        sentences.append("mcusim's version changed, too; its kernels and timing rules are told apart from that.")
    return tuple(sentences)


def _main(parts: Sequence[Part], has_same_figures: bool) -> str:
    """The one thing that changed, or that several did."""
    changed = [part for part in parts if part != "mcusim"]
    if has_same_figures:
        return f"{_first_letter(_listed(parts))} changed; no figure did."
    if not changed:
        return "Only mcusim's version changed: what differs is of mcusim, not of your code."
    kinds = {"code" if part in CODE else "time" if part in TIME else part for part in changed}
    if len(kinds) > 1:
        together = _first_letter(_listed(changed))
        return f"{together} changed together: two runs cannot tell which of them a change comes from."
    only = _listed(changed)
    if kinds == {"time"}:
        return f"Only {only} changed: changes of cycles are of that, not of your code."
    if kinds == {"code"}:
        return f"Only {only} changed: changes of cycles are of the kernels' code."
    return f"Only {only} changed."


def _listed(parts: Sequence[Part]) -> str:
    return _and([TOLD[part] for part in parts])


def _first_letter(text: str) -> str:
    return text if text.startswith("mcusim") else text[0].upper() + text[1:]


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def refusals(basis: Sequence[BasisChange], policy: ComparePolicy) -> tuple[list[BasisChange], list[BasisChange]]:
    """The changes that the policy refuses to compare over, and those for which it does not judge cycles."""
    responses = [(one, _response(one.part, policy)) for one in basis]
    refused = [one for one, response in responses if response == "refuse"]
    return refused, [one for one, response in responses if response in ("refuse", "tell")]


def _response(part: Part, policy: ComparePolicy) -> Response:
    if part == "engine":
        return policy.changed_engine
    if part == "timing":
        return policy.changed_timing
    return policy.changed_board if part in ("board", "placement") else "judge"
