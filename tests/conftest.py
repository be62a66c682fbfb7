"""Where the reference data lies (public models, vectors, measurements: not part of this project); an example run."""

import copy
import dataclasses
import math
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mcusim import record
from mcusim.trace import CAUSES

# The same examples in every run, however long they take: a failure is the change's, not the day's or the machine's.
settings.register_profile(
    "seeded", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("seeded")


@pytest.fixture(scope="session")
def reference_data():
    """The folder that MCUSIM_REFERENCE_DATA names; tests that need it skip without it."""
    named = os.environ.get("MCUSIM_REFERENCE_DATA")
    if not named:
        pytest.skip("MCUSIM_REFERENCE_DATA is not set: the public models and vectors are not part of this project")
    return Path(named)


@pytest.fixture(scope="session")
def example_run():
    """A hand-made run of a keyword-spotting network, whose cycles and bytes add up."""
    return make_run()


@pytest.fixture(scope="session")
def bad_run():
    """The same model where it does not fit, with one layer that is not bit-exact."""
    return make_run(ram_used=230_000, exact=False)


@pytest.fixture(scope="session")
def estimated_run():
    """The same model by formula: cycles of layers, nothing of what only execution tells."""
    run = make_run()
    layers = tuple(
        dataclasses.replace(
            layer,
            **dict.fromkeys(("instructions", "cycles_by_cause", "stack_bytes", "stack_touched_bytes", "bit_exact")),
            **{"scratch_touched_bytes": None, "estimated_cycles": layer.cycles, "estimated_cycles_reason": None},
            **{"bit_exact_reason": "nothing was executed", "functions": (), "loops": (), "why": "by formula"},
        )
        for layer in run.layers
    )
    totals = dataclasses.replace(run.totals, instructions=None, cycles_by_cause=None)
    memory = dataclasses.replace(run.memory, touched=None, touched_reason="nothing was executed")
    return dataclasses.replace(run, layers=layers, totals=totals, memory=memory, hot_code=())


@pytest.fixture(scope="session")
def planned_run():
    """The same model where nothing can be executed and no formula is known: memory alone."""
    run = make_run()
    unknown = ("instructions", "cycles", "cycles_by_cause", "latency_s", "energy_j", "least_cycles", "most_cycles")
    totals = dataclasses.replace(
        run.totals, **dict.fromkeys(unknown), energy_j_reason="no cycles", cycles_reason="the core is not simulated"
    )
    memory = dataclasses.replace(run.memory, touched=None, touched_reason="nothing was executed")
    return dataclasses.replace(run, layers=(), totals=totals, memory=memory, hot_code=())


def make_difference(tensor="layer"):
    """An element that the target makes one more of than the reference, whose accumulator is on a tie."""
    steps = record.Accumulation(1_500, 100, 32, 1 << 30, -8, 2.9296875, 750, None, 3, 1, -128, 127)
    return record.Difference(
        tensor, (0, 1, 2, 3), 5.0, None, 4.0, None, 17, 8_000, 2.0, None, None, "no known", steps, None
    )


def make_run(ram_used=34_208, ram_total=262_144, exact=True):
    """DS-CNN-like figures: 10 convolutions in turns, pooling, reshape, classifier and softmax."""
    dw, pw = "arm_depthwise_conv_wrapper_s8", "arm_convolve_wrapper_s8"
    rows = [("CONV_2D", pw, (1, 25, 5, 64), 320_000, 512_345)]
    for _ in range(4):
        rows += [
            ("DEPTHWISE_CONV_2D", dw, (1, 25, 5, 64), 72_000, 450_123),
            ("CONV_2D", pw, (1, 25, 5, 64), 512_000, 987_654),
        ]
    rows += [
        ("AVERAGE_POOL_2D", "arm_avgpool_s8", (1, 1, 1, 64), 0, 61_007),
        ("RESHAPE", "arm_reshape_s8", (1, 64), 0, 103),
        ("FULLY_CONNECTED", "arm_fully_connected_s8", (1, 12), 768, 2_345),
        ("SOFTMAX", "arm_softmax_s8", (1, 12), 0, 3_210),
    ]
    buffers = make_buffers()
    layers = tuple(_layer(index, row, buffers, exact or index != 3) for index, row in enumerate(rows))
    cycles = sum(layer.cycles for layer in layers)
    reserved = 45_056
    free = ram_total - reserved - ram_used
    ram = record.MemoryVerdict(ram_used, ram_total - reserved, reserved, free)
    flash = record.MemoryVerdict(78_332, 983_040, 65_536, 904_708)
    reasons = () if free >= 0 else (f"RAM: {ram_used:,} bytes are needed, {ram_total - reserved:,} are there",)
    mine = record.KernelArena(23_748, 23_760, 16_000, 7_748, 640)
    return record.Run(
        schema=record.SCHEMA,
        mcusim_version="0.1.0",
        created="2026-01-02T03:04:05+00:00",
        command="mcusim profile kws.tflite --board nano33ble",
        model=record.ModelInfo(
            "kws_ds_cnn",
            "a" * 64,
            53_936,
            (record.TensorInfo("input_1", (1, 490), "int8", 0.58, 83),),
            (record.TensorInfo("Identity", (1, 12), "int8", 0.00390625, -128),),
        ),
        board=record.BoardInfo("nano33ble", "nRF52840-QIAA", "Cortex-M4", 64_000_000, 2, ("A note of the board.",)),
        fits=not reasons,
        verdict=record.Verdict(ram, flash, reasons),
        memory=record.Memory(
            23_748,
            23_760,
            16_000,
            7_748,
            640,
            512,
            (
                record.Owner("conv2d/Relu", 8_000, "tensor"),
                record.Owner("depthwise_conv2d/Relu", 8_000, "tensor"),
                record.Owner("persistent structs", 7_748, "persistent"),
                record.Owner("stack of the kernels", ram_used - 23_748, "stack"),
                record.Owner("Mbed OS and the Arduino core", reserved, "reserved"),
                *((record.Owner("free", free, "free"),) if free > 0 else ()),
            ),
            record.Holes(16_000, 16_000, 0),
            {"cmsis_nn": mine, "reference": record.KernelArena(22_292, 22_304, 16_000, 6_292, 0)},
            buffers,
            make_touched(),
            None,
        ),
        flash=record.Flash(
            24_908,
            53_936,
            24_396,
            (
                record.Owner("weights", 24_908, "weights"),
                record.Owner("rest of the model file", 29_028, "model"),
                record.Owner("kernels", 24_396, "code"),
                record.Owner("bootloader", 65_536, "reserved"),
                record.Owner("free", 904_708, "free"),
            ),
        ),
        budget=make_budget(),
        linked_flash=make_linked_flash(),
        totals=record.Totals(
            macs=sum(layer.macs for layer in layers),
            instructions=sum(layer.instructions for layer in layers),
            cycles=cycles,
            cycles_by_cause={c: sum(layer.cycles_by_cause[c] for layer in layers) for c in CAUSES},
            latency_s=cycles / 64e6,
            energy_j=cycles / 64e6 * 0.0099,
            energy_j_reason=None,
            error_percent=None,
            error_percent_reason="not validated: no published measurement of these kernels on this board",
            error_source=None,
            least_cycles=cycles,
            most_cycles=cycles,
            range_over="4 link orders of the kernels",
            cycles_reason=None,
        ),
        layers=layers,
        hot_code=HOT_CODE,
        provenance=record.Provenance(
            "emulation",
            record.Kernels("b" * 64, "arm-none-eabi-gcc 12.2.1", "-O3 -mcpu=cortex-m4", "c" * 64),
            "cores/cortex_m4.toml",
            "e" * 64,
            "boards/nano33ble.toml",
            "f" * 64,
            "9" * 64,
            "TensorFlow Lite Micro with cmsis_nn kernels",
            "zero_wait",
            "pseudo-random",
            None,
            "mcusim's own kernels ran",
        ),
        notes=("Cycles assume zero wait states: nano33ble reads flash with 2 wait states at 64 MHz.",),
        output_digests=({"shape": [1, 12], "dtype": "int8", "sha256": "d" * 64},),
        energy=record.Energy(
            0.0099, None, "headline", 3.0, "3.3 mA × 3 V at 64 MHz, CoreMark", "a product specification"
        ),
        duty_cycle=None,
        duty_cycle_reason="no rate was asked for",
        placement=record.Placement("flash", 0x0001_0000, "RAM", 0x2000_B000, "flash", 0x0001_D2C0, True),
        against=None,
        against_reason="not asked for",
    )


def with_value(document, key, value):
    """A copy of a JSON document with another value at a dotted key."""
    changed = copy.deepcopy(document)
    *path, last = (int(part) if part.isdigit() else part for part in key.split("."))
    place = changed
    for part in path:
        place = place[part]
    place[last] = value
    return changed


def make_touched():
    """Most of an arena, less of its scratch than was asked for."""
    owners = (record.Owner("scratch 0 of layer 0", 120, "scratch"), record.Owner("padding of buffers", 8, "alignment"))
    return record.Touched(23_760, 23_632, 640, 520, 512, 504, owners)


def make_budget():
    """An arena of 23,760 bytes that may have up to 190,000 beside a platform, a stack and a margin."""
    return record.Budget(
        application=None,
        application_reason="none was named",
        least_arena_bytes=23_760,
        most_arena_bytes=190_000,
        headroom_bytes=166_240,
        given_arena_bytes=None,
        given_arena_bytes_reason="no size was given",
        given_arena_source=None,
        bank="RAM",
        items=(
            record.BudgetItem("Mbed OS and the Arduino core", "reserved", 45_056, None, "a board's file"),
            record.BudgetItem("stack of the kernels", "stack", None, "the kernels were not executed", "emulation"),
        ),
        banks=(
            record.ArenaBank("RAM", 0x2000_0000, 262_144, 72_144, 190_000, True),
            record.ArenaBank("backup RAM", 0x4000_0000, 4_096, 1_128, 2_960, False),
        ),
        notes=("The firmware has the arena itself.",),
    )


def make_linked_flash():
    """Flash with one part that is a range and one that is unknown; weights that are pruned and clustered."""
    tensor = record.WeightTensor("conv/kernel", 4_096, 4_096, 17, 0.5, 2.5, 1_500, 2_577, None)
    return record.LinkedFlash(
        parts=(
            record.FlashPart("weights", 24_908, 24_908, None, "the model file"),
            record.FlashPart("framework", 9_732, 16_384, None, "two published figures"),
            record.FlashPart("operators' code", None, None, "no sizes are published", "a search"),
        ),
        least_bytes=34_640,
        most_bytes=41_292,
        without=(record.Saving("CONV_2D", 5, 4_612), record.Saving("RESHAPE", 1, 0)),
        compressibility=record.Compressibility(24_908, 0.5, 2.5, 7_784, 9_000, 11_000, None, "a feature", (tensor,)),
    )


def make_buffers():
    """The head of the arena: input, scratch of the first layer, feature maps in turns, and small tensors behind."""
    buffers = [
        record.ArenaBuffer("input_1", "input or output", 8_000, 490, 496, 0, 1),
        record.ArenaBuffer("scratch 0 of layer 0", "scratch", 8_496, 640, 640, 1, 1),
    ]
    for index in range(9):
        name = f"layer_{index}/{'depthwise_conv_2d' if index % 2 else 'conv_2d'}"
        buffers.append(
            record.ArenaBuffer(name, "intermediate", 8_000 * (index % 2), 8_000, 8_000, index + 1, index + 2)
        )
    return (
        *buffers,
        record.ArenaBuffer("layer_9/average_pool_2d", "intermediate", 8_000, 64, 64, 10, 11),
        record.ArenaBuffer("layer_10/reshape", "intermediate", 0, 64, 64, 11, 12),
        record.ArenaBuffer("layer_11/fully_connected", "intermediate", 64, 12, 16, 12, 13),
        record.ArenaBuffer("Identity", "input or output", 0, 12, 16, 13, 13),
    )


def _code(function, offset, *texts):
    """A loop's code of instructions of 4 bytes, those marked "." of 2."""
    lines, place = [], offset
    for text in texts:
        lines.append(record.CodeLine(place, text.removeprefix(".")))
        place += 2 if text.startswith(".") else 4
    return record.HotCode(function, offset, place - offset, tuple(lines))


# By what a convolution and a depthwise one run: the inner loop, the loop over output pixels of both.
HOT_CODE = (
    _code(
        *("arm_convolve_inner_s8", 64, "ldr r4, [r0], #4", "ldr r5, [r1], #4", "sxtb16 r6, r4", "sxtb16 r7, r5"),
        *("smlad r2, r6, r7, r2", "sxtb16 r4, r4, ror #8", "sxtb16 r5, r5, ror #8", "smlad r2, r4, r5, r2"),
        *(".subs r3, #1", ".bne +0x40"),
    ),
    _code(
        *("arm_depthwise_conv_inner_s8", 120, "ldrsb r3, [r0], #1", "ldrsb r4, [r1], #1", "mla r2, r3, r4, r2"),
        *(".subs r5, #1", ".bne +0x78"),
    ),
    _code("arm_convolve_inner_s8", 48, "ldr r2, [r8], #4", ".mov r0, r9", ".cmp r10, r0", ".blt +0x30"),
)


def _loops(op, cycles):
    """The loops of a layer: three quarters of its cycles in the inner one, a tenth of a convolution's around it."""
    if op not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return ()
    if op == "DEPTHWISE_CONV_2D":
        return (_loop(1, cycles * 3 // 4),)
    return _loop(0, cycles * 3 // 4), _loop(2, cycles // 10)


def _loop(code, cycles):
    lines = len(HOT_CODE[code].lines)
    iterations = cycles // (lines + 2)
    each = [iterations] * lines
    each[-1] = cycles - sum(each[:-1])
    causes = {**dict.fromkeys(CAUSES, 0), "load_store": cycles // 3, "branch": 2 * iterations}
    causes["issue"] = cycles - sum(causes.values())
    return record.HotLoop(code, iterations, cycles, causes, (iterations,) * lines, tuple(each))


def _tensors(index, op, shape):
    """What a layer of the example reads and writes."""
    name = f"layer_{index}/{op.lower()}" if op != "SOFTMAX" else "Identity"
    size = math.prod(shape)
    before = next(one for one in make_buffers() if one.last_moment == index + 1 and one.kind != "scratch")
    inputs = [record.LayerTensor(before.name, (1, before.bytes), "int8", before.bytes, False)]
    if op in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        inputs.append(record.LayerTensor(f"layer_{index}/weights", (size % 97 + 64,), "int8", size % 97 + 64, True))
    return tuple(inputs), (record.LayerTensor(name, shape, "int8", size, False),)


def _layer(index, row, buffers, exact):
    op, kernel, shape, macs, cycles = row
    inputs, outputs = _tensors(index, op, shape)
    causes = dict.fromkeys(CAUSES, 0)
    causes["load_store"] = cycles * 27 // 100
    causes["branch"] = cycles * 6 // 100
    causes["hazard"] = cycles * 3 // 100
    causes["issue"] = cycles - sum(causes.values())
    inner = cycles * 9 // 10
    return record.Layer(
        index=index,
        op=op,
        name=f"layer_{index}/{op.lower()}",
        kernel=kernel,
        shape=shape,
        inputs=inputs,
        outputs=outputs,
        macs=macs,
        instructions=cycles * 3 // 4,
        cycles=cycles,
        least_cycles=cycles,
        most_cycles=cycles,
        cycles_by_cause=causes,
        estimated_cycles=None,
        estimated_cycles_reason="no cost formula is fitted for this kernel",
        live_bytes=sum(one.planned_bytes for one in buffers if one.first_moment <= index + 1 <= one.last_moment),
        scratch_bytes=640 if op == "CONV_2D" else 0,
        scratch_touched_bytes=520 if op == "CONV_2D" else 0,
        stack_bytes=312 + 8 * index,
        stack_touched_bytes=304 + 8 * index,
        bit_exact_reason=None,
        bit_exact=exact,
        difference=None if exact else make_difference(f"layer_{index}"),
        functions=(
            record.FunctionCycles(kernel.replace("wrapper", "inner"), inner),
            record.FunctionCycles(kernel, cycles - inner),
        ),
        loops=_loops(op, cycles),
        why="issue 64%",
        variant=kernel.replace("_wrapper", ""),
        faster=(),
        own_cycles=None,
        own_cycles_reason="mcusim's own kernels ran",
        differing_inputs=0,
    )
