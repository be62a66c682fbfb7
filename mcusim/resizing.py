"""A layer of RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR → its shapes, where its pixels' centres lie, and its C call."""

from __future__ import annotations

from mcusim import abi
from mcusim.copies import element_bytes
from mcusim.model import Model, Op, Tensor
from mcusim.operands import bad, constant, expect_shape, integer, operand, rank_4, result


def resized_tensors(model: Model, op: Op) -> tuple[Tensor, Tensor]:
    """Input and output; BadModelError where they do not differ in height and width alone, as the size says."""
    source, output = operand(model, op, 0, "input"), result(model, op)
    n, _, _, c = rank_4(op, source, "input")
    size = constant(model, op, 1, "size")
    if size is not None and len(size) != 2:
        raise bad(op, f"has a size of {len(size)} numbers")
    _, h, w, _ = rank_4(op, output, "output") if size is None else (n, int(size[0]), int(size[1]), c)
    expect_shape(op, output, "output", (n, h, w, c))
    rank_4(op, output, "output")
    return source, output


def centers(op: Op) -> tuple[bool, bool]:
    """The options align_corners and half_pixel_centers."""
    return bool(integer(op, "align_corners")), bool(integer(op, "half_pixel_centers"))


def resize_reason(model: Model, op: Op) -> str | None:
    """Why mcusim cannot resize, whatever the type; None if it can."""
    if constant(model, op, 1, "size") is None:
        return "a size other than constant int32 is not supported"
    return "align_corners and half_pixel_centers together are not supported" if all(centers(op)) else None


def pixel_bytes(model: Model, op: Op) -> int:
    """Bytes of all channels of a pixel."""
    source, _ = resized_tensors(model, op)
    return source.shape[3] * element_bytes(source)


def resize_call(model: Model, op: Op, symbol: str, extra: tuple[int, ...]) -> abi.Invocation:
    """A call of a resizing function; `extra` are its arguments of its own."""
    source, output = resized_tensors(model, op)
    dims = [abi.dims(*rank_4(op, tensor, "tensor")) for tensor in (source, output)]
    pointers = abi.TensorPointer(source.index), abi.TensorPointer(output.index)
    arguments: tuple[abi.Argument, ...] = (
        pointers[0],
        dims[0],
        *(int(flag) for flag in centers(op)),
        *extra,
        dims[1],
        pointers[1],
    )
    return abi.Invocation((), (abi.Call(symbol, arguments, checks_status=False),))
