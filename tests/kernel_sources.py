"""Whether a core has the DSP extension → the files of kernels/ that are built for it."""

from pathlib import Path

KERNELS = Path(__file__).parents[1] / "kernels"


def sources(*, dsp):
    """As the Makefile chooses: with the extension X_dsp.c takes the place of X.c."""
    files = sorted((KERNELS / "Source").glob("*/*.c"))
    for_dsp = {path for path in files if path.stem.endswith("_dsp")}
    replaced = {path.with_stem(path.stem.removesuffix("_dsp")) for path in for_dsp}
    return [path for path in files if path not in (replaced if dsp else for_dsp)]
