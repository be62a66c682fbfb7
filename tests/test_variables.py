"""Streaming models: resource variables from inference to inference are TensorFlow Lite Micro's; what is refused."""

import dataclasses

import numpy as np
import pytest
from one_layer import random_elements
from tflite_writer import buffer, code, ints, model, op, quantization, subgraph, tensor, write

from mcusim.arena import arena
from mcusim.errors import BadModelError, UnsupportedError
from mcusim.hardware import load_board
from mcusim.inference import Machine
from mcusim.plan import plan
from mcusim.run import run
from mcusim.runtime import Runtime
from mcusim.tflite import parse
from mcusim.variables import variables

REFERENCE = Runtime("reference", dsp=True, mve=False)
CODES = ("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "CONCATENATION", "ASSIGN_VARIABLE", "SLICE")
NAMED = {"SharedName": "state"}


def streaming(*, start=None, shared_name="state", init_ops=None, late=False, dtype="INT8", assigns=True):
    """Keeps the last three of all frames [1, 1, 2]: state and frame joined, the oldest dropped; the output is both.

    `start` is what an initialization subgraph assigns, None for a model without one.
    """
    scale = quantization([0.5], [-3])
    both = ints(0, 1, 0), ints(1, 3, 2)
    tensors = [
        tensor("frame", (1, 1, 2), dtype, Quantization=scale),
        tensor("handle", (), "RESOURCE"),
        tensor("state", (1, 3, 2), dtype, Quantization=scale),
        tensor("joined", (1, 4, 2), dtype, Quantization=scale),
        tensor("begin", (3,), "INT32", buffer=1),
        tensor("size", (3,), "INT32", buffer=2),
        tensor("kept", (1, 3, 2), dtype, Quantization=scale),
    ]
    once = [] if start is None else [op(0, (), (), "CallOnceOptions", {"InitSubgraphIndex": 1})]
    ops = [
        op(1, (), (1,), "VarHandleOptions", NAMED | {"SharedName": shared_name}),
        op(2, (1,), (2,), "ReadVariableOptions"),
        op(3, (2, 0), (3,), "ConcatenationOptions", {"Axis": 1}),
        op(5, (3, 4, 5), (6,), "SliceOptions"),
        *([op(4, (1, 6), (), "AssignVariableOptions")] if assigns else []),
    ]
    ops = [*ops, *once] if late else [*once, *ops]
    graphs = [subgraph(tensors, ops, (0,), (3,))]
    buffers = [buffer(), buffer(both[0]), buffer(both[1])]
    if start is not None:
        values = [tensor("handle", (), "RESOURCE"), tensor("start", start.shape, dtype, 3, Quantization=scale)]
        assign = [op(1, (), (0,), "VarHandleOptions", NAMED), op(4, (0, 1), (), "AssignVariableOptions")]
        graphs.append(subgraph(values, init_ops or assign, (), (), "init"))
        buffers.append(buffer(start))
    file = write(model([code(name) for name in CODES], graphs, buffers))
    return file, parse(file, "streaming")


START = np.arange(6, dtype=np.int8).reshape(1, 3, 2)


def board():
    return dataclasses.replace(load_board("nano33ble"), memory=None)  # bits are compared, not times


@pytest.mark.parametrize("start", [None, START])
def test_four_inferences_are_tflite_micros(start):
    file, streams = streaming(start=start)
    interpreter = pytest.importorskip("tflite_micro").runtime.Interpreter.from_bytes(file, arena_size=2**16)
    frames = [random_elements(seed, (1, 1, 2)) for seed in range(4)]
    planned = plan(streams, board())
    machine = Machine.start(planned, frames[:1])
    for frame in frames:
        interpreter.set_input(frame, 0)
        interpreter.invoke()
        machine.emulator.write(planned.address_of(0), frame.tobytes())
        for layer_op in streams.ops:
            layer, _ = machine.layer(layer_op)
            assert layer.bit_exact, layer.difference
        np.testing.assert_array_equal(machine.value(3), interpreter.get_output(0))
    kept = np.concatenate(frames[1:], 1)
    np.testing.assert_array_equal(machine.value(1), kept, "the handle stands for its variable")


def test_a_run_has_layers_without_code():
    found = run(plan(streaming(start=START)[1], board()))
    assert [layer.op for layer in found.layers] == [
        "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "CONCATENATION", "SLICE", "ASSIGN_VARIABLE"
    ]  # fmt: skip
    assert [layer.kernel for layer in found.layers[:2]] == ["", ""]
    assert [layer.cycles for layer in found.layers[:2]] == [0, 0]
    assert found.layers[-1].kernel == "arm_reshape_s8"
    assert found.layers[-1].bit_exact and found.layers[-1].shape == (1, 3, 2)


def test_a_wrong_assignment_is_found():
    _, streams = streaming()
    planned = plan(streams, board())
    *others, last = planned.invocations
    short = dataclasses.replace(last.calls[0], arguments=(*last.calls[0].arguments[:2], 5))
    wrong = dataclasses.replace(planned, invocations=(*others, dataclasses.replace(last, calls=(short,))))
    machine = Machine.start(wrong, [random_elements(0, (1, 1, 2))])
    for layer_op in streams.ops[:-1]:
        machine.layer(layer_op)
    assert str(machine.layer(streams.ops[-1])[0].difference).startswith("handle[0, 2, 1]")


def test_the_arena():
    alone, streams = (arena(streaming(start=start)[1], REFERENCE) for start in (None, START))
    names = [one.name for one in streams.allocations]
    sizes = {one.name: one.bytes for one in streams.allocations if one.kind in ("interpreter", "resource variables")}
    # sizeof of 32-bit Arm, from the declarations of micro_resource_variable.h.
    assert (sizes["MicroResourceVariables"], sizes["MicroResourceVariable"]) == (12, 20)
    assert sizes["SubgraphAllocations"] == 16
    assert sizes["handle"] == 6, "the first ASSIGN_VARIABLE that is prepared allocates the variable"
    assert names.count("VAR_HANDLE OpData") == 2 and names.count("CALL_ONCE OpData") == 1
    assert {buffer.name for buffer in streams.buffers} == {"frame", "state", "joined", "kept"}, "no handles"
    assert streams.head_bytes == alone.head_bytes
    # Two eval tensors, two ops and a subgraph more; the call's options and OpData, the handle's, and its own op.
    fixed = 2 * 12 + 3 * 32 + 8 + 4 + 8
    padded = 16 + 16
    assert streams.tail_bytes - alone.tail_bytes in range(fixed + padded - 15, fixed + padded + 16)


def test_a_variable_starts_at_its_zero_point():
    _, streams = streaming()
    machine = Machine.start(plan(streams, board()), [random_elements(0, (1, 1, 2))])
    np.testing.assert_array_equal(machine.value(1), np.full((1, 3, 2), -3, np.int8))
    assert list(variables(streams)) == [("", "state")]


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"shared_name": "other", "start": START, "assigns": False}, "'other' is never assigned"),
        ({"assigns": False}, "'state' is never assigned"),
        ({"start": START, "late": True}, "after the first use"),
        ({"start": START, "init_ops": [op(2, (0,), (1,), "ReadVariableOptions")]}, "READ_VARIABLE"),
    ],
)
def test_refusals(change, reason):
    change = dict(change)
    if change.get("init_ops"):
        with pytest.raises(BadModelError):
            streaming(**change)
        return
    with pytest.raises(UnsupportedError, match=reason):
        plan(streaming(**change)[1], board())


def test_an_initialization_that_computes_is_refused():
    init = [
        op(1, (), (0,), "VarHandleOptions", NAMED),
        op(4, (0, 1), (), "AssignVariableOptions"),
        op(0, (), (), "CallOnceOptions", {"InitSubgraphIndex": 2}),
    ]
    with pytest.raises((UnsupportedError, BadModelError)):
        plan(streaming(start=START, init_ops=init)[1], board())


def test_values_of_another_shape_are_no_model():
    with pytest.raises(BadModelError, match=r"moves int8 of shape \[1, 2, 3\]"):
        plan(streaming(start=START.reshape(1, 2, 3))[1], board())


def test_other_subgraphs_are_refused():
    _, streams = streaming(start=START)
    uncalled = dataclasses.replace(streams.subgraphs[0], ops=streams.ops[1:])
    with pytest.raises(UnsupportedError, match="2 subgraphs"):
        plan(dataclasses.replace(streams, subgraphs=(uncalled, streams.subgraphs[1])), board())
