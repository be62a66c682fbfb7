"""Core and instruction → the extension of the instruction set that the core would need and lacks."""

from __future__ import annotations

import re

from mcusim.errors import UnsupportedError
from mcusim.hardware import Core, InstructionTiming
from mcusim.trace import Instruction


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# All of ARMv6-M, and those of its instructions that have 32 bits (DDI 0419E, A5.2 and A5.3).
_ARMV6M = _names(
    "adc add adr and asr b bic bkpt bl blx bx cmn cmp cpsid cpsie dmb dsb eor isb ldm ldr ldrb ldrh ldrsb ldrsh lsl lsr"
    " mov mrs msr mul mvn nop orr pop push rev rev16 revsh ror rsb sbc sev stm str strb strh sub svc sxtb sxth tst udf"
    " uxtb uxth wfe wfi yield"
)
_WIDE_ARMV6M = _names("bl dmb dsb isb mrs msr udf")
# What ARMv8-M adds to ARMv7-M, and what of both Baseline has beyond ARMv6-M (DDI 0553B, B1.2 and C2.4).
_ARMV8M = _names(
    "sg bxns blxns tt ttt tta ttat lda ldab ldah ldaex ldaexb ldaexh stl stlb stlh stlex stlexb stlexh vlldm vlstm"
)
_ARMV8M_BASELINE = (_ARMV8M - _names("vlldm vlstm")) | _names(
    "b cbz cbnz clrex ldrex ldrexb ldrexh movt movw sdiv strex strexb strexh udiv"
)

# The DSP extension of ARMv7E-M (DDI 0403E, A1.4.3).
_DSP = re.compile(
    r"(s|u|q|sh|uh|uq)(add8|add16|sub8|sub16|asx|sax)|qd?(add|sub)|sel|usada?8|pkh(bt|tb)|[su]xta(b|h|b16)|[su]xtb16"
    r"|[su]sat16|sm(ul|la|lal)[bt][bt]|sm(ul|la)w[bt]|sm(ua|us)dx?|sml(a|s|al|sl)dx?|smm(ul|la|ls)r?|umaal"
)

# What FPv5 has and FPv4 has not (DDI 0403E, A6.4.1), in single and double precision.
_FPV5 = re.compile(r"(vsel|vmaxnm|vminnm|vrint[anpmxzr]|vcvt[anpm])\..*")
_FLOAT = re.compile(r"v.*|f(ld|st)m(ia|db)x")
# With the security extension these execute on any core, as NOP where there is no floating-point unit.
_LAZY_FLOAT_CONTEXT = _names("vlldm vlstm")

TRAP = "udf"


def lacking_extension(core: Core, mnemonic: str, size: int = 2) -> str | None:
    """The extension that an instruction needs and the core has not, in words; None if it has all.

    `mnemonic` is the base mnemonic, as decoded; `size` the bytes of the encoding, by which ARMv6-M lacks the wide
    forms of what it has.
    """
    if not core.isa.startswith("armv8") and mnemonic in _ARMV8M:
        return "the instructions of ARMv8-M"
    if _FLOAT.fullmatch(mnemonic) and mnemonic not in _LAZY_FLOAT_CONTEXT:
        return _lacking_float(core.fpu, mnemonic)
    if core.isa == "armv6m" and not _is_armv6m(mnemonic, size):
        return "the instructions of ARMv7-M"
    if core.isa == "armv8m_base" and not (mnemonic in _ARMV8M_BASELINE or _is_armv6m(mnemonic, size)):
        return "the instructions of ARMv8-M Mainline"
    if not core.dsp and _DSP.fullmatch(mnemonic):
        return "the DSP extension"
    return None


def known_timing(core: Core, instruction: Instruction, function: str) -> InstructionTiming:
    """The row of an instruction in the core's table.

    Raises UnsupportedError, naming the instruction, its address and function, for one that the core lacks or has no
    timing for.
    """
    timing = core.timings.get(instruction.mnemonic)
    lacks = lacking_extension(core, instruction.mnemonic, instruction.size)
    if timing is None or lacks:
        place = f"{instruction.text!r} at {instruction.address:#010x} in {function}"
        if instruction.mnemonic == TRAP:
            raise UnsupportedError(
                f"{place} is a trap: a compiler puts one where what the C code does is undefined, such as an access "
                "through a null pointer"
            )
        why = f"{core.name} lacks {lacks}" if lacks else f"the timing table of {core.name} does not have it"
        raise UnsupportedError(f"{place} cannot be timed: {why}")
    return timing


def _is_armv6m(mnemonic: str, size: int) -> bool:
    return mnemonic in (_ARMV6M if size == 2 else _WIDE_ARMV6M)


def _lacking_float(fpu: str | None, mnemonic: str) -> str | None:
    if fpu is None:
        return "a floating-point unit"
    if fpu.startswith("fpv4") and _FPV5.fullmatch(mnemonic):
        return "the floating-point instructions of FPv5"
    if "-sp-" in fpu and ".f64" in mnemonic:
        return "double-precision floating point"
    return None
