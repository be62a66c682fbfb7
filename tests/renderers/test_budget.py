"""The arena from both sides and flash as linked, as lines of a report and in full."""

import dataclasses

from mcusim.renderers.budget import budget_lines, budget_text, compressibility_line, linked_lines, linked_text


def test_the_arena_in_a_few_lines(example_run):
    lines = budget_lines(example_run.budget)
    assert lines[0] == "least 23,760 (AllocateTensors) · most 190,000 in RAM · 166,240 bytes between them"
    assert lines[1] == "beside it in RAM: Mbed OS and the Arduino core 45,056, stack of the kernels unknown"
    assert lines[2] == "no other bank holds it (1 are smaller)"
    assert lines[-1] == "The firmware has the arena itself." and len(lines) == 5


def test_an_arena_that_does_not_fit(example_run):
    short = dataclasses.replace(
        example_run.budget,
        most_arena_bytes=23_744,
        headroom_bytes=-16,
        given_arena_bytes=24_000,
        given_arena_bytes_reason=None,
        given_arena_source="given by hand",
        application="freertos + app.elf",
        application_reason=None,
    )
    lines = budget_lines(short)
    assert lines[0].endswith("most 23,744 in RAM · 16 bytes are missing")
    assert lines[1] == "given: 24,000 (given by hand)"
    assert not any("--app-profile" in line for line in lines)


def test_other_banks_that_hold_it(example_run):
    other = dataclasses.replace(example_run.budget.banks[1], name="DTCM", most_arena_bytes=64_000, holds=True)
    budget = dataclasses.replace(example_run.budget, banks=(*example_run.budget.banks, other))
    assert "or in DTCM up to 64,000" in budget_lines(budget)


def test_in_full(example_run):
    text = budget_text(example_run.budget, 80)
    assert "backup RAM  0x40000000" in text and "2,960  no" in text and "the kernels were not executed" in text
    assert all(len(line) <= 100 for line in text.splitlines())
    text = linked_text(example_run.linked_flash, 80)
    assert "without CONV_2D" in text and "4,612" in text and "34,640 to 41,292" in text and "conv/kernel" in text
    assert "To use that: a feature." in text


def test_flash_in_a_few_lines(example_run):
    lines = linked_lines(example_run.linked_flash)
    assert lines == [
        "34,640 to 41,292 bytes, and operators' code (size not published)",
        "weights 24,908, framework 9,732 to 16,384",
        "kernel code that goes with an operator: CONV_2D 4,612",
        "weights: 24,908 bytes, 50.0% zeros, 2.5 bits of entropy a value; compressed at most 9,000 (zlib), 11,000 with "
        "lookup tables",
    ]


def test_ordinary_weights_are_no_news(example_run):
    stored = dataclasses.replace(example_run.linked_flash.compressibility, zlib_bytes=22_000)
    lines = linked_lines(dataclasses.replace(example_run.linked_flash, compressibility=stored))
    assert len(lines) == 3
    unknown = dataclasses.replace(stored, zlib_bytes=None, zero_share=None, unknown_reason="the model has no weights")
    assert compressibility_line(unknown) == "weights: the model has no weights"


def test_names_cannot_act_on_a_terminal(example_run):
    budget = dataclasses.replace(example_run.budget, notes=("\x1b[2J",), bank="\x9b")
    assert "\x1b" not in "".join(budget_lines(budget)) + budget_text(budget) and "\x9b" not in budget_text(budget)
