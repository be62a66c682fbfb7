"""A kernel call as data, and as the registers and stack bytes that the AAPCS makes of it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from mcusim.errors import UnsupportedError

CORE_ARGUMENT_REGISTERS = 4  # r0-r3, AAPCS32 section 6.4
VFP_ARGUMENT_REGISTERS = 16  # s0-s15, AAPCS32 section 7.1 (hard-float variant)


@dataclass(frozen=True, slots=True)
class TensorPointer:
    """Address of a tensor of the main subgraph, wherever the plan put it."""

    tensor: int
    byte_offset: int = 0


@dataclass(frozen=True, slots=True)
class ScratchPointer:
    """Address of the layer's n-th scratch request."""

    request: int
    byte_offset: int = 0


@dataclass(frozen=True, slots=True)
class PreparedPointer:
    """Address of the layer's n-th persistent array, filled by Prepare."""

    array: int


@dataclass(frozen=True, slots=True)
class Struct:
    """A structure of 32-bit members in the caller's frame, passed by its address; a tuple is one within it."""

    members: tuple[Argument | tuple[Argument, ...], ...]

    @property
    def words(self) -> tuple[Argument, ...]:
        """The members in order, those of structures within it in their place."""
        nested = (member if isinstance(member, tuple) else (member,) for member in self.members)
        return tuple(word for members in nested for word in members)


@dataclass(frozen=True, slots=True)
class Float32:
    """A float argument; travels in an S register under the hard-float AAPCS, else like a 32-bit integer."""

    value: float


# None is the null pointer; an int is any 32-bit integer, signed or not.
Argument = int | None | TensorPointer | ScratchPointer | PreparedPointer | Struct | Float32


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a C function; `checks_status`: it returns arm_cmsis_nn_status, 0 on success.

    `sizing`: the calls that say how much scratch the function wants, in bytes, behind the cmsis_nn_context of its
    first argument, of its second, and so on.
    """

    symbol: str
    arguments: tuple[Argument, ...]
    checks_status: bool = True
    sizing: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Invocation:
    """Everything that runs one layer: arrays that Prepare would have filled, then the calls in order.

    `work` are the numbers of persistent arrays that the calls write; their content in `arrays` is empty.
    """

    arrays: tuple[bytes, ...]
    calls: tuple[Call, ...]
    work: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """A call ready to run: register values (words), and the bytes to lie from `stack_pointer` up."""

    symbol: str
    core_registers: tuple[int, ...]
    vfp_registers: tuple[int, ...]
    stack_pointer: int
    frame: bytes


def place(
    call: Call,
    resolve: Callable[[Argument], int],
    stack_top: int,
    float_abi: Literal["soft", "hard"] = "hard",
) -> Placement:
    """Lay a call's structures and arguments out as a caller compiled for this variant of the AAPCS would.

    `resolve` gives the address of a tensor, scratch or prepared pointer; `stack_top` is 8-byte aligned.
    Structures lie at the top of the frame, arguments beyond r3 from the new stack pointer up. Floats take S
    registers of their own, or with "soft" their turn among the others (AAPCS32 sections 6.4 and 7.1).
    """
    frame = _Frame(stack_top, resolve)
    words: list[int] = []
    floats: list[int] = []
    for argument in call.arguments:
        if isinstance(argument, Float32) and float_abi == "hard":
            floats.append(frame.word(argument))
        else:
            words.append(frame.word(argument))
    if len(floats) > VFP_ARGUMENT_REGISTERS:
        raise UnsupportedError(f"{call.symbol} takes {len(floats)} float arguments; at most 16 can be passed")
    on_stack = words[CORE_ARGUMENT_REGISTERS:]
    stack_pointer = (frame.bottom - 4 * len(on_stack)) & ~7
    padding = bytes(frame.bottom - stack_pointer - 4 * len(on_stack))
    content = struct.pack(f"<{len(on_stack)}I", *on_stack) + padding + frame.content
    return Placement(call.symbol, tuple(words[:CORE_ARGUMENT_REGISTERS]), tuple(floats), stack_pointer, content)


class _Frame:
    """The structures of one call, growing down from the top of the stack."""

    def __init__(self, top: int, resolve: Callable[[Argument], int]) -> None:
        self.bottom = top
        self.content = b""
        self._resolve = resolve

    def word(self, argument: Argument) -> int:
        """The 32-bit value that stands for an argument or a structure's member."""
        if argument is None:
            return 0
        if isinstance(argument, int):
            return argument & 0xFFFFFFFF
        if isinstance(argument, Float32):
            return int.from_bytes(struct.pack("<f", argument.value), "little")
        if isinstance(argument, Struct):
            packed = struct.pack(f"<{len(argument.words)}I", *map(self.word, argument.words))
            self.content = packed + self.content
            self.bottom -= len(packed)
            return self.bottom
        return self._resolve(argument)


def context(buffer: ScratchPointer | PreparedPointer | None, size_bytes: int) -> Struct:
    """cmsis_nn_context: the scratch of a call, a null pointer where it needs none."""
    return Struct((buffer, size_bytes))


def dims(n: int, h: int, w: int, c: int) -> Struct:
    """cmsis_nn_dims."""
    return Struct((n, h, w, c))


def tile(height_width: tuple[int, int]) -> Struct:
    """cmsis_nn_tile: width first."""
    return Struct(_tile(height_width))


def conv_params(
    input_offset: int,
    output_offset: int,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    activation: tuple[int, int],
) -> Struct:
    """cmsis_nn_conv_params; stride, padding and dilation as (h, w), activation as (min, max)."""
    return Struct((input_offset, output_offset, *_tile(stride), *_tile(padding), *_tile(dilation), *activation))


def bias_data(data: TensorPointer | None, is_int32: bool) -> Struct:
    """cmsis_nn_bias_data: the bias of an int16 convolution, a null pointer where it has none."""
    return Struct((data, int(is_int32)))


def transpose_conv_params(
    input_offset: int,
    output_offset: int,
    stride: tuple[int, int],
    padding: tuple[int, int],
    padding_offsets: tuple[int, int],
    activation: tuple[int, int],
) -> Struct:
    """cmsis_nn_transpose_conv_params: those of a convolution without dilation, and what more is cropped behind."""
    tiles = (*_tile(stride), *_tile(padding), *_tile(padding_offsets), *_tile((1, 1)))
    return Struct((input_offset, output_offset, *tiles, *activation))


def dw_conv_params(
    input_offset: int,
    output_offset: int,
    ch_mult: int,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    activation: tuple[int, int],
) -> Struct:
    """cmsis_nn_dw_conv_params: those of a convolution and the output channels an input channel."""
    tiles = (*_tile(stride), *_tile(padding), *_tile(dilation))
    return Struct((input_offset, output_offset, ch_mult, *tiles, *activation))


def pool_params(stride: tuple[int, int], padding: tuple[int, int], activation: tuple[int, int]) -> Struct:
    """cmsis_nn_pool_params; stride and padding as (h, w)."""
    return Struct((*_tile(stride), *_tile(padding), *activation))


def fc_params(input_offset: int, filter_offset: int, output_offset: int, activation: tuple[int, int]) -> Struct:
    """cmsis_nn_fc_params."""
    return Struct((input_offset, filter_offset, output_offset, *activation))


def bmm_params(adj_x: bool, adj_y: bool, fc: Struct) -> Struct:
    """cmsis_nn_bmm_params: two bool of a byte each, then those of a fully connected layer."""
    return Struct((int(adj_x) | int(adj_y) << 8, *fc.members))


def svdf_params(
    rank: int, input_zero_point: int, output_offset: int, state_range: tuple[int, int], activation: tuple[int, int]
) -> Struct:
    """cmsis_nn_svdf_params; its input_offset is the zero point, not negated."""
    return Struct((rank, input_zero_point, output_offset, *state_range, *activation))


def lstm_gate(
    input_scale: tuple[int, int],
    input_weights: Argument,
    input_bias: Argument,
    hidden_scale: tuple[int, int],
    hidden_weights: Argument,
    hidden_bias: Argument,
    bias: Argument,
    *,
    is_tanh: bool,
) -> tuple[Argument, ...]:
    """The members of a cmsis_nn_lstm_gate; scales are multiplier and shift, the first two biases effective ones."""
    return (
        *(*input_scale, input_weights, input_bias),
        *(*hidden_scale, hidden_weights, hidden_bias),
        *(bias, int(is_tanh)),
    )


def lstm_params(
    sizes: tuple[int, int, int, int, int],
    input_offset: int,
    forget_to_cell: tuple[int, int],
    input_to_cell: tuple[int, int],
    cell: tuple[int, int],
    output: tuple[int, int, int],
    gates: Sequence[tuple[Argument, ...]],
) -> Struct:
    """cmsis_nn_lstm_params.

    `sizes`: time_major, batch_size, time_steps, input_size, hidden_size; `cell`: clip and scale power; `output`:
    multiplier, shift, offset; `gates` in the order input, forget, cell, output.
    """
    input_gate, forget_gate, cell_gate, output_gate = gates
    numbers = (*sizes, input_offset, *forget_to_cell, *input_to_cell, *cell, *output)
    return Struct((*numbers, forget_gate, input_gate, cell_gate, output_gate))


def transpose_params(num_dims: int, permutations: TensorPointer) -> Struct:
    """cmsis_nn_transpose_params; permutations is an array of num_dims uint32."""
    return Struct((num_dims, permutations))


def per_channel_quant_params(multiplier: PreparedPointer, shift: PreparedPointer) -> Struct:
    """cmsis_nn_per_channel_quant_params: two int32 arrays, one entry an output channel."""
    return Struct((multiplier, shift))


def per_tensor_quant_params(multiplier: int, shift: int) -> Struct:
    """cmsis_nn_per_tensor_quant_params."""
    return Struct((multiplier, shift))


def _tile(height_width: tuple[int, int]) -> tuple[int, int]:
    """Members of a cmsis_nn_tile."""
    return height_width[1], height_width[0]
