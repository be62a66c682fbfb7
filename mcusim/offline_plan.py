"""A model's OfflineMemoryAllocation metadata ↔ the offset in the arena that it gives each tensor.

The format is TensorFlow Lite Micro's (docs/memory_management.md): little-endian int32 numbers: the format's version,
the number of subgraphs, the number of offsets, then an offset for each tensor of all subgraphs in turn.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from mcusim.errors import BadModelError, UnsupportedError
from mcusim.model import Model

NAME = "OfflineMemoryAllocation"
ONLINE = -1  # planned at run time
VERSION = 1
LARGEST_OFFSET = 2**31 - 1
ALIGNMENT = 4  # of what kernels read in words: Cortex-M0+ has no other access to memory

_HEAD_BYTES = 12


def encode(model: Model, offsets: Sequence[int]) -> bytes:
    """The metadata for offsets of the main subgraph's tensors; those of other subgraphs are planned at run time."""
    others = sum(len(graph.tensors) for graph in model.subgraphs) - len(offsets)
    numbers = (VERSION, len(model.subgraphs), len(offsets) + others, *offsets, *[ONLINE] * others)
    return struct.pack(f"<{len(numbers)}i", *numbers)


def read(model: Model) -> tuple[int, ...] | None:
    """An offset for each tensor of the main subgraph, ONLINE where there is none; None without such metadata.

    As TensorFlow Lite Micro, which looks neither at the version nor at the number of subgraphs, nor at the offset of a
    tensor that needs no place in the arena's head. Raises BadModelError for another number of tensors, which it
    refuses, for numbers that end early and for offsets below the arena, where it would read and write beyond its
    memory, and UnsupportedError for offsets that are no multiple of 4.
    """
    data = model.metadata.get(NAME)
    if data is None:
        return None
    subject = f"{model.name}: its {NAME} metadata"
    if len(data) < _HEAD_BYTES:
        raise BadModelError(f"{subject} is {len(data)} bytes; it begins with 3 numbers of 4 bytes")
    _, _, count = struct.unpack_from("<iii", data)
    tensors = sum(len(graph.tensors) for graph in model.subgraphs)
    if count != tensors:
        raise BadModelError(
            f"{subject} has offsets of {count:,} tensors and the model {tensors:,}: TensorFlow Lite Micro refuses that"
        )
    if len(data) < _HEAD_BYTES + 4 * count:
        raise BadModelError(
            f"{subject} is {len(data):,} bytes; {count:,} offsets take {_HEAD_BYTES + 4 * count:,}, and TensorFlow "
            "Lite Micro would read on behind them"
        )
    offsets: tuple[int, ...] = struct.unpack_from(f"<{len(model.tensors)}i", data, _HEAD_BYTES)
    for index, offset in enumerate(offsets):
        if needs_place(model, index):
            _check(f"{subject} puts tensor {index}", offset, model.tensors[index].bytes)
    return offsets


def needs_place(model: Model, index: int) -> bool:
    """Whether a tensor of the main subgraph lies in the arena's head."""
    tensor = model.tensors[index]
    # VAR_HANDLE points a handle to data of its own before buffers are planned.
    return not tensor.is_constant and not tensor.is_variable and tensor.dtype != "resource" and tensor.bytes > 0


def _check(subject: str, offset: int, size: int) -> None:
    if offset == ONLINE:
        return
    if offset < 0:
        raise BadModelError(f"{subject} {-offset:,} bytes below the arena, where TensorFlow Lite Micro would write it")
    if offset > LARGEST_OFFSET - size:
        raise BadModelError(f"{subject} at offset {offset:,}, where it ends behind 2 GB")
    if offset % ALIGNMENT:
        raise UnsupportedError(
            f"{subject} at offset {offset:,}; TensorFlow Lite Micro does as it is told, but not every Cortex-M can "
            f"read words that do not begin at multiples of {ALIGNMENT}"
        )
