"""A call's result, hardware and program → the call as it is saved, and what its figures rest on."""

from __future__ import annotations

from collections import Counter

from mcusim.call_result import CallResult
from mcusim.kernel_calls import Hardware
from mcusim.memory_systems import memory_timing
from mcusim.program import Program
from mcusim.saved_calls import LEAST_SHARE, LOOPS, Call, Loop, Origin
from mcusim.timing_rules import timing_rules_sha256

ID_DIGITS = 16


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
        core_table_sha256=core.sha256,
        board_file_sha256=board.sha256 if hardware.is_board else None,
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
