"""Which extension an instruction needs: the lists of the architecture manuals, GNU as and Unicorn as judges."""

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest
from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, Uc, UcError
from unicorn.arm_const import UC_CPU_ARM_CORTEX_M0, UC_CPU_ARM_CORTEX_M4, UC_CPU_ARM_CORTEX_M7, UC_CPU_ARM_CORTEX_M33
from unicorn.unicorn_const import UC_ERR_INSN_INVALID

from mcusim.decoder import decode
from mcusim.errors import UnsupportedError
from mcusim.extensions import known_timing, lacking_extension
from mcusim.hardware import Core, load_core

M4 = Core("m4", "Cortex-M4", "armv7em", True, False, "fpv4-sp-d16", "cortex-m4", "in_order", {}, {})

M0 = dataclasses.replace(M4, isa="armv6m", dsp=False, fpu=None)
M3 = dataclasses.replace(M4, isa="armv7m", dsp=False, fpu=None)
M7 = dataclasses.replace(M4, fpu="fpv5-d16")
M7_SINGLE = dataclasses.replace(M4, fpu="fpv5-sp-d16")
M23 = dataclasses.replace(M0, isa="armv8m_base")
M33 = dataclasses.replace(M4, isa="armv8m_main", fpu="fpv5-sp-d16")

DSP = """
    pkhbt pkhtb qadd qadd16 qadd8 qasx qdadd qdsub qsax qsub qsub16 qsub8 sadd16 sadd8 sasx sel shadd16 shadd8 shasx
    shsax shsub16 shsub8 smlabb smlabt smlatb smlatt smlad smladx smlalbb smlalbt smlaltb smlaltt smlald smlaldx smlawb
    smlawt smlsd smlsdx smlsld smlsldx smmla smmlar smmls smmlsr smmul smmulr smuad smuadx smulbb smulbt smultb smultt
    smulwb smulwt smusd smusdx ssat16 ssax ssub16 ssub8 sxtab sxtab16 sxtah sxtb16 uadd16 uadd8 uasx uhadd16 uhadd8
    uhasx uhsax uhsub16 uhsub8 umaal uqadd16 uqadd8 uqasx uqsax uqsub16 uqsub8 usad8 usada8 usat16 usax usub16 usub8
    uxtab uxtab16 uxtah uxtb16
"""
PLAIN = "add adds mul mla mls smull smlal umull umlal sdiv udiv ssat usat sxtb sxth uxtb uxth rev ldr ldrd push it bfi"


@pytest.mark.parametrize("mnemonic", DSP.split())
def test_dsp(mnemonic):
    assert lacking_extension(dataclasses.replace(M4, dsp=False), mnemonic) == "the DSP extension"
    assert lacking_extension(M4, mnemonic) is None


@pytest.mark.parametrize("mnemonic", ["vadd.f32", "vldr", "vmov", "vpush"])
def test_floating_point(mnemonic):
    assert lacking_extension(dataclasses.replace(M4, fpu=None), mnemonic) == "a floating-point unit"
    assert lacking_extension(M4, mnemonic) is None


@pytest.mark.parametrize("mnemonic", PLAIN.split())
def test_everything_else_needs_none(mnemonic):
    assert lacking_extension(dataclasses.replace(M4, dsp=False, fpu=None), mnemonic) is None


# --- ARMv6-M and ARMv8-M ------------------------------------------------------------------------------------------

ONLY_ARMV8M = """
    sg bxns blxns tt ttt tta ttat lda ldab ldah ldaex ldaexb ldaexh stl stlb stlh stlex stlexb stlexh vlldm vlstm
"""
ONLY_ARMV7M = "it cbz cbnz movw udiv ldrd ldrex ubfx tbb bfi umull mla clz rbit ssat pld"


@pytest.mark.parametrize("mnemonic", ONLY_ARMV8M.split())
def test_armv8m(mnemonic):
    for core in (M0, M3, M4, M7):
        assert lacking_extension(core, mnemonic) == "the instructions of ARMv8-M"
    assert lacking_extension(M33, mnemonic) is None


@pytest.mark.parametrize("mnemonic", ONLY_ARMV7M.split())
def test_armv7m_instructions_that_armv6m_lacks(mnemonic):
    for size in (2, 4):
        assert lacking_extension(M0, mnemonic, size) == "the instructions of ARMv7-M"
    assert lacking_extension(M3, mnemonic, 4) is None


@pytest.mark.parametrize("mnemonic", ["add", "mov", "ldr", "push", "b", "lsl", "nop", "wfi", "rev"])
def test_wide_forms_that_armv6m_lacks(mnemonic):
    assert lacking_extension(M0, mnemonic, 4) == "the instructions of ARMv7-M"
    assert lacking_extension(M0, mnemonic, 2) is None
    assert lacking_extension(M3, mnemonic, 4) is None


@pytest.mark.parametrize("mnemonic", ["bl", "dmb", "dsb", "isb", "mrs", "msr", "udf"])
def test_wide_instructions_of_armv6m(mnemonic):
    assert lacking_extension(M0, mnemonic, 4) is None


@pytest.mark.parametrize(
    ("mnemonic", "size"), [("sdiv", 4), ("movt", 4), ("cbz", 2), ("b", 4), ("stl", 4), ("ldrex", 4)]
)
def test_armv8m_baseline(mnemonic, size):
    assert lacking_extension(M23, mnemonic, size) is None


@pytest.mark.parametrize(("mnemonic", "size"), [("it", 2), ("add", 4), ("umull", 4), ("tbb", 4), ("vlstm", 4)])
def test_armv8m_mainline(mnemonic, size):
    assert lacking_extension(M23, mnemonic, size) == "the instructions of ARMv8-M Mainline"
    assert lacking_extension(M33, mnemonic, size) is None


# --- floating point -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "mnemonic",
    [
        "vsel.f32",
        "vmaxnm.f32",
        "vminnm.f32",
        "vcvta.s32.f32",
        "vcvtm.u32.f32",
        "vrinta.f32",
        "vrintz.f32",
        "vrintr.f32",
    ],
)
def test_what_fpv4_lacks(mnemonic):
    assert lacking_extension(M4, mnemonic) == "the floating-point instructions of FPv5"
    assert lacking_extension(M33, mnemonic) is None


@pytest.mark.parametrize("mnemonic", ["vadd.f64", "vmov.f64", "vcvt.f32.f64", "vcvtb.f64.f16", "vcmp.f64", "vsel.f64"])
def test_double_precision(mnemonic):
    assert lacking_extension(M7, mnemonic) is None
    assert lacking_extension(M33, mnemonic) == "double-precision floating point"
    assert lacking_extension(M7_SINGLE, mnemonic) == "double-precision floating point"
    assert lacking_extension(M4, mnemonic) is not None


@pytest.mark.parametrize("mnemonic", ["vldr", "vpush", "vmov", "vmov.32", "vcvtr.s32.f32", "vcvtt.f16.f32", "vmrs"])
def test_what_every_unit_has(mnemonic):
    """A single-precision unit still loads, stores and moves double registers."""
    assert lacking_extension(M4, mnemonic) is None
    assert lacking_extension(M33, mnemonic) is None


def test_lazy_context_needs_no_floating_point_unit():
    assert lacking_extension(dataclasses.replace(M33, fpu=None), "vlstm") is None


# --- the table of instructions, judged by others ------------------------------------------------------------------

ROWS = [
    line.split("\t")
    for line in (Path(__file__).parent / "thumb_instructions.tsv").read_text(encoding="utf-8").splitlines()
]
CODE = 0x10000
# Unicorn also reports an invalid instruction for a hint, a jump to 0, a coprocessor or security state that is not
# there, and for the registers that tell what the floating-point unit has. Its Cortex-M0 has CBZ.
NOT_JUDGED = set(f"{ONLY_ARMV8M} udf bkpt svc wfe yield bx blx cbz cbnz".split())
NOT_JUDGED |= {"vmrs"} | {row[2] for row in ROWS if row[2].startswith(("mcr", "mrc", "mrrc", "cdp", "ldc", "stc"))}
JUDGED = [row for row in ROWS if row[2] not in NOT_JUDGED]


def executes(machine, code):
    machine.mem_write(CODE, code + b"\x00\xbf" * 4)
    machine.ctl_remove_cache(CODE, CODE + 16)
    try:
        machine.emu_start(CODE | 1, CODE + len(code), count=1)
    except UcError as error:
        return error.errno != UC_ERR_INSN_INVALID
    return True


@pytest.mark.parametrize(
    ("core", "model"),
    [(M0, UC_CPU_ARM_CORTEX_M0), (M4, UC_CPU_ARM_CORTEX_M4), (M7, UC_CPU_ARM_CORTEX_M7), (M33, UC_CPU_ARM_CORTEX_M33)],
    ids=["m0", "m4", "m7", "m33"],
)
def test_emulated_cores_refuse_what_is_lacking(core, model):
    machine = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    machine.ctl_set_cpu_model(model)
    machine.mem_map(CODE, 0x10000)
    wrong = []
    for code, text, mnemonic, *_ in JUDGED:
        lacks = lacking_extension(core, mnemonic, len(code) // 2)
        if executes(machine, bytes.fromhex(code)) == (lacks is not None):
            wrong.append((text, lacks))
    assert wrong == []


TOLERATED = ("msr apsr_g, r8", "msr apsr_nzcvqg, r8", "mov.w r8, sb", "movs.w r8, sb", "udf.w #3")
ASSEMBLED_FOR = [
    (M0, ".cpu cortex-m0"),
    (M3, ".cpu cortex-m3"),
    (M4, ".cpu cortex-m4\n.fpu fpv4-sp-d16"),
    (M7, ".cpu cortex-m7\n.fpu fpv5-d16"),
    (M23, ".cpu cortex-m23"),
    (M33, ".cpu cortex-m33\n.fpu fpv5-sp-d16"),
]


@pytest.mark.skipif(shutil.which("arm-none-eabi-as") is None, reason="needs arm-none-eabi-as")
@pytest.mark.parametrize(("core", "target"), ASSEMBLED_FOR, ids=[row[1].split()[1] for row in ASSEMBLED_FOR])
def test_the_assembler_refuses_what_is_lacking(core, target, tmp_path):
    """One file of all integer instructions whose operands are no addresses; GNU as names the lines it refuses.

    It is no judge of floating point, of which it takes some double-precision forms for any unit, nor of the few in
    TOLERATED: two that it refuses for their operand, one for which it finds another encoding, one that it does not
    know to be in ARMv6-M.
    """
    addresses = ("b", "bl", "cbz", "cbnz")
    rows = [row for row in ROWS if row[2] not in addresses and not row[2].startswith(("v", "fld", "fst"))]
    rows = [row for row in rows if row[1] not in TOLERATED]
    lines = [".syntax unified", ".thumb", *target.split("\n")]
    first = len(lines) + 1
    (tmp_path / "all.s").write_text("\n".join(lines + [row[1] for row in rows]) + "\n", encoding="utf-8")
    command = ["arm-none-eabi-as", "-o", tmp_path / "all.o", tmp_path / "all.s"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    refused = {int(line.split(":")[1]) - first for line in found.splitlines() if ": Error: " in line}
    wrong = [
        row[1]
        for number, row in enumerate(rows)
        if (number in refused) != (lacking_extension(core, row[2], len(row[0]) // 2) is not None)
    ]
    assert wrong == []


# --- timings ------------------------------------------------------------------------------------------------------


def test_timing_of_a_known_instruction():
    core = load_core("cortex_m4")
    (instruction,) = decode(bytes.fromhex("4018"), 0)
    assert known_timing(core, instruction, "f") is core.timings["add"]


def test_timing_of_a_wide_instruction_that_the_core_lacks():
    (instruction,) = decode(bytes.fromhex("01eb0200"), 0x100)
    expected = r"'add.w r0, r1, r2' at 0x00000100 in f cannot be timed: Cortex-M4 lacks the instructions of ARMv7-M"
    with pytest.raises(UnsupportedError, match=expected):
        known_timing(M0, instruction, "f")


def test_timing_that_a_table_does_not_have():
    (instruction,) = decode(bytes.fromhex("4018"), 0x100)
    with pytest.raises(UnsupportedError, match="the timing table of Cortex-M4 does not have it"):
        known_timing(M4, instruction, "f")
