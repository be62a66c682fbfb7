"""Two runs → what they rest on that differs, and in sentences what a change of their figures comes from."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from mcusim.delta import BasisChange, Part
from mcusim.policy import ComparePolicy, Response
from mcusim.record import Kernels, Library, Run

DIGEST = 12  # digits of a SHA-256 shown
NONE = "none"
OWN_KERNELS = "mcusim's own kernels"

# Parts by what they change: cycles without any change of the code, or the code itself.
TIME: tuple[Part, ...] = ("timing", "board", "placement")
CODE: tuple[Part, ...] = ("kernels", "compiler", "compiler flags")
TOLD: dict[Part, str] = {
    "engine": "how cycles are found",
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
    is the same, and an edited one of the same name is not.
    """
    return tuple(
        BasisChange(part, what, one, other)
        for part, what, one, other in _pairs(before, after)
        if one != other and not (one in (None, "") and other in (None, ""))
    )


def _pairs(before: Run, after: Run) -> Iterator[tuple[Part, str, str, str]]:
    one, other = before.provenance, after.provenance
    yield "engine", "engine", one.engine, other.engine
    yield ("timing", "core table", *_file_pair(one.core_table, one.core_table_sha256, other.core_table,
           other.core_table_sha256))  # fmt: skip
    yield "timing", "timing rules", _digest(one.timing_rules_sha256), _digest(other.timing_rules_sha256)
    yield "timing", "memory model", one.memory_model, other.memory_model
    yield "board", "board", before.board.name, after.board.name
    yield ("board", "board file", *_file_pair(one.board_file, one.board_file_sha256, other.board_file,
           other.board_file_sha256))  # fmt: skip
    yield "board", "core", before.board.core, after.board.core
    yield "board", "clock", _hertz(before.board.clock_hz), _hertz(after.board.clock_hz)
    yield "board", "flash wait states", str(before.board.wait_states), str(after.board.wait_states)
    yield "placement", "placement", _placement(before), _placement(after)
    yield "model", "model", _model(before, after), _model(after, before)
    yield from _kernels(before, after)
    yield "runtime", "runtime", one.runtime, other.runtime
    yield "application", "application", before.budget.application or NONE, after.budget.application or NONE
    yield "input", "input", one.input, other.input
    yield "mcusim", "version", before.mcusim_version, after.mcusim_version


def _digest(sha256: str) -> str:
    return sha256[:DIGEST]


def _hertz(clock_hz: int) -> str:
    return f"{clock_hz / 1e6:g} MHz"


def _file_pair(name: str, sha256: str, other: str, other_sha256: str) -> tuple[str, str]:
    """How two files are told: by name, by digest where the names are the same; equal where their content is."""
    if sha256 == other_sha256:
        return name, name
    return f"{name} {_digest(sha256)}", f"{other} {_digest(other_sha256)}"


def _placement(run: Run) -> str:
    """Memories, not addresses: these follow the sizes of model and code."""
    where = run.placement
    return f"weights in {where.weights}, code in {where.code}, arena in {where.arena}"


def _model(run: Run, other: Run) -> str:
    """A model by its content; a renamed file is the same model."""
    name = run.model.name if run.model.sha256 != other.model.sha256 else ""
    return f"{name} {_digest(run.model.sha256)} ({run.model.bytes:,} bytes)".strip()


def _kernels(before: Run, after: Run) -> Iterator[tuple[Part, str, str, str]]:
    """The user's library, then mcusim's own kernels: file and source, compiler, and flags, each named apart."""
    one, other = before.provenance, after.provenance
    yield from _libraries(one.library, other.library)
    if one.kernels != other.kernels:
        yield from _own_kernels(one.kernels, other.kernels)


def _libraries(one: Library | None, other: Library | None) -> Iterator[tuple[Part, str, str, str]]:
    if one is None or other is None:
        yield "kernels", "kernels", _library(one), _library(other)
        return
    if one.sha256 != other.sha256:
        yield "kernels", "library", _library(one), _library(other)
    yield "kernels", "instruction set", f"{one.isa}, {one.float_abi} floats", f"{other.isa}, {other.float_abi} floats"
    yield "compiler", f"compiler of {other.file}", one.compiler or "not known", other.compiler or "not known"
    flags = flag_words(one.flags, other.flags)
    yield "compiler flags", f"compiler flags of {other.file}", *flags


def _library(library: Library | None) -> str:
    return OWN_KERNELS if library is None else f"{library.file} {_digest(library.sha256)}"


def _own_kernels(one: Kernels, other: Kernels) -> Iterator[tuple[Part, str, str, str]]:
    yield "kernels", f"source of {OWN_KERNELS}", _digest(one.source), _digest(other.source)
    same = (one.source, one.compiler, one.flags) == (other.source, other.compiler, other.flags)
    if same:  # built for another core, or from the same by something that is not named
        yield "kernels", f"image of {OWN_KERNELS}", _digest(one.sha256), _digest(other.sha256)
    yield "compiler", f"compiler of {OWN_KERNELS}", one.compiler, other.compiler
    yield "compiler flags", f"compiler flags of {OWN_KERNELS}", *flag_words(one.flags, other.flags)


def flag_words(before: str | None, after: str | None) -> tuple[str, str]:
    """Two lines of compiler flags as the flags that only one of them has; whole where only their order differs."""
    if before is None or after is None:
        return before or "not known", after or "not known"
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


def attribution(basis: Sequence[BasisChange], has_same_figures: bool) -> tuple[str, ...]:
    """What the changes of figures come from, as far as two runs can tell."""
    parts = list(dict.fromkeys(one.part for one in basis))
    if not parts:
        if has_same_figures:
            return ()
        return (
            "Figures differ though everything that they rest on is the same: one of the files was edited, or this is "
            "a bug in mcusim.",
        )
    beside = [part for part in parts if part not in ("mcusim", "compiler", "compiler flags")]
    sentences = [_main(parts, beside, has_same_figures)]
    if "compiler flags" in parts and "kernels" in parts:
        sentences.append(
            "The kernels' compiler flags changed; whether their source did as well, their file does not tell."
            if any(one.what == "library" for one in basis)
            else "Source and compiler flags of the kernels changed together."
        )
    if "engine" in parts:
        sentences.append("Cycles of an execution and of an estimate are not the same kind of figure.")
    return tuple(sentences)


def _main(parts: Sequence[Part], beside: Sequence[Part], has_same_figures: bool) -> str:
    """The one thing that changed, or that several did."""
    if has_same_figures:
        return f"{_listed(parts)} changed; no figure does."
    if not beside and "mcusim" in parts and len(parts) == 1:
        return "Only mcusim's version changed: changes are of mcusim, not of your code."
    kinds = {"code" if part in CODE else "time" if part in TIME else part for part in parts if part not in ("mcusim",)}
    if kinds == {"time"}:
        return f"Only {_lower(parts, TIME)} changed: changes of cycles are of that, not of your code."
    if kinds == {"code"}:
        return f"Only {_lower(parts, CODE)} changed: changes of cycles are of the kernels' code."
    if len(kinds) == 1:
        return f"Only {TOLD[parts[0]]} changed."
    together = _listed([part for part in parts if part != "mcusim"])
    return f"{together} changed together: two runs cannot tell which of them a change of cycles comes from."


def _lower(parts: Sequence[Part], of: Sequence[Part]) -> str:
    return _and([TOLD[part] for part in parts if part in of])


def _listed(parts: Sequence[Part]) -> str:
    text = _and([TOLD[part] for part in parts])
    return text if text.startswith("mcusim") else text[0].upper() + text[1:]


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def refusals(basis: Sequence[BasisChange], policy: ComparePolicy) -> tuple[list[BasisChange], list[BasisChange]]:
    """The changes that the policy refuses to compare over, and those for which it does not judge cycles."""
    responses: dict[Part, Response] = {
        "timing": policy.changed_timing,
        "board": policy.changed_board,
        "placement": policy.changed_board,
        "engine": policy.changed_engine,
    }
    refused = [one for one in basis if responses.get(one.part) == "refuse"]
    return refused, [one for one in basis if responses.get(one.part) in ("refuse", "tell")]
