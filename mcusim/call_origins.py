"""A call's result, hardware and program → the call as it is saved, and what its figures rest on."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from pathlib import Path

from mcusim.call_result import CallResult
from mcusim.kernel_calls import Hardware
from mcusim.memory_systems import memory_timing
from mcusim.program import Program
from mcusim.saved_calls import LEAST_SHARE, LOOPS, Call, Loop, Origin

PACKAGE = Path(__file__).parent
ID_DIGITS = 16
# What turns what was executed into cycles, beside the tables: files and folders of the package.
TIMING_RULES = ("pipelines", "memories", "timing.py", "memory_systems.py", "branch_prediction.py", "chained_loads.py")


def call_of(result: CallResult, program: Program) -> Call:
    """The call as it is saved, its origin not counted yet."""
    causes = {cause: cycles for cause, cycles in result.cycles_by_cause.items() if cycles}
    loops = []
    for one in result.hot_loops[:LOOPS]:
        if one.cycles < LEAST_SHARE * result.cycles:
            break
        function = program.function_at(one.address)
        start = program.code_address + function.address if function else one.address
        source = one.lines[-1].source if one.lines else None
        loops.append(Loop(one.function, one.address - start, one.bytes, one.iterations, one.cycles, source))
    return Call(
        function=result.function,
        origin=0,
        arguments_id=result.arguments_sha256[:ID_DIGITS],
        cycles=result.cycles,
        cycles_by_cause=causes,
        instructions=result.instructions,
        stack_bytes=result.stack_bytes,
        read_bytes=result.read_bytes,
        written_bytes=result.written_bytes,
        loops=tuple(loops),
        least_cycles=result.least_cycles if result.least_cycles < result.cycles else None,
        most_cycles=result.most_cycles if result.most_cycles > result.cycles else None,
    )


def origin_of(result: CallResult, hardware: Hardware, program: Program) -> Origin:
    """What the call's figures rest on."""
    board, core = hardware.board, hardware.core
    ranked = Counter(program.firmware.parts[0].producers).most_common(1)
    compiler, dash, flags = ranked[0][0].partition(" -") if ranked else ("", "", "")
    return Origin(
        core=core.name,
        board=board.id if hardware.is_board else None,
        memory=memory_timing(board),
        core_table_sha256=_sha256(board.core if board.core.endswith(".toml") else f"cores/{board.core}.toml"),
        board_file_sha256=_sha256(board.file) if hardware.is_board else None,
        timing_rules_sha256=timing_rules_sha256(),
        image=program.name,
        image_sha256=program.firmware.sha256,
        compiler=compiler or None,
        compiler_reason=None if compiler else "neither its debug information nor .comment names one",
        flags=f"-{flags}" if dash else None,
        flags_reason=None if dash else "its debug information does not name them (DW_AT_producer)",
        error_percent=result.error_percent,
        error_percent_reason=result.error_percent_reason,
    )


@functools.cache
def timing_rules_sha256() -> str:
    """SHA-256 over names and content of TIMING_RULES."""
    digest = hashlib.sha256()
    for name in TIMING_RULES:
        path = PACKAGE / name
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


@functools.cache
def _sha256(file: str) -> str:
    """SHA-256 of a file of the user's, or of the package's as its board or core names it."""
    path = Path(file)
    return hashlib.sha256((path if path.is_file() else PACKAGE / file).read_bytes()).hexdigest()
