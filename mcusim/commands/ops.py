"""The operators that can be run → a row each."""

from __future__ import annotations

from mcusim import delivery
from mcusim.command_line import ROWS, FormatOption, JsonOption, OutputOption, QuietOption, listing


def ops(
    json_path: JsonOption = None,
    format_name: FormatOption = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """List the operators that can be run."""
    target = delivery.arrange(ROWS, [], json_path, format_name, output, quiet)
    from mcusim.ops import OPERATORS

    facts = [{"op": name, "dtype": "int8", "kernels": list(op.KERNELS)} for name, op in OPERATORS.items()]
    rows = [
        [name, "int8", kernel, "CMSIS-NN" if kernel.startswith("arm_") else "reference"]
        for name, op in OPERATORS.items()
        for kernel in op.KERNELS
    ]
    target.deliver(listing(["operator", "type", "kernel", "as in"], rows, facts))
