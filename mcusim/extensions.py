"""Core and instruction → the extension of the instruction set that the core would need and lacks."""

from __future__ import annotations

import re

from mcusim.hardware import Core

# The DSP extension of ARMv7E-M (DDI 0403E, A1.4.3).
_DSP = re.compile(
    r"(s|u|q|sh|uh|uq)(add8|add16|sub8|sub16|asx|sax)|qd?(add|sub)|sel|usada?8|pkh(bt|tb)|[su]xta(b|h|b16)|[su]xtb16"
    r"|[su]sat16|sm(ul|la|lal)[bt][bt]|sm(ul|la)w[bt]|sm(ua|us)dx?|sml(a|s|al|sl)dx?|smm(ul|la|ls)r?|umaal"
)


def lacking_extension(core: Core, mnemonic: str) -> str | None:
    """The extension that an instruction (base mnemonic) needs and the core has not, in words; None if it has all."""
    if mnemonic.startswith("v") and core.fpu is None:
        return "a floating-point unit"
    if not core.dsp and _DSP.fullmatch(mnemonic):
        return "the DSP extension"
    return None
