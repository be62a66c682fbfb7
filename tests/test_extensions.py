"""Which extension an instruction needs, by the lists of the architecture manual (DDI 0403E, A1.4.3 and A6.3)."""

import dataclasses

import pytest

from mcusim.extensions import lacking_extension
from mcusim.hardware import Core

M4 = Core("m4", "Cortex-M4", "armv7em", True, False, "fpv4-sp-d16", "cortex-m4", "in_order", {}, {})

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
