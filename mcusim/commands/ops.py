"""The operators that can be run → a row for each of their kernels."""

from __future__ import annotations

from collections.abc import Mapping

from mcusim import delivery
from mcusim.command_line import ROWS, FormatOption, JsonOption, OutputOption, QuietOption, listing

# What the names of kernels end in; kernels without one move elements of any type.
TYPES: Mapping[str, str] = {
    "s4": "int4 weights",
    "s8": "int8",
    "u8": "uint8",
    "b8": "bool",
    "s16": "int16",
    "s32": "int32",
    "s64": "int64",
    "f32": "float32",
}


def ops(
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the operators that can be run; arm_ kernels are CMSIS-NN's, mcusim_ as TensorFlow Lite Micro's own."""
    target = delivery.arrange(ROWS, [], json_path, format_name, output, quiet)
    from mcusim.ops import OPERATORS

    facts = [
        {"op": name, "kernels": [{"kernel": kernel, "type": types(kernel)} for kernel in op.KERNELS]}
        for name, op in OPERATORS.items()
    ]
    rows = [[name, types(kernel), kernel] for name, op in OPERATORS.items() for kernel in op.KERNELS]
    rows += [[name, "any", "none: no code runs"] for name, op in OPERATORS.items() if not op.KERNELS]
    target.deliver(listing(["operator", "type", "kernel"], sorted(rows), facts))


def types(kernel: str) -> str:
    """The types of a kernel's elements by the end of its name: of its input and, if another, its output."""
    found = [TYPES[part] for part in kernel.split("_")[-2:] if part in TYPES]
    return " → ".join(found) or "any"
