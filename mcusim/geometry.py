"""Sizes, strides and padding rule of a sliding-window operator → its output size and padding."""

from __future__ import annotations

from dataclasses import dataclass

from mcusim.model import Op
from mcusim.operands import bad, integer, word


@dataclass(frozen=True, slots=True)
class Window:
    """A window sliding over rows and columns; `pad_*` is the padding above and to the left of the input."""

    filter_h: int
    filter_w: int
    stride_h: int
    stride_w: int
    dilation_h: int
    dilation_w: int
    pad_h: int
    pad_w: int
    output_h: int
    output_w: int

    @property
    def is_1x1(self) -> bool:
        """Whether it reads each input element alone: no padding, no dilation, any stride."""
        sizes = (self.filter_h, self.filter_w, self.dilation_h, self.dilation_w)
        return sizes == (1, 1, 1, 1) and self.pad_h == self.pad_w == 0


def slide(size: int, filter_size: int, stride: int, dilation: int, padding: str) -> tuple[int, int]:
    """Output size and padding in front along one axis, by TensorFlow's rules for SAME and VALID.

    SAME splits its padding evenly, the odd element behind; an output size below 1 means that nothing fits.
    """
    reach = (filter_size - 1) * dilation + 1
    if padding == "VALID":
        return (size - reach) // stride + 1, 0
    output = -(-size // stride)
    return output, max((output - 1) * stride + reach - size, 0) // 2


def window(op: Op, input_h: int, input_w: int, filter_h: int, filter_w: int, dilated: bool) -> Window:
    """The window of an operator with the options stride_*, padding and, if `dilated`, dilation_*_factor.

    Raises BadModelError where a size is below 1 or the filter is larger than a VALID input.
    """
    stride_h, stride_w, padding = integer(op, "stride_h"), integer(op, "stride_w"), word(op, "padding")
    dilation_h = integer(op, "dilation_h_factor") if dilated else 1
    dilation_w = integer(op, "dilation_w_factor") if dilated else 1
    if min(stride_h, stride_w, dilation_h, dilation_w, filter_h, filter_w) < 1:
        raise bad(op, "has a stride, dilation or filter size below 1")
    if padding not in ("SAME", "VALID"):
        raise bad(op, f"has the padding {padding}; SAME or VALID is expected")
    output_h, pad_h = slide(input_h, filter_h, stride_h, dilation_h, padding)
    output_w, pad_w = slide(input_w, filter_w, stride_w, dilation_w, padding)
    if min(output_h, output_w) < 1:
        raise bad(op, f"has a filter of {filter_h} × {filter_w} that does not fit its input of {input_h} × {input_w}")
    return Window(
        filter_h, filter_w, stride_h, stride_w, dilation_h, dilation_w, pad_h, pad_w, output_h, output_w
    )  # fmt: skip
