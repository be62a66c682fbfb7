"""Models without a flatbuffer: what mcusim makes of them."""

import numpy as np
import pytest

from mcusim.costs import COSTS
from mcusim.hardware import load_board
from mcusim.inference import Machine
from mcusim.ops import OPERATORS
from mcusim.plan import plan
from mcusim.sketch import Sketch


def test_inputs_and_outputs_are_found():
    sketch = Sketch()
    first, middle, last = (sketch.activation((1, 4)) for _ in range(3))
    sketch.op("RESHAPE", (first,), (middle,))
    sketch.op("RESHAPE", (middle,), (last,))
    model = sketch.model()
    assert (model.inputs, model.outputs) == ((first,), (last,))
    assert sketch.activation_bytes == 12


def test_constants_lie_aligned_in_the_file():
    sketch = Sketch()
    for size in (3, 17):
        sketch.constant(np.arange(size, dtype=np.int8), (0.1,))
    model = sketch.model()
    for tensor in model.tensors:
        assert tensor.file_offset % 16 == 0
        stored = model.file[tensor.file_offset : tensor.file_offset + tensor.bytes]
        assert stored == tensor.data.tobytes()


@pytest.mark.parametrize("name", COSTS)
def test_drawn_layers_run_and_are_bit_exact(name):
    rng = np.random.default_rng(7)
    sketch = Sketch()
    for _ in range(3):
        COSTS[name].draw(sketch, rng)
    model = sketch.model()
    assert name == "CALL_ONCE" or sum(op.name == name for op in model.ops) >= 3
    assert all(OPERATORS[op.name].check(model, op) is None for op in model.ops)
    inputs = [
        rng.integers(-128, 128, model.tensors[index].shape).astype(model.tensors[index].dtype) for index in model.inputs
    ]
    machine = Machine.start(plan(model, load_board("sparkfun_edge")), inputs)
    for op in model.ops:
        layer, _ = machine.layer(op)
        assert layer.bit_exact, layer.difference


def test_int4_lies_two_to_a_byte():
    """As a model's file has it: an odd last value alone (schema.fbs, TensorType)."""
    sketch = Sketch()
    index = sketch.constant(np.array([[-7, 3, 1]], np.int8), (0.1,), bits=4)
    tensor = sketch.model().tensors[index]
    assert (tensor.dtype, tensor.bytes) == ("int4", 3)
    assert sketch.model().file[tensor.file_offset :][:2] == bytes([0x39, 0x01])


def test_states_are_no_inputs():
    sketch = Sketch()
    source, output = sketch.activation((1, 4)), sketch.activation((1, 4))
    state = sketch.state((1, 8), 0.5, 3, "int16")
    sketch.op("SVDF", (source, state), (output,))
    model = sketch.model()
    assert (model.inputs, model.outputs) == ((source,), (output,))
    assert model.tensors[state].is_variable and (sketch.scale(state), sketch.zero_point(state)) == (0.5, 3)
    sketch.kept_bytes += 100
    assert sketch.activation_bytes == 4 + 4 + 16 + 100
