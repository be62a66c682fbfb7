"""The report of a firmware's run, and the exchange formats of flame graphs, of a made-up run."""

import dataclasses
import json

import pytest

from mcusim import execution
from mcusim.execution import (
    BoardInfo,
    CallSite,
    EndInfo,
    ExceptionCount,
    Execution,
    FirmwareInfo,
    FlashSetting,
    Function,
    Line,
    Loop,
    MemoryUse,
    Occurrence,
    Region,
    Stack,
    StackUse,
    Totals,
)
from mcusim.renderers import execution as renderer
from mcusim.trace import CAUSES


def causes(cycles):
    return dict.fromkeys(CAUSES, 0) | {"issue": cycles}


@pytest.fixture
def run():
    return Execution(
        command="mcusim exec a.elf",
        firmware=FirmwareInfo("a.elf", "elf", "0" * 64, "armv7em", "reset"),
        board=BoardInfo("NUCLEO", "STM32", "Cortex-M4", "stm32l4", 80_000_000, "art"),
        end=EndInfo("exit", "it ends by itself", 0),
        region=None,
        totals=Totals(80, 100, causes(100), 22, 8000, 0.0001, 90, 120, None, "no row", None),
        flash=(FlashSetting("5 wait states", 5, "art", 60, 90), FlashSetting("2 wait states", 2, "art", 20, 10)),
        functions=(
            Function("work", 0x100, 2, 50, 70, causes(70), 70, "a.c:3"),
            Function("main", 0x200, 1, 30, 30, causes(30), 100, None),
        ),
        call_sites=(
            CallSite("main", "work", 0x204, 2, 50, 70, "a.c:9"),
            CallSite("start", "main", None, 1, 80, 100, None),
        ),
        stacks=(Stack(("main", "work"), 2, 70), Stack(("main",), 1, 30), Stack(("never",), 1, 0)),
        exceptions=(ExceptionCount(15, "SysTick", 1),),
        stack_use=(StackUse("MSP", 0x2000_0F00, 256), StackUse("PSP", 0x2000_0800, None)),
        memory=(MemoryUse("SRAM1", 0x2000_0000, 1024, 8, 4, 12),),
        loops=(
            Loop(
                "work", 0x100, 8, 9, 60, (Line(0x100, "adds r0, #1", 10, "a.c:4"), Line(0x102, "b #0x100", 10, "a.c:4"))
            ),
        ),
        console="hello\n",
        notes=("A note.",),
    )


def test_report_names_everything(run):
    text = renderer.text(run, 100)
    for words in (
        "a.elf on NUCLEO (STM32, Cortex-M4, 80 MHz, memory: art)",
        "it ends by itself",
        "100 cycles (90 to 120), 80 instructions, 1.25 cycles an instruction",
        "in all 8,122 cycles, 100 µs",
        "error of the cycles: no row",
        "70.0%",
        "a.c:9",
        "Hot loop: work, 8 bytes, 9 times round, 60 cycles (60.0%)",
        "adds r0, #1",
        "lowest MSP: 0x20000f00, 256 bytes used",
        "lowest PSP: 0x20000800\n",
        "SysTick",
        "* A note.",
    ):
        assert words in text
    assert max(map(len, text.splitlines())) <= 100


def test_a_region_is_in_the_report(run):
    region = Region("each call of work", (Occurrence(30, 20), Occurrence(40, 30)))
    text = renderer.text(dataclasses.replace(run, region=region))
    assert "only each call of work: 2 times, 30 to 40 cycles, 35 on average" in text


def test_sentences_stay_within_the_width(run):
    long = " ".join(["word"] * 60)
    totals = dataclasses.replace(run.totals, error_percent_reason=long)
    run = dataclasses.replace(run, notes=(long, "Short."), end=EndInfo("idle", long, None), totals=totals)
    for width in (60, 80):
        lines = renderer.text(run, width).splitlines()
        assert max(map(len, lines)) <= width and "* Short." in lines
        assert sum(line.count("word") for line in lines) >= 180, "nothing is cut"


def test_names_cannot_act_on_a_terminal(run):
    bad = "\x1b[2J;a b"
    dirty = dataclasses.replace(
        run,
        firmware=dataclasses.replace(run.firmware, name=bad),
        functions=(dataclasses.replace(run.functions[0], name=bad),),
        stacks=(Stack((bad, "x"), 1, 5),),
    )
    for render in renderer.FORMATS.values():
        assert "\x1b" not in render(dirty)
    assert renderer.collapsed(dirty) == "�[2J:a_b;x 5\n"


def test_collapsed_stacks(run):
    assert renderer.collapsed(run) == "main 30\nmain;work 70\n"


def test_speedscope(run):
    document = json.loads(renderer.speedscope(run))
    (profile,) = document["profiles"]
    names = [frame["name"] for frame in document["shared"]["frames"]]
    named = [[names[frame] for frame in sample] for sample in profile["samples"]]
    assert dict(zip(map(tuple, named), profile["weights"], strict=True)) == {("main", "work"): 70, ("main",): 30}
    assert profile["endValue"] == 100 == sum(profile["weights"]) and profile["type"] == "sampled"


def test_json_is_read_back(run):
    assert execution.from_json(json.loads(renderer.json_text(run)), "x") == run
