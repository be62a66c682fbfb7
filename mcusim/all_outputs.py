"""A model's file → the same with every value that its operators compute among its outputs."""

from __future__ import annotations

import struct

import tflite as schema

from mcusim.errors import UnsupportedError
from mcusim.flatbuffer import Reader
from mcusim.model import Model


def computed(model: Model) -> tuple[int, ...]:
    """Tensors of the main subgraph that an operator writes and others can read, in the order of the operators."""
    written = (index for op in model.ops for index in op.outputs if index >= 0)
    return tuple(dict.fromkeys(index for index in written if model.tensors[index].dtype != "resource"))


def with_all_outputs(model: Model) -> bytes:
    """The file with `computed` as the outputs of the main subgraph: runtimes keep the values of outputs alone.

    The new list lies behind the old file, and one offset refers to it; what describes the old outputs (signatures)
    refers to tensors by number and stays true. UnsupportedError for a graph that has no list of outputs.
    """
    graph = Reader(model.file).root(schema.Model).tables("subgraphs")[model.subgraphs[0].index]
    place = graph.place("outputs")
    if not place:
        raise UnsupportedError(f"{model.name} has no outputs")
    indices = computed(model)
    padding = bytes(-len(model.file) % 4)
    begin = len(model.file) + len(padding)
    offset = struct.pack("<I", begin - place)
    old = model.file[:place] + offset + model.file[place + 4 :]
    return old + padding + struct.pack(f"<I{len(indices)}i", len(indices), *indices)
