"""Sources, objects and archives that go together, and those that do not."""

from pathlib import Path

import numpy as np
import pytest
from called import target
from library_build import COMPILER, compiled, folder, run

from mcusim.errors import BadInputError

M4 = ("-mcpu=cortex-m4", "-mfloat-abi=soft", "-O1")


def test_what_nothing_defines_is_named_where_it_is_needed():
    found = target(
        "cortex-m4", source="int missing(int); int f(void) { return missing(2); } int g(int x) { return x + 1; }"
    )
    assert found.call("g", 3).value == 4
    with pytest.raises(
        BadInputError, match="the C code cannot be linked: it calls missing, which neither it nor the C"
    ):
        found.call("f")


def test_archives_objects_and_sources_join():
    three, two = compiled("int three(void) { return 3; }", M4), compiled("int two(void) { return 2; }", M4)
    archive = folder() / "libthree.a"
    if not archive.exists():
        run(Path(COMPILER).with_name("arm-none-eabi-ar"), "rcs", archive, three)
    found = target("cortex-m4", source=None)
    source = "int two(void); int three(void); int six(void) { return two() * three(); }"
    found.compile(source, two, archive, flags="-mfloat-abi=soft")
    assert [found.call(name).value for name in ("six", "three", "two")] == [6, 3, 2]


def test_the_c_library_is_there():
    headers = "#include <math.h>\n#include <string.h>\n"
    code = headers + "int f(const char *s) { return strlen(s); } float g(float x) { return sinf(x); }"
    found = target("cortex-m4", source=code)
    assert found.call("f", b"four\0").value == 4
    assert abs(found.call("g", 0.5, returns="float32").value - np.sin(0.5)) < 1e-7


def test_refusals():
    with pytest.raises(BadInputError, match="has constructors: they run before main, and calls do not"):
        code = "int x; __attribute__((constructor)) void set(void) { x = 1; } int f(void) { return x; }"
        target("cortex-m4", source=code).call("f")
    hard = compiled("float f(float x) { return x; }", ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"))
    with pytest.raises(BadInputError, match="pass floats in different ways; build all of it with the same -mfloat-abi"):
        target("cortex-m4", source=None).compile("int g(void) { return 1; }", hard, flags="-mfloat-abi=soft")
    with pytest.raises(BadInputError, match="compiled with -flto and holds no machine code"):
        target("cortex-m4", source=None).compile("int g(void) { return 1; }", flags="-flto")
