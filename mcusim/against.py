"""A model and another implementation's values of its tensors → where these differ from the reference, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcusim.datasets import open_arrays
from mcusim.differences import NO_ROUNDING, difference, explained, unequal
from mcusim.errors import BadInputError, UnsupportedError, quoted, shown
from mcusim.forward import steps, values_of
from mcusim.layer_parts import Against, AgainstLayer
from mcusim.litert import run_litert
from mcusim.model import Model, Op
from mcusim.operands import Array
from mcusim.ops import written
from mcusim.run_inputs import pseudo_random_inputs

LITERT = {"litert": "reference", "litert-xnnpack": "default"}
SUFFIXES = (".npz",)
ALL_EQUAL = "every bit is equal"


@dataclass(frozen=True, slots=True, eq=False)
class Dump:
    """Tensors' values by index, whoever computed them, and the values of the model's inputs that they belong to."""

    name: str
    inputs: tuple[Array, ...]
    values: Mapping[int, Array]
    notes: tuple[str, ...]
    likely: str = "LiteRT"  # whose ways of rounding are named first where several give the same


def check_name(name: str) -> None:
    """UnsupportedError for what is neither LiteRT nor a file of tensors."""
    if name not in LITERT and not name.endswith(SUFFIXES):
        raise UnsupportedError(
            f"--against {name}: one of {', '.join(LITERT)} is expected, or a .npz file of tensors by name or number"
        )


def against(model: Model, name: str) -> Against:
    """Compare the reference with LiteRT, on the fixed pseudo-random input, or with a file of tensors on its own input.

    Raises UnsupportedError where LiteRT is not there or does not run the model, BadInputError for a file that does not
    go with the model.
    """
    check_name(name)
    return compare(model, _litert(model, name) if name in LITERT else read_dump(model, name))


def _litert(model: Model, name: str) -> Dump:
    """What LiteRT computes for the input of a run without one."""
    inputs = pseudo_random_inputs(model)
    is_reference = name == "litert"
    found = run_litert(model, inputs, "reference" if is_reference else "default")
    kernels = "reference kernels" if is_reference else "the kernels it takes by default (XNNPACK)"
    notes = ["Every tensor was made an output of the model, so that LiteRT keeps it."]
    if not found.outputs_agree:
        notes.append("Without that LiteRT gives other outputs: it fuses layers, and these differ again.")
    likely = "LiteRT" if is_reference else "XNNPACK"
    return Dump(f"LiteRT {found.version}, {kernels}", inputs, found.values, tuple(notes), likely)


def read_dump(model: Model, path: str) -> Dump:
    """A file of tensors: each array is named as its tensor, or by its number ("12", "tensor_12").

    The model's inputs have to be among them. BadInputError for an array that is no tensor's, or of another type or
    shape (but for extents of 1).
    """
    file = open_arrays(path)
    values = {}
    for name in file.headers:
        tensor = model.tensors[_tensor_of(model, path, name)]
        header = file.headers[name]
        plain = tuple(extent for extent in tensor.shape if extent != 1)
        if str(header.dtype.newbyteorder("=")) != tensor.dtype or tuple(e for e in header.shape if e != 1) != plain:
            raise BadInputError(
                f"{path}: {shown(name)} is {header.dtype} of shape {list(header.shape)}; the tensor is {tensor.dtype} "
                f"of shape {list(tensor.shape)}"
            )
        values[tensor.index] = file.read(name).reshape(tensor.shape)
    missing = [model.tensors[index].name for index in model.inputs if index not in values]
    if missing:
        raise BadInputError(f"{path} lacks the model's input {quoted(missing[0])}, which the other tensors depend on")
    inputs = tuple(values[index] for index in model.inputs)
    return Dump(Path(path).name, inputs, values, ("The inputs are those of the file.",))


def _tensor_of(model: Model, path: str, name: str) -> int:
    """The tensor that an array is named for."""
    places = [tensor.index for tensor in model.tensors if tensor.name == name]
    if len(places) == 1:
        return places[0]
    if places:
        numbers = ", ".join(map(str, places[:4]))
        raise BadInputError(f"{path}: {len(places)} tensors are named {quoted(name)}; give their numbers ({numbers})")
    number = name.removeprefix("tensor_")
    if number.isascii() and number.isdigit() and int(number[:9]) < len(model.tensors):
        return int(number)
    raise BadInputError(
        f"{path}: no tensor is named {quoted(name)}; names are those of the model's tensors, or their numbers, 0 to "
        f"{len(model.tensors) - 1}"
    )


def compare(model: Model, dump: Dump) -> Against:
    """Every output of a layer that the dump has, on the dump's own operands where it has them."""
    alone = values_of(model, dump.inputs)
    layers: list[AgainstLayer] = []
    left_out = 0
    for op, operands, results in steps(model, dump.inputs, dump.values):
        for index, expected in zip(written(model, op), results, strict=True):
            if index not in op.outputs or model.tensors[index].dtype == "resource":
                continue
            if index not in dump.values:
                left_out += 1
                continue
            found = dump.values[index].reshape(expected.shape)
            apart = int(unequal(alone[index], found).sum())
            layers.append(_layer(model, op, operands, index, expected, found, apart, dump.likely))
    if not layers:
        raise BadInputError(f"{dump.name} has the output of no layer: there is nothing to compare")
    notes = [f"{left_out} outputs of layers are not there; the reference's stand in."] if left_out else []
    return Against(dump.name, tuple(layers), (*dump.notes, *notes))


def _layer(
    model: Model,
    op: Op,
    operands: Sequence[Array | None],
    index: int,
    expected: Array,
    found: Array,
    apart: int,
    likely: str,
) -> AgainstLayer:
    """One output: its differences, those told apart that a known way of rounding gives."""
    wrong = unequal(expected, found)
    rounding, strange = (None, wrong) if not wrong.any() else explained(model, op, operands, found, wrong, likely)
    harmless = int((wrong & ~strange).sum())
    shown_first = strange if strange.any() else wrong
    is_equal = not wrong.any() and not strange.any()
    marked = (shown_first, rounding)
    first = None if is_equal else difference(model, op, operands, model.tensors[index], expected, found, *marked)
    return AgainstLayer(
        index=op.index,
        op=op.name,
        tensor=model.tensors[index].name,
        elements=int(expected.size),
        wrong_elements=int((wrong | strange).sum()),
        harmless_elements=harmless,
        rounding=rounding,
        rounding_reason=None if rounding else ALL_EQUAL if is_equal else NO_ROUNDING,
        difference=first,
        difference_reason=ALL_EQUAL if first is None else None,
        apart_elements=apart,
    )
