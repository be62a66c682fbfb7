"""What runs rest on: each thing that changes is named as itself, and what a change of figures comes from."""

import dataclasses

import pytest
from run_variants import estimated, with_changes, with_slower_layer

from mcusim.basis import attribution, basis_changes, flag_words, refusals
from mcusim.policy import ComparePolicy
from mcusim.record import Library, UnitBuild


def parts(before, after):
    return [(one.part, one.what) for one in basis_changes(before, after)]


def library(sha256, *builds):
    builds = tuple(UnitBuild("GNU C11 12.2", flags, count) for flags, count in builds)
    flags = builds[0].flags if builds else None
    return Library("k.a", "archive", sha256, "armv7em", "hard", "GNU C11 12.2", None, flags, None, builds)


def with_library(run, *arguments):
    return with_changes(run, library=library(*arguments), library_reason=None)


def own(run, **changes):
    return with_changes(run, kernels=dataclasses.replace(run.provenance.kernels, **changes))


def test_the_same_run_rests_on_the_same(example_run):
    assert basis_changes(example_run, example_run) == ()


@pytest.mark.parametrize(
    ("key", "part", "what"),
    [
        ("core_table_sha256", "timing", "core table"),
        ("timing_rules_sha256", "timing", "timing rules"),
        ("memory_model", "timing", "memory model"),
        ("board_file_sha256", "board", "board file"),
        ("engine", "engine", "engine"),
        ("runtime", "runtime", "runtime"),
        ("input", "input", "input"),
    ],
)
def test_each_thing_is_named_as_itself(example_run, key, part, what):
    assert parts(example_run, with_changes(example_run, **{key: "another"})) == [(part, what)]


def test_a_file_is_told_by_its_content(example_run):
    """A copy of a board's file elsewhere is the same board."""
    assert basis_changes(example_run, with_changes(example_run, board_file="mine/copy.toml")) == ()


def test_another_clock_is_of_the_board(example_run):
    faster = dataclasses.replace(example_run, board=dataclasses.replace(example_run.board, clock_hz=32_000_000))
    (change,) = basis_changes(example_run, faster)
    assert (change.part, change.what, change.before, change.after) == ("board", "clock", "64 MHz", "32 MHz")


def test_a_renamed_model_is_the_same_model(example_run):
    named = dataclasses.replace(example_run, model=dataclasses.replace(example_run.model, name="other"))
    assert basis_changes(example_run, named) == ()
    other = dataclasses.replace(example_run, model=dataclasses.replace(example_run.model, sha256="1" * 64))
    assert parts(example_run, other) == [("model", "model")]


def test_own_kernels_by_source_compiler_and_flags(example_run):
    names = "mcusim's own kernels"
    assert parts(example_run, own(example_run, source="1" * 64)) == [("kernels", f"source of {names}")]
    assert parts(example_run, own(example_run, compiler="clang 18")) == [("compiler", f"compiler of {names}")]
    (change,) = basis_changes(example_run, own(example_run, flags="-O2 -mcpu=cortex-m4", sha256="1" * 64))
    assert (change.part, change.before, change.after) == ("compiler flags", "-O3", "-O2")
    assert parts(example_run, own(example_run, sha256="1" * 64)) == [("kernels", f"image of {names}")]


def test_a_library_in_place_of_own_kernels(example_run):
    (change,) = basis_changes(example_run, with_library(example_run, "e" * 64, ("-O3", 4)))
    assert (change.part, change.before, change.after) == ("kernels", "mcusim's own kernels", "k.a eeeeeeeeeeee")


def test_one_unit_of_a_library_with_another_flag(example_run):
    before = with_library(example_run, "e" * 64, ("-O3 -g", 30))
    after = with_library(example_run, "f" * 64, ("-O3 -g", 29), ("-O2 -g", 1))
    kernels, flags = basis_changes(before, after)
    assert (kernels.part, kernels.what) == ("kernels", "library")
    assert flags.what == "compiler flags of 1 of 30 units of k.a"
    assert (flags.part, flags.before, flags.after) == ("compiler flags", "-O3", "-O2")
    back = basis_changes(after, before)[1]
    assert (back.what, back.before, back.after) == (flags.what, "-O2", "-O3")


def test_the_number_of_units_says_nothing(example_run):
    """Another model links other functions of the same library."""
    before = with_library(example_run, "e" * 64, ("-O3 -g", 30), ("-Os -g", 1))
    after = with_library(example_run, "e" * 64, ("-O3 -g", 20))
    assert basis_changes(before, after) == ()
    other = with_library(example_run, "f" * 64, ("-O3 -g", 20), ("-Os -g", 2))
    assert parts(before, other) == [("kernels", "library")]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("-O3 -g", "-O2 -g", ("-O3", "-O2")),
        ("-O3 -g", "-g", ("-O3", "none")),
        ("-g -O3", "-O3 -g", ("-g -O3", "-O3 -g")),  # the last one counts
        ("-O3  -g", "-O3 -g", ("", "")),
        ("-DX='a b'", "-DX='a c'", ("-DX=a b", "-DX=a c")),
        ("-DX='a", "-O2", ("-DX='a", "-O2")),
        ("-O3 -O3", "-O3", ("-O3", "none")),
    ],
)
def test_flags_that_differ(before, after, words):
    assert flag_words(before, after) == words


def said(before, after, same=False):
    return " ".join(attribution(basis_changes(before, after), same))


def test_only_the_model_of_time(example_run):
    words = said(example_run, with_changes(example_run, core_table_sha256="another"))
    assert words == "Only mcusim's model of time changed: changes of cycles are of that, not of your code."


def test_only_the_flags(example_run):
    assert said(example_run, own(example_run, flags="-O2")) == (
        "Only the kernels' compiler flags changed: changes of cycles are of the kernels' code."
    )


def test_a_librarys_flags_leave_its_source_open(example_run):
    before, after = (
        with_library(example_run, digest * 64, (flags, 4)) for digest, flags in (("e", "-O3"), ("f", "-O2"))
    )
    words = said(before, after)
    assert words.startswith("Only the kernels' compiler flags changed")
    assert words.endswith("Whether the source of the kernels changed as well, their file does not tell.")
    silent = with_library(example_run, "f" * 64, ("-O3", 4))
    assert said(before, silent) == "Only the kernels changed: changes of cycles are of the kernels' code."
    assert "with -g they do" in " ".join(attribution(basis_changes(before, silent), False, is_told=False))


def test_several_things_cannot_be_told_apart(example_run):
    both = with_changes(own(example_run, source="1" * 64), core_table_sha256="another")
    words = said(example_run, both)
    assert words.startswith("mcusim's model of time and the kernels changed together: two runs cannot tell which")


def test_figures_that_change_by_themselves_are_told(example_run):
    assert "a bug in mcusim" in said(example_run, with_slower_layer(example_run, 0, 5))
    assert said(example_run, example_run, same=True) == ""


def test_a_newer_mcusim(example_run):
    newer = dataclasses.replace(example_run, mcusim_version="0.2.0")
    assert "what differs is of mcusim, not of your code" in said(example_run, newer)
    assert said(example_run, newer, same=True) == "mcusim itself changed; no figure did."


def test_the_policy_refuses_or_tells(example_run):
    basis = basis_changes(example_run, with_changes(estimated(example_run), core_table_sha256="another"))
    refused, clouded = refusals(basis, ComparePolicy())
    assert [one.part for one in refused] == [one.part for one in clouded] == ["engine", "timing"]
    refused, clouded = refusals(basis, ComparePolicy(changed_timing="tell", changed_engine="judge"))
    assert (refused, [one.part for one in clouded]) == ([], ["timing"])
