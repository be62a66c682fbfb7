"""Trace → the kernel function that did a layer."""

from __future__ import annotations

from mcusim.trace import Trace

WRAPPER = "_wrapper_"  # in the names of CMSIS-NN's functions that choose another


def variant_of(trace: Trace) -> str:
    """The function that a wrapper chose: the first kernel that it enters; the function called where it is none.

    Wrappers into which a compiler has inlined their choice stand for themselves.
    """
    if WRAPPER not in trace.entry:
        return trace.entry
    for edge in trace.edges:
        source, target = trace.blocks[edge.previous], trace.blocks[edge.block]
        if edge.previous >= 0 and source.function == trace.entry != target.function and target.instructions:
            return target.function
    return trace.entry
