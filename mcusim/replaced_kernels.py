"""Plan + a user's library of kernels → the plan with the library's kernels in place of mcusim's own."""

from __future__ import annotations

import os

from mcusim.abi import Call
from mcusim.buffer_sizes import buffer_sizes
from mcusim.errors import UnsupportedError
from mcusim.kernel_image import joined
from mcusim.kernel_library import load_library
from mcusim.library_notes import library_notes
from mcusim.operands import layer_name
from mcusim.plan import Plan, lay_out
from mcusim.scratch import known_sizes, sized_calls

CMSIS_NN = "arm_"  # how the names of CMSIS-NN's functions begin; what it lacks is mcusim's own


def with_kernels(plan: Plan, path: str | os.PathLike[str]) -> Plan:
    """The plan with CMSIS-NN's functions out of a library (ELF file, static archive or object) with its API.

    Functions that CMSIS-NN lacks (mcusim_*) stay mcusim's own. Scratch is what the library's _get_buffer_size
    functions return, and the arena is laid out with it. Raises BadInputError, UnsupportedError and EmulationError as
    kernel_library.load_library and buffer_sizes.buffer_sizes do; UnsupportedError on a core that is not simulated.
    """
    if plan.core.not_simulated is not None:
        raise UnsupportedError(
            f"{plan.core.name} is not simulated, so that no kernels can be tried: {plan.core.not_simulated}"
        )
    calls = [call for invocation in plan.invocations for call in invocation.calls]
    roots = {one.symbol for call in calls for one in (call, *call.sizing) if one.symbol.startswith(CMSIS_NN)}
    if not roots:
        raise UnsupportedError(
            f"no layer of {plan.model.name} calls a function of CMSIS-NN; there is nothing to replace"
        )
    firmware, library = load_library(path, roots, plan.core)
    beside = plan.application
    draft = lay_out(plan.model, plan.board, plan.core, joined(firmware, plan.firmware), plan.banks, application=beside)
    scratch = buffer_sizes(draft)
    notes = (*library_notes(firmware.parts[0], plan.core), *_differences(plan, scratch))
    return lay_out(
        plan.model,
        plan.board,
        plan.core,
        draft.firmware,
        plan.banks,
        scratch=scratch,
        library=library,
        notes=notes,
        application=beside,
        arena_bytes=plan.given_arena_bytes,
    )


def _differences(plan: Plan, scratch: tuple[tuple[int, ...], ...]) -> list[str]:
    """What the library asks for where TensorFlow Lite Micro with CMSIS-NN is known to ask for another size."""
    found = []
    for op, invocation, sizes in zip(plan.model.ops, plan.invocations, scratch, strict=True):
        of_layer: tuple[Call, ...] = sized_calls(invocation)
        for call, known, size in zip(of_layer, known_sizes(invocation), sizes, strict=True):
            if size != known:
                found.append(
                    f"{layer_name(op)}: {call.symbol} of the library asks for {size:,} bytes of scratch; CMSIS-NN's, "
                    f"as TensorFlow Lite Micro builds it for this core, for {known:,}."
                )
    return found
