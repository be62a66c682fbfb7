"""A user's kernels in place of mcusim's own: executed, compared, scratch as they size it, refused with reasons."""

import dataclasses
import struct
from pathlib import Path

import library_build
import pytest

import mcusim
from mcusim import linker
from mcusim.cli import main
from mcusim.errors import BadInputError, EmulationError, UnsupportedError
from mcusim.hardware import Core
from mcusim.record import from_json, to_json
from mcusim.replaced_kernels import with_kernels

MODELS = Path(__file__).parents[1] / "models"
DSP = ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard", "-O2")

# A wrapper around a kernel that changes a bit of its result.
WRONG = """
#include "arm_nnfunctions.h"
void right(const int8_t *, const int32_t, const int32_t, const int32_t, const int32_t, const int32_t, int8_t *);
void arm_softmax_s8(const int8_t *input, const int32_t num_rows, const int32_t row_size, const int32_t mult,
                    const int32_t shift, const int32_t diff_min, int8_t *output)
{
    right(input, num_rows, row_size, mult, shift, diff_min, output);
    output[3] ^= 1;
}
"""
STATEFUL = WRONG.replace("output[3] ^= 1;", "static int calls; output[0] ^= (int8_t)calls++;")
CALLS_ELSEWHERE = WRONG.replace("output[3] ^= 1;", "extern void power_up(void), go_on(void); power_up(); go_on();")
SIZE = """
#include "arm_nnfunctions.h"
int32_t right(const cmsis_nn_conv_params *, const cmsis_nn_dims *, const cmsis_nn_dims *, const cmsis_nn_dims *);
int32_t arm_convolve_wrapper_s8_get_buffer_size(const cmsis_nn_conv_params *params, const cmsis_nn_dims *input,
                                                const cmsis_nn_dims *filter, const cmsis_nn_dims *output)
{
    RESULT
}
"""
SIZES = "arm_convolve_get_buffer_sizes_s8"


@pytest.fixture(scope="module")
def digits():
    return mcusim.plan(mcusim.load(MODELS / "digits_cnn.tflite"), mcusim.load_board("nano33ble"))


@pytest.fixture(scope="module")
def replaced(digits):
    return with_kernels(digits, library_build.archive())


@pytest.fixture(scope="module")
def run(replaced):
    return mcusim.run(replaced, command="x")


def wrong(code, source="arm_softmax_s8"):
    return library_build.archive(code=code, renamed=source)


def sized(result):
    """An archive whose arm_convolve_wrapper_s8_get_buffer_size does something else."""
    text = SIZE.replace("RESULT", result)
    original = next(one for one in library_build.sources() if one.stem == SIZES)
    flags = library_build.SMALL
    renamed = library_build.compiled(original, flags, "-Darm_convolve_wrapper_s8_get_buffer_size=right")
    target = library_build.folder() / f"libsized{abs(hash(result))}.a"
    given = [path for name, path in library_build.objects().items() if name != SIZES]
    ar = Path(library_build.COMPILER).with_name("arm-none-eabi-ar")
    library_build.run(ar, "rcs", target, *given, renamed, library_build.compiled(text, flags))
    return target


# What is executed.


def test_every_layer_is_the_librarys_and_bit_exact(digits, run):
    own = mcusim.run(digits)
    assert all(layer.bit_exact for layer in run.layers)
    assert [out.tobytes() for out in run.outputs] == [out.tobytes() for out in own.outputs]
    assert run.totals.instructions > 1.5 * own.totals.instructions, "without DSP, for size"
    assert run.layers[0].functions != own.layers[0].functions


def test_provenance_names_the_library(run):
    library = run.provenance.library
    assert library.kind == "archive" and library.file.endswith(".a") and len(library.sha256) == 64
    assert (library.isa, library.float_abi) == ("armv7m", "soft")
    assert library.compiler.startswith("GNU C11") and " -Os" in library.flags
    assert from_json(to_json(run)) == dataclasses.replace(run, outputs=())


def test_the_linter_speaks_in_the_notes(run):
    text = " ".join(run.notes)
    for words in ("without the DSP extension", "computes floats in software", "optimized for size"):
        assert words in text
    assert "-fno-builtin" not in text, "the C library's own units do not count"


def test_own_functions_stay_where_cmsis_nn_has_none():
    model = mcusim.load(MODELS / "kws_ds_cnn.tflite")
    found = with_kernels(mcusim.plan(model, mcusim.load_board("nano33ble")), library_build.archive())
    start = found.firmware.parts[1].start
    assert found.firmware.symbols["arm_softmax_s8"].address < start
    assert found.firmware.symbols["mcusim_relu_s8"].address >= start
    assert found.firmware.float_abi_of("mcusim_relu_s8") == "hard"
    assert found.firmware.float_abi_of("arm_softmax_s8") == "soft"
    code = {owner.name: owner.bytes for owner in found.flash_owners() if owner.kind == "code"}
    assert code["arm_softmax_s8"] == found.firmware.symbols["arm_softmax_s8"].bytes


def test_scratch_is_what_the_library_asks_for():
    model = mcusim.load(MODELS / "kws_ds_cnn.tflite")
    plan = mcusim.plan(model, mcusim.load_board("nano33ble"))
    found = with_kernels(plan, library_build.archive())
    pool = next(op.index for op in model.ops if op.name == "AVERAGE_POOL_2D")
    assert plan.arena.memory[pool].scratch_bytes == (256,), "with DSP sums of int32"
    assert found.arena.memory[pool].scratch_bytes == (), "without DSP none"
    assert any(f"layer {pool} (AVERAGE_POOL_2D)" in note and "0 bytes" in note for note in found.notes)
    assert found.arena.memory[0].scratch_bytes == plan.arena.memory[0].scratch_bytes


def test_more_scratch_makes_the_arena_larger(digits):
    more = sized("return right(params, input, filter, output) + 64 * 1024;")
    found = with_kernels(digits, more)
    assert found.arena.memory[0].scratch_bytes[0] == digits.arena.memory[0].scratch_bytes[0] + 65_536
    assert found.arena.smallest_bytes > digits.arena.smallest_bytes + 60_000
    assert all(layer.bit_exact for layer in mcusim.run(found).layers)


@pytest.mark.parametrize(
    "flags, board", [(DSP, "nano33ble"), (("-mcpu=cortex-m0plus", "-O2"), "nucleo_g0b1re"), (DSP, "nucleo_h7a3zi_q")]
)
def test_libraries_of_other_cores(flags, board):
    model = mcusim.load(MODELS / "digits_cnn.tflite")
    found = with_kernels(mcusim.plan(model, mcusim.load_board(board)), library_build.archive(flags))
    assert all(layer.bit_exact for layer in mcusim.run(found, link_orders=False).layers)


# Linked files.


def test_an_elf_file_with_relocations_is_moved(digits):
    found = with_kernels(digits, library_build.linked(0x8000, "-Wl,--emit-relocs"))
    assert found.firmware.fixed_address is None and found.library.kind == "elf"
    assert all(layer.bit_exact for layer in mcusim.run(found, link_orders=False).layers)
    line = found.firmware.source_line(found.firmware.symbols["arm_softmax_s8"].address)
    assert line.startswith("arm_softmax_s8.c:")


def test_an_elf_file_without_relocations_runs_where_it_is_linked(digits):
    start = digits.banks.flash.start
    found = with_kernels(digits, library_build.linked((start + 0xFFF) & ~0xFFF))
    assert found.code_address == found.firmware.fixed_address
    assert found.model_address >= found.code_address + len(found.firmware.linked_image)
    assert all(layer.bit_exact for layer in mcusim.run(found, link_orders=False).layers)
    assert found.fits


def test_an_elf_file_that_cannot_lie_on_the_board_is_refused(digits):
    with pytest.raises(
        UnsupportedError, match=r"linked at 0x08000000 and keeps no relocations; on nano33ble code can lie"
    ):
        with_kernels(digits, library_build.linked(0x08000000))


def test_one_object_file(digits):
    given = [str(path) for path in library_build.objects().values()]
    target = library_build.folder() / "all.o"
    library_build.run(library_build.COMPILER, *library_build.SMALL, "-mthumb", "-r", "-nostdlib", *given, "-o", target)
    found = with_kernels(digits, target)
    assert found.library.kind == "object"
    assert mcusim.run(found, link_orders=False).layers[0].bit_exact


# What is refused.


def test_a_wrong_kernel_is_named(capsys):
    assert (
        main(["profile", str(MODELS / "digits_cnn.tflite"), "-b", "nano33ble", "-q", "--kernels", str(wrong(WRONG))])
        == 1
    )
    assert "1 of 7 layers are not bit-exact, layer 6 first" in capsys.readouterr().err


def test_state_is_refused(digits):
    with pytest.raises(BadInputError, match=r"has variables in \.data \(4 bytes\); kernels keep no state"):
        with_kernels(digits, wrong(STATEFUL))


def test_all_missing_functions_are_listed(digits):
    lacking = library_build.archive(without=("arm_softmax_s8", "arm_max_pool_s8"))
    with pytest.raises(BadInputError, match=r"lacks 2 of the .* functions .*: arm_max_pool_s8, arm_softmax_s8"):
        with_kernels(digits, lacking)


def test_all_functions_that_the_library_itself_lacks_are_listed(digits):
    with pytest.raises(BadInputError, match="it calls power_up, go_on, which neither it nor the C library defines"):
        with_kernels(digits, wrong(CALLS_ELSEWHERE))


@pytest.mark.parametrize(
    "flags, board, words",
    [
        (
            ("-mcpu=cortex-m33+nofp", "-mfloat-abi=soft", "-O1"),
            "nano33ble",
            "is built for armv8m_main; Cortex-M4",
        ),
        (DSP, "nucleo_g0b1re", "is built for armv7em; Cortex-M0"),
        (("-mcpu=cortex-a9", "-mfloat-abi=soft", "-O1"), "nano33ble", "not built for a Cortex-M"),
    ],
)
def test_another_instruction_set_is_refused(flags, board, words):
    model = mcusim.load(MODELS / "digits_cnn.tflite")
    with pytest.raises((UnsupportedError, BadInputError), match=words):
        with_kernels(mcusim.plan(model, mcusim.load_board(board)), library_build.archive(flags))


def test_floats_in_registers_that_are_not_there(digits):
    core: Core = dataclasses.replace(digits.core, fpu=None)
    with pytest.raises(UnsupportedError, match="passes floats in registers of a floating-point unit"):
        with_kernels(dataclasses.replace(digits, core=core), library_build.archive(DSP))


@pytest.mark.parametrize(
    "result, words",
    [
        ("for (;;) { }", "does not return within 100,000 instructions"),
        ("return -4;", "returns -4 bytes, which is no size"),
        ("return 0x7fffffff;", "returns 2,147,483,647 bytes"),
        ("*(volatile int *)0xE0001000 = 1; return 0;", "neither RAM nor flash"),
    ],
)
def test_sizes_that_cannot_be(digits, result, words):
    with pytest.raises(EmulationError, match=rf"layer 0 \(CONV_2D\): .*{words}"):
        with_kernels(digits, sized(result))


@pytest.mark.parametrize("kept", [0, 4, 7, 8, 40, 68, 200, 0.3, 0.7, 0.99])
@pytest.mark.parametrize("kind", ["archive", "elf"])
def test_files_that_are_cut_short(digits, tmp_path, kind, kept):
    whole = (library_build.archive() if kind == "archive" else library_build.linked(0x8000)).read_bytes()
    path = tmp_path / "cut.a"
    path.write_bytes(whole[: kept if isinstance(kept, int) else int(kept * len(whole))])
    with pytest.raises(BadInputError):
        with_kernels(digits, path)


def test_headers_that_lie(digits, tmp_path):
    whole = bytearray(library_build.archive().read_bytes())
    first = 8
    size = int(whole[first + 48 : first + 58])
    second = first + 60 + size + size % 2
    for at, value in ((first + 48, b"9999999999"), (first + 48, b"-1        "), (second + 58, b"??")):
        path = tmp_path / "hostile.a"
        path.write_bytes(whole[:at] + value + whole[at + len(value) :])
        with pytest.raises(BadInputError, match=r"hostile\.a"):
            with_kernels(digits, path)


def test_an_index_that_lies_ends_in_a_sentence(digits, tmp_path):
    """The archive's symbol table is the linker's matter: offsets into nowhere."""
    whole = bytearray(library_build.archive().read_bytes())
    (count,) = struct.unpack_from(">I", whole, 68)
    for number in range(count):
        struct.pack_into(">I", whole, 72 + 4 * number, 0x7FFFFFF0)
    path = tmp_path / "hostile.a"
    path.write_bytes(whole)
    with pytest.raises(BadInputError, match=r"hostile\.a cannot be linked: "):
        with_kernels(digits, path)


def test_what_is_no_library(digits, tmp_path):
    path = tmp_path / "x.a"
    path.write_text("INPUT(-lc)")
    with pytest.raises(BadInputError, match="neither an ELF file nor a static archive"):
        with_kernels(digits, path)
    with pytest.raises(BadInputError, match="cannot read"):
        with_kernels(digits, tmp_path / "missing.a")


def test_without_the_toolchain_it_says_what_to_do(digits, monkeypatch):
    library = library_build.archive()
    monkeypatch.setattr(linker.shutil, "which", lambda name: None)
    with pytest.raises(UnsupportedError, match=r"arm-none-eabi-gcc is not on the PATH .*,--emit-relocs"):
        with_kernels(digits, library)


def test_no_temporary_file_stays(digits, tmp_path, monkeypatch):
    library, undefined = library_build.archive(), wrong(CALLS_ELSEWHERE)
    monkeypatch.setattr(linker.tempfile, "tempdir", str(tmp_path))
    with_kernels(digits, library)
    with pytest.raises(BadInputError):
        with_kernels(digits, undefined)
    assert list(tmp_path.iterdir()) == []


def test_a_core_that_is_not_simulated():
    model = mcusim.load(MODELS / "digits_cnn.tflite")
    plan = mcusim.plan(model, mcusim.load_board("nano33ble"))
    core = dataclasses.replace(plan.core, not_simulated="no timings")
    with pytest.raises(UnsupportedError, match="so that no kernels can be tried: no timings"):
        with_kernels(dataclasses.replace(plan, core=core), "lib.a")


def test_an_instruction_that_the_core_lacks_is_refused_where_it_executes(digits):
    core = dataclasses.replace(digits.core, dsp=False)
    found = with_kernels(dataclasses.replace(digits, core=core), library_build.archive(DSP))
    with pytest.raises(
        UnsupportedError, match=r"in \w+ at 0x\w+.* needs the DSP extension, which Cortex-M4 does not have"
    ):
        mcusim.run(found)


def test_intermediate_code_is_refused(digits):
    with pytest.raises(BadInputError, match="is compiled with -flto and holds no machine code"):
        with_kernels(digits, library_build.compiled(WRONG, (*library_build.SMALL, "-flto")))


# The command line.


def test_validate_and_profile_say_both_figures(capsys):
    given = ["--board", "nano33ble", "--kernels", str(library_build.archive())]
    for verb in ("validate", "profile"):
        assert main([verb, str(MODELS / "digits_cnn.tflite"), *given]) == 0
        text = capsys.readouterr().out
        assert "kernels of lib" in text and "mcusim's own: " in text
    assert " own " in text
