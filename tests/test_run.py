"""A whole run on the smallest bundled model: conservation, determinism, inputs, and a kernel that lies."""

import dataclasses
import hashlib
import tomllib
from pathlib import Path

import numpy as np
import pytest

import mcusim
from mcusim import record
from mcusim.elf import layouts
from mcusim.inference import Machine
from mcusim.run import NOTHING_KEPT, plan_only
from mcusim.run_inputs import pseudo_random_inputs
from mcusim.trace import CAUSES

MODELS = Path(__file__).parents[1] / "models"


@pytest.fixture(scope="module")
def model():
    return mcusim.load(MODELS / "digits_cnn.tflite")


@pytest.fixture(scope="module")
def plan(model):
    return mcusim.plan(model, mcusim.load_board("nano33ble"))


@pytest.fixture(scope="module")
def run(plan):
    return mcusim.run(plan)


def test_every_cycle_has_one_layer_function_and_cause(run):
    assert run.totals.cycles > 0
    assert run.totals.cycles == sum(layer.cycles for layer in run.layers)
    assert run.totals.cycles == sum(run.totals.cycles_by_cause.values())
    for layer in run.layers:
        assert set(layer.cycles_by_cause) == set(CAUSES)
        assert layer.cycles == sum(layer.cycles_by_cause.values()) == sum(item.cycles for item in layer.functions)


def test_every_byte_has_one_owner(run, plan):
    assert sum(owner.bytes for owner in run.memory.owners) == plan.board.ram_bytes
    assert sum(owner.bytes for owner in run.flash.owners) == plan.board.flash_bytes
    assert min(owner.bytes for owner in run.memory.owners + run.flash.owners) > 0


def test_loops_are_the_code_that_takes_the_cycles(run):
    """digits_cnn is convolutions and matrix products: most of its cycles are in loops, inner ones first."""
    inside = sum(loop.cycles for layer in run.layers for loop in layer.loops)
    assert 0.8 * run.totals.cycles < inside <= run.totals.cycles
    for layer in run.layers:
        assert [loop.cycles for loop in layer.loops] == sorted((loop.cycles for loop in layer.loops), reverse=True)
        for loop in layer.loops:
            code, counts = run.hot_code[loop.code], loop.line_counts
            assert len(code.lines) == len(counts) == len(loop.line_cycles)
            assert sum(loop.line_cycles) == loop.cycles == sum(loop.cycles_by_cause.values())
            assert code.function in {one.name for one in layer.functions}
            assert code.lines[0].offset == code.offset and counts[0] >= loop.iterations
    assert len(set(run.hot_code)) == len(run.hot_code)


def test_layers_say_what_they_read_and_write(run, model):
    first, last = run.layers[0], run.layers[-1]
    assert first.inputs[0].name == model.tensors[model.inputs[0]].name
    assert [one.is_constant for one in first.inputs] == [False, True, True]
    assert last.outputs[0].name == run.model.outputs[0].name
    assert max(layer.live_bytes for layer in run.layers) == run.memory.holes.live_lower_bound_bytes


def test_the_head_is_its_buffers(run):
    assert max(one.offset + one.planned_bytes for one in run.memory.buffers) == run.memory.head_bytes
    alive = [one for one in run.memory.buffers if one.first_moment <= 1 <= one.last_moment]
    assert sum(one.planned_bytes for one in alive) == run.layers[0].live_bytes
    assert {one.kind for one in run.memory.buffers} == {"input or output", "intermediate", "scratch"}


def test_figures_rest_on_files_by_their_content(run, plan):
    board = Path(mcusim.__file__).parent / run.provenance.board_file
    assert run.provenance.board_file_sha256 == hashlib.sha256(board.read_bytes()).hexdigest()
    core = board.parents[1] / run.provenance.core_table
    assert run.provenance.core_table_sha256 == hashlib.sha256(core.read_bytes()).hexdigest()


def test_two_runs_are_one(plan, run):
    again = mcusim.run(plan)
    assert record.to_json(dataclasses.replace(again, created=run.created)) == record.to_json(run)


def test_all_layers_are_bit_exact(run):
    assert run.fits
    assert all(layer.bit_exact for layer in run.layers)


def test_stack_of_the_run_is_that_of_its_deepest_layer(run):
    assert run.memory.stack_bytes == max(layer.stack_bytes for layer in run.layers)
    assert {owner.kind: owner.bytes for owner in run.memory.owners}["stack"] == run.memory.stack_bytes


def test_the_pseudo_random_input_is_the_generators(model):
    state, drawn = 1, []
    for _ in range(64):
        state = (state * 1664525 + 1013904223) % 2**32
        drawn.append(state >> 24)
    (array,) = pseudo_random_inputs(model)
    assert array.tobytes() == bytes(drawn)


def test_more_work_than_is_simulated_is_refused(model, plan):
    graph = model.subgraphs[0]
    pool = next(op for op in graph.ops if op.name == "MAX_POOL_2D")
    endless = dataclasses.replace(pool, options={**pool.options, "filter_height": 10_000, "filter_width": 10_000})
    ops = tuple(endless if op is pool else op for op in graph.ops)
    huge = dataclasses.replace(model, subgraphs=(dataclasses.replace(graph, ops=ops),))
    with pytest.raises(mcusim.UnsupportedError, match="simulates up to"):
        mcusim.run(dataclasses.replace(plan, model=huge))


def test_version_is_the_packages():
    project = tomllib.loads((MODELS.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["version"] == record.VERSION


def test_input_changes_the_output(plan, model):
    tensor = model.tensors[model.inputs[0]]
    dark = mcusim.run(plan, np.full(tensor.shape, -128, np.int8))
    bright = mcusim.run(plan, [np.full(tensor.shape, 127, np.int8)])
    assert not np.array_equal(dark.outputs[0], bright.outputs[0])


@pytest.mark.parametrize("shape, dtype", [((1, 2), "int8"), ((1, 8, 8, 1), "float32")])
def test_wrong_input_is_refused(plan, shape, dtype):
    with pytest.raises(mcusim.BadInputError, match="was given"):
        mcusim.run(plan, np.zeros(shape, dtype))


def test_an_input_that_is_no_array_is_refused(plan):
    with pytest.raises(mcusim.BadInputError, match="a list was given"):
        mcusim.run(plan, [[0] * 64])


def test_too_many_inputs_are_refused(plan, model):
    with pytest.raises(mcusim.BadInputError, match="2 were given"):
        mcusim.run(plan, list(pseudo_random_inputs(model)) * 2)


def test_a_corrupted_weight_in_flash_breaks_bit_exactness(model, plan):
    """The comparison can fail: the target reads its weights from flash, the reference from the model."""
    op = next(op for op in model.ops if op.name == "CONV_2D")
    weights = model.tensors[op.inputs[1]]
    damaged = bytearray(model.file)
    damaged[weights.file_offset : weights.file_offset + weights.bytes] = bytes(
        byte ^ 0x40 for byte in model.file[weights.file_offset : weights.file_offset + weights.bytes]
    )
    lying = dataclasses.replace(plan, model=dataclasses.replace(model, file=bytes(damaged)))
    machine = Machine.start(lying, pseudo_random_inputs(model))
    layers = [machine.layer(each)[0] for each in model.ops]
    assert not layers[op.index].bit_exact
    assert "elements differ" in str(layers[op.index].difference)


@pytest.mark.slow
@pytest.mark.parametrize("board, steps", [("nano33ble", 64), ("nucleo_h743zi", 16), ("nrf5340_dk", 16), ("pico", 16)])
def test_cycles_do_not_depend_on_where_the_emulators_pages_lie(model, board, steps):
    """A page of the emulator is no page of the flash: code moved within one takes the same cycles without a cache."""
    plan = mcusim.plan(model, mcusim.load_board(board))
    bare = dataclasses.replace(plan, board=dataclasses.replace(plan.board, memory=None))
    inputs = pseudo_random_inputs(model)
    cycles = set()
    for step in range(steps):
        moved = dataclasses.replace(bare, code_address=plan.code_address + 1024 // steps * step)
        machine = Machine.start(moved, inputs)
        cycles.add(tuple(machine.cycles(op)[0] for op in model.ops))
    assert len(cycles) == 1


def test_why_says_that_nothing_is_kept_from_a_faster_function(run):
    plan = mcusim.plan(mcusim.load(MODELS / "ad_autoencoder.tflite"), mcusim.load_board("nano33ble"))
    explained = mcusim.run(plan, link_orders=False, why=True)
    assert not any(layer.faster for layer in explained.layers) and any(layer.faster for layer in run.layers)
    assert NOTHING_KEPT in explained.notes
    assert NOTHING_KEPT not in mcusim.run(plan, link_orders=False).notes
    assert NOTHING_KEPT not in run.notes


def test_progress_counts_up_to_all_layers(plan, model):
    seen = []
    mcusim.run(plan, progress=lambda done, total, what: seen.append((done, total)))
    steps = len(model.ops) * len(layouts(plan.image))
    assert seen[0] == (0, steps)
    assert seen[-1] == (steps, steps)


@pytest.mark.parametrize("board, weights, arena", [("nano33ble", "sram", None), ("stm32f407_disco", "ccm", "SRAM2")])
def test_weights_and_arena_may_lie_elsewhere(model, run, board, weights, arena):
    """The kernels read the same bytes there: the outputs are those of the default placement, bit by bit."""
    moved = mcusim.run(mcusim.plan(model, mcusim.load_board(board), weights=weights, arena=arena))
    assert all(layer.bit_exact for layer in moved.layers)
    assert moved.output_digests == run.output_digests
    assert not moved.placement.is_default and run.placement.is_default
    assert sum(owner.bytes for owner in moved.memory.owners if owner.kind == "weights") == run.flash.weights_bytes


def test_a_core_that_is_not_simulated_has_a_plan_only(model):
    plan = mcusim.plan(model, mcusim.load_board("ek_ra8d1"))
    found = plan_only(plan, "mcusim profile")
    assert found.fits and found.layers == () and found.totals.cycles is None and found.totals.latency_s is None
    assert found.totals.cycles_reason == found.totals.energy_j_reason
    assert found.memory == plan.memory() and found.flash == plan.flash()
    assert record.from_json(record.to_json(found)) == found
