"""Changes put in on purpose, through emulation: each is caught, and told to the right layer, loop and cause."""

import dataclasses
import json
from functools import cache
from pathlib import Path

import library_build
import pytest
from tflite_writer import buffer, code, model, op, quantization, subgraph, tensor, write

import mcusim
from mcusim import record
from mcusim.cli import main
from mcusim.hardware import PACKAGE
from mcusim.policy import ComparePolicy, Policy

pytestmark = pytest.mark.slow

DIGITS = Path(__file__).parents[1] / "models" / "digits_cnn.tflite"
BOARD = "nucleo_l4r5zi"
WITHOUT_WAITS_HZ = 20_000_000
FLAGS = ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-O3", "-g1")
KERNEL = "mcusim_nn_mat_mult_kernel_s8_s16"  # what the convolutions spend their cycles in
SLOW_LAYER = 2  # the larger convolution


@cache
def digits():
    return mcusim.load(DIGITS)


def run_with(library):
    """An inference of the digits with a library, where it does not matter at which addresses its code lies."""
    plan = mcusim.plan(digits(), mcusim.load_board(BOARD).at_clock(WITHOUT_WAITS_HZ))
    return mcusim.run(mcusim.with_kernels(plan, library), link_orders=False)


@cache
def run_before():
    return run_with(library_build.archive(FLAGS))


def archive(name, source, changed):
    """The library with a source's object in place of its own."""
    target = library_build.folder() / name
    objects = [path for stem, path in library_build.objects(FLAGS).items() if stem != source]
    ar = Path(library_build.COMPILER).with_name("arm-none-eabi-ar")
    library_build.run(ar, "rcs", target, *objects, changed)
    return target


def source_of(kernel):
    (source,) = [one for one in library_build.sources() if one.stem == kernel]
    return source


def slower_kernel():
    """The kernel's source with two instructions more in its inner loop, which its header has."""
    header = (library_build.KERNELS / "Include" / "arm_nn_2x2.h").read_text(encoding="utf-8")
    loop = "    while (column < end) {\n"
    assert header.count(loop) >= 1
    slower = header.replace(loop, f'{loop}        __asm volatile("nop\\n\\tnop");\n', 1)
    text = source_of(KERNEL).read_text(encoding="utf-8")
    return text.replace('#include "arm_nn_2x2.h"\n', slower)


def layer_failures(delta):
    return [one for one in delta.failures if one.metric == "layer_cycles"]


def save(path, run):
    path.write_text(json.dumps(record.to_json(run)), encoding="utf-8")
    return str(path)


def test_a_kernel_that_is_three_percent_slower(tmp_path, capsys):
    after = run_with(archive("libslower.a", KERNEL, library_build.compiled(slower_kernel(), FLAGS)))
    delta = mcusim.compare(run_before(), after)
    (failure,) = layer_failures(delta)
    layer = next(one for one in delta.layers if one.after.index == SLOW_LAYER)
    assert 0.03 < layer.change / layer.before.cycles < 0.04
    assert failure.layer == SLOW_LAYER and layer.after.bit_exact
    assert [one.part for one in delta.basis] == ["kernels"]
    assert delta.attribution == ("Only the kernels changed: changes of cycles are of the kernels' code.",)
    loop = layer.loops[0]
    assert loop.function == KERNEL and loop.iterations_before == loop.iterations_after
    assert 2 * loop.iterations_after < loop.change == layer.change, "two cycles each, and the first time in"
    assert (loop.added, loop.removed) == (("nop", "nop"), ())
    assert [(one.name, one.change) for one in layer.functions] == [(KERNEL, layer.change)]
    assert layer.causes[0].name == "issue" and layer.causes[0].change >= 2 * loop.iterations_after
    for part in (f"of {KERNEL}", f"{loop.iterations_after:,} iterations as before", "(+ nop; + nop)"):
        assert part in failure.sentence
    saved = [save(tmp_path / name, run) for name, run in (("before.json", run_before()), ("after.json", after))]
    assert main(["compare", *saved]) == 1
    assert "+ nop; + nop" in " ".join(capsys.readouterr().out.split())


def test_a_kernel_compiled_with_another_flag():
    """GCC 12 makes the pooling slower with -O3 than with -O2: its loop over channels waits for an instruction."""
    flags = tuple("-O2" if flag == "-O3" else flag for flag in FLAGS)
    kernel = "arm_max_pool_s8"
    before = run_with(archive("libflag.a", kernel, library_build.compiled(source_of(kernel), flags)))
    delta = mcusim.compare(before, run_before())
    assert [one.part for one in delta.basis] == ["kernels", "compiler flags"]
    assert (delta.basis[1].before, delta.basis[1].after) == ("-O2", "-O3")
    assert delta.attribution[0].startswith("Only the kernels' compiler flags changed: changes of cycles are of the ker")
    failures = layer_failures(delta)
    assert [delta.layers[one.layer].after.op for one in failures] == ["MAX_POOL_2D", "MAX_POOL_2D"]
    changed = [one for one in delta.layers if one.change]
    assert {one.after.index for one in changed} == {one.layer for one in failures}
    assert {function.name for one in changed for function in one.functions} == {kernel}
    assert "iterations as before" in failures[0].sentence and "fetch +" in failures[0].sentence


def pooled(with_skip):
    """Three poolings of 1,024 bytes each; with a skip connection around the second, whose sum is a tensor more."""
    same = {"Padding": 0, "StrideW": 1, "StrideH": 1, "FilterWidth": 2, "FilterHeight": 2}
    one = quantization([0.5], [0])
    names = ["x", "a", "b", "sum", "out"] if with_skip else ["x", "a", "b", "out"]
    tensors = [tensor(name, (1, 16, 16, 4), Quantization=one) for name in names]
    last = len(names) - 1
    ops = [op(0, (0,), (1,), "Pool2DOptions", same), op(0, (1,), (2,), "Pool2DOptions", same)]
    ops += [op(1, (2, 1), (3,), "AddOptions", {})] if with_skip else []
    ops += [op(0, (last - 1,), (last,), "Pool2DOptions", same)]
    codes = [code("MAX_POOL_2D", Version=2), code("ADD", Version=2)]
    return write(model(codes, [subgraph(tensors, ops, (0,), (last,))], [buffer()]))


def test_a_tensor_of_a_kilobyte_more(tmp_path):
    runs = []
    for number, with_skip in enumerate((False, True)):
        path = tmp_path / f"pooled{number}.tflite"
        path.write_bytes(pooled(with_skip))
        runs.append(mcusim.run(mcusim.plan(mcusim.load(path), mcusim.load_board(BOARD)), link_orders=False))
    delta = mcusim.compare(*runs)
    assert [one.part for one in delta.basis] == ["model"]
    grown = next(one for one in delta.failures if one.metric == "arena_bytes")
    assert 1_024 <= grown.after - grown.before < 1_400, "the tensor, and what persists of its layer"
    assert "new intermediate sum, 1,024 bytes" in grown.sentence
    assert delta.buffers[0].name == "sum" and delta.buffers[0].at_peak
    assert [(one.state, one.after.op) for one in delta.layers if one.state != "unchanged"] == [("added", "ADD")]


def hardware(folder, old="", new="", board_old="", board_new=""):
    """A board's file and its core's beside it, a text in each replaced."""
    folder.mkdir()
    core = (PACKAGE / "cores" / "cortex_m4.toml").read_text(encoding="utf-8")
    board = (PACKAGE / "boards" / f"{BOARD}.toml").read_text(encoding="utf-8")
    assert old in core and board_old in board and 'core = "cortex_m4"' in board
    (folder / "core.toml").write_text(core.replace(old, new, 1) if old else core, encoding="utf-8")
    board = board.replace('core = "cortex_m4"', 'core = "core.toml"')
    path = folder / "board.toml"
    path.write_text(board.replace(board_old, board_new, 1) if board_old else board, encoding="utf-8")
    return path


def run_on(board):
    return mcusim.run(mcusim.plan(digits(), mcusim.load_board(board)), link_orders=False)


def test_a_changed_timing_table_is_not_of_the_code(tmp_path):
    old = 'mnemonics = ["cmp", "cmn", "tst", "teq"]\ncycles = 1'
    before = run_on(hardware(tmp_path / "before"))
    after = run_on(hardware(tmp_path / "after", old, old.replace("cycles = 1", "cycles = 2")))
    delta = mcusim.compare(before, after)
    assert delta.metric("cycles").change > 0 and delta.metric("instructions").change == 0
    assert [(one.part, one.what) for one in delta.basis] == [("timing", "core table")]
    assert delta.attribution == (
        "Only mcusim's model of time changed: changes of cycles are of that, not of your code.",
    )
    assert [one.metric for one in delta.failures] == ["timing"]
    told = Policy(dataclasses.replace(ComparePolicy(), changed_timing="tell"))
    assert not mcusim.compare(before, after, told).failures


def test_a_changed_board_file_is_not_of_the_code(tmp_path):
    steps = "wait_states = 5\n"
    board = (PACKAGE / "boards" / f"{BOARD}.toml").read_text(encoding="utf-8")
    clock = next(line for line in board.splitlines() if line.startswith("hz = "))
    before = run_on(hardware(tmp_path / "before"))
    path = hardware(tmp_path / "after", board_old=clock, board_new="hz = 110_000_000")
    assert steps in path.read_text(encoding="utf-8")
    delta = mcusim.compare(before, run_on(path))
    assert {one.part for one in delta.basis} == {"board"}
    assert {one.what for one in delta.basis} == {"board file", "clock"}
    assert delta.attribution == ("Only the board changed: changes of cycles are of that, not of your code.",)
    assert [one.metric for one in delta.failures] == ["board"]


def test_the_same_again_does_not_differ():
    assert mcusim.compare(run_before(), run_with(library_build.archive(FLAGS))).is_same
