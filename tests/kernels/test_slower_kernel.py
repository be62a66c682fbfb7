"""A kernel with one instruction more in its inner loop fails a session that compares, by name of call and loop."""

import re
import shutil

import pytest
from kernel_sources import KERNELS

pytest_plugins = ["pytester"]

FOLDERS = ("FullyConnectedFunctions", "NNSupportFunctions")
NAMES = (
    "arm_fully_connected_s8.c",
    "arm_fully_connected_wrapper_s8.c",
    "mcusim_nn_vec_mat_mult_t_s8_dsp.c",
    "memcpy.c",
)
CHANGED = NAMES[2]
INNER = "const uint32_t lhs_word = arm_nn_read_s8x4(lhs_0);"
FLAGS = "-std=c11 -O3 -g1 -ffreestanding -fno-tree-loop-distribute-patterns -fno-schedule-insns"
TEST = """
    import json
    import pytest
    from drawn_calls import calls_of, drawn
    from emulated import core_of

    @pytest.mark.mcu(core="cortex-m4", source={sources}, cflags="{flags}", compiler="gcc")
    def test_layer(mcu):
        (call,) = calls_of(drawn("FULLY_CONNECTED", 45), core_of("armv7em"))
        assert mcu.call(call.symbol, *call.arguments).value == 0
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")
def test_the_loop_that_grew_is_named(pytester):
    files = {path.name: path for folder in FOLDERS for path in (KERNELS / "Source" / folder).glob("*.c")}
    for name in NAMES:
        shutil.copy(files[name], pytester.path)
    pytester.makepyfile(test_layer=TEST.format(sources=list(NAMES), flags=f"{FLAGS} -I{KERNELS / 'Include'}"))
    path = f"pythonpath={KERNELS.parent / 'tests'}"
    plugin = ("-p", "mcusim.pytest_plugin", "-o", path)
    assert pytester.runpytest_subprocess(*plugin, "--mcu-save=before").ret == 0

    source = (pytester.path / CHANGED).read_text(encoding="utf-8")
    assert source.count(INNER) == 1
    changed = source.replace(INNER, f'{INNER} __asm volatile("nop");')
    (pytester.path / CHANGED).write_text(changed, encoding="utf-8")
    result = pytester.runpytest_subprocess(*plugin, "--mcu-compare=before", "--mcu-compare-fail=cycles:1%")
    assert result.ret == 1
    told = re.sub(r"\n  +", " ", result.stdout.str())
    assert "not as before: code" in told
    line = next(line for line in told.splitlines() if line.startswith("GREW test_layer.py::test_layer: "))
    loop = re.search(r"the loop at mcusim_nn_vec_mat_mult_t_s8\+0x[0-9a-f]+ \((.*):(\d+)\) grew: .* \((.*)\)", line)
    assert loop is not None and re.search(r"; \w+ \+[\d,]+ cycles; the loop", line)
    assert loop[1] == CHANGED and source.splitlines()[int(loop[2]) - 1].lstrip().startswith("for (; k >= 4;")
    grown, before, after = re.fullmatch(r"\+([\d,]+), (\d+) → (\d+) bytes", loop[3]).groups()
    assert int(after) - int(before) == 2 and int(grown.replace(",", "")) > 0
