"""The order of operators: against all orders of small graphs, and what must stay in place."""

import numpy as np
import pytest
from one_layer import M4, Layer, Value, activation, model_file, one_layer

from mcusim import op_order
from mcusim.arena import arena
from mcusim.op_order import best_order, reordered
from mcusim.tflite import load, parse


def network(rng, layers):
    """Random FULLY_CONNECTEDs, which make any size of any other, and CONCATENATIONs, which join two values."""
    values, made, ops = [Value((1, int(rng.integers(1, 400))), 0.1)], [0], []
    for _ in range(layers):
        sources = [int(one) for one in rng.choice(made, size=min(2, len(made)), replace=False)]
        if len(sources) == 2 and rng.random() < 0.5:
            size = sum(values[one].shape[1] for one in sources)
            layer = ("CONCATENATION", tuple(sources), "ConcatenationOptions", {"Axis": 1})
        else:
            size, depth = int(rng.integers(1, 400)), values[sources[0]].shape[1]
            values.append(Value((size, depth), 0.1, data=np.ones((size, depth), np.int8)))
            options = {"FusedActivationFunction": activation("NONE")}
            layer = ("FULLY_CONNECTED", (sources[0], len(values) - 1, -1), "FullyConnectedOptions", options)
        name, inputs, kind, options = layer
        values.append(Value((1, size), 0.1))
        made.append(len(values) - 1)
        ops.append(Layer(name, inputs, made[-1], kind, options))
    read = {index for one in ops for index in one.inputs}
    return parse(model_file(values, ops, [index for index in made[1:] if index not in read]), "network")


def all_orders(model):
    """Every order in which each operator comes after those that write what it reads."""
    writer = {index: op.index for op in model.ops for index in op.outputs}
    before = [{writer[index] for index in op.inputs if index in writer} for op in model.ops]

    def further(done):
        if len(done) == len(before):
            yield done
        for op, needed in enumerate(before):
            if op not in done and needed <= set(done):
                yield from further((*done, op))

    return list(further(()))


def live(model, ops):
    return arena(reordered(model, ops), M4).live_lower_bound_bytes


@pytest.mark.parametrize("seed", range(12))
def test_the_least_of_all_orders(seed):
    model = network(np.random.default_rng(seed), 6)
    orders = all_orders(model)
    found = best_order(model, M4)
    assert found.ops in orders
    assert found.bound_bytes == min(live(model, ops) for ops in orders)
    assert found.head_bytes == arena(reordered(model, found.ops), M4).head_bytes <= found.head_before_bytes
    assert found.live_bytes == live(model, found.ops) >= found.bound_bytes
    assert found.proven == (found.head_bytes == found.bound_bytes)


def test_some_of_these_gain():
    gains = [best_order(network(np.random.default_rng(seed), 6), M4) for seed in range(12)]
    assert any(one.changed and one.head_bytes < one.head_before_bytes for one in gains)
    assert all(one.changed == (one.ops != tuple(range(6))) for one in gains)
    assert all(one.changed or one.head_bytes == one.head_before_bytes for one in gains)


def test_a_search_that_ends_early_proves_less(monkeypatch):
    rng = np.random.default_rng(3)
    for _ in range(6):
        model = network(rng, 7)
        exact = best_order(model, M4)
        with monkeypatch.context() as patched:
            patched.setattr(op_order, "MOST_SETS", 4)
            patched.setattr(op_order, "BEAM", 2)
            limited = best_order(model, M4)
        assert limited.bound_bytes <= exact.bound_bytes <= limited.live_bytes
        assert limited.head_bytes <= exact.head_before_bytes
        assert limited.ops in all_orders(model)


def test_operators_with_states_keep_their_order(reference_data):
    # Two SVDFs among others: keyword_scrambled has seven in a row, which no data forces into it beyond their own.
    model = load(reference_data / "models" / "keyword_scrambled_8bit.tflite")
    states = [op.index for op in model.ops if op.name == "SVDF"]
    ops = best_order(model, M4).ops
    assert [op for op in ops if op in states] == states


def test_independent_states_stay_as_they_are():
    def state():
        return Value((1, 24), 0.1, variable=True, dtype="int16")

    size = (1, 12)
    features = Value((4, 12), 0.1, data=np.ones((4, 12), np.int8))
    times = Value((4, 6), 0.1, data=np.ones((4, 6), np.int16), dtype="int16")
    options = {"Rank": 1, "FusedActivationFunction": activation("NONE")}
    values = [
        Value(size, 0.1),
        Value(size, 0.1),
        features,
        times,
        state(),
        state(),
        Value((1, 4), 0.1),
        Value((1, 4), 0.1),
    ]
    layers = [
        Layer("SVDF", (0, 2, 3, -1, 4), 6, "SVDFOptions", options),
        Layer("SVDF", (1, 2, 3, -1, 5), 7, "SVDFOptions", options),
    ]
    model = parse(model_file(values, layers, [6, 7]), "states")
    steps = op_order._steps(model, op_order.op_memory(model, M4))
    assert steps[1].before == 1 and steps[0].before == 0


def test_one_layer_has_one_order():
    model = one_layer("RELU6", [Value((40,), 0.1)], Value((40,), 0.1)).model
    found = best_order(model, M4)
    assert (found.ops, found.changed, found.proven) == ((0,), False, True)


def test_reordering_moves_operators_only():
    model = network(np.random.default_rng(1), 5)
    ops = all_orders(model)[-1]
    moved = reordered(model, ops)
    assert [op.index for op in moved.ops] == list(range(5))
    assert [op.outputs for op in moved.ops] == [model.ops[op].outputs for op in ops]
    assert moved.tensors is model.tensors
