"""Compilers found and run: what is kept, what is compiled again, what they say."""

import importlib.util
import shutil

import numpy as np
import pytest
from called import kept, machines

from mcusim import cross_compiler
from mcusim.cross_compiler import compile_source, find_compiler, target_flags
from mcusim.errors import BadInputError, UnsupportedError
from mcusim.hardware import load_core
from mcusim.target import Target

M4 = load_core("cortex_m4")


@pytest.fixture
def gcc():
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    return find_compiler("gcc")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "f.c").write_text('#include "f.h"\nint f(void) { return VALUE; }\n', encoding="utf-8")
    (tmp_path / "f.h").write_text("#define VALUE 1\n", encoding="utf-8")
    return tmp_path


def test_an_object_is_made_anew_where_something_of_it_changes(gcc, folder):
    def compiled(*flags):
        return compile_source(folder / "f.c", gcc, M4, flags, folder, folder / "kept")

    first = compiled("-O2")
    made = first.stat().st_mtime_ns
    assert compiled("-O2") == first and first.stat().st_mtime_ns == made
    assert compiled("-O1") != first
    before = first.read_bytes()
    (folder / "f.h").write_text("#define VALUE 2\n", encoding="utf-8")
    assert compiled("-O2").read_bytes() != before
    (folder / "f.h").unlink()
    with pytest.raises(
        BadInputError, match=r"f.c does not compile \(arm-none-eabi-gcc -O2\):\n(.*\n)*.*f.h: No such file"
    ):
        compiled("-O2")
    with pytest.raises(BadInputError, match=r"cannot read .*: embedded null byte"):
        compile_source(folder / "f\0.c", gcc, M4, (), folder, folder / "kept")


def test_an_object_is_the_same_wherever_it_is_compiled(gcc, folder):
    other = folder / "other"
    other.mkdir()
    for name in ("f.c", "f.h"):
        shutil.copy(folder / name, other)
    objects = [compile_source(one / "f.c", gcc, M4, ("-O2",), one, one / "kept") for one in (folder, other)]
    assert objects[0].read_bytes() == objects[1].read_bytes() and objects[0].name == objects[1].name


def test_flags_choose_the_core_and_how_floats_travel(gcc):
    assert target_flags(gcc, M4, ()) == ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
    assert target_flags(gcc, M4, ("-mfloat-abi=soft",))[-1] == "-mfloat-abi=soft"
    assert target_flags(gcc, load_core("cortex_m0plus"), ())[-1] == "-mfloat-abi=soft"


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(cross_compiler.shutil, "which", lambda name: None)
    monkeypatch.setattr(cross_compiler.importlib.util, "find_spec", lambda name: None)
    find = cross_compiler.find_compiler.__wrapped__
    with pytest.raises(UnsupportedError, match="a compiler for Arm is not there: install the Arm GNU toolchain"):
        find(None)
    with pytest.raises(UnsupportedError, match="arm-none-eabi-gcc is not there"):
        find("gcc")
    with pytest.raises(BadInputError, match='compiler=\'icc\' is not known; there are "gcc" and "clang"'):
        find("icc")


@pytest.mark.slow
def test_clang_alone_compiles_and_links(monkeypatch):
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("the package ziglang, which brings Clang, is not installed")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = Target("cortex-m3", machines=machines(), kept=kept())
    found.compile(
        "int n; long long divide(long long a, long long b) { n++; return a / b; }"
        "void copy(char *to, char *from, int size) { __builtin_memcpy(to, from, size); }",
        compiler="clang",
    )
    assert found.call("divide", np.int64(1 << 40), np.int64(77), returns="int64").value == (1 << 40) // 77
    to, given = np.zeros(100, np.int8), np.arange(100, dtype=np.int8)
    found.call("copy", to, given, 100, returns=None)
    assert (to == given).all()
