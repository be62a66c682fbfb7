"""Relocatable objects: the functions that they define, and those that nobody should trust."""

import library_build
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcusim.elf import parse_firmware
from mcusim.errors import BadInputError
from mcusim.object_files import parse_object

CODE = (
    "int seen(int x) { return x + 1; } static int hidden(void) { return 2; } int (*use(void))(void) { return hidden; }"
)


@pytest.fixture(scope="module")
def content():
    return library_build.compiled(CODE, library_build.SMALL).read_bytes()


def test_functions_that_others_can_call(content):
    found = parse_object(content, "x.o")
    assert found.functions == {"seen", "use"}
    assert (found.attributes.isa, found.attributes.float_abi, found.attributes.dsp) == ("armv7m", "soft", False)
    assert not found.is_intermediate


def test_intermediate_code_is_told_from_machine_code():
    content = library_build.compiled(CODE, (*library_build.SMALL, "-flto")).read_bytes()
    assert parse_object(content, "x.o").is_intermediate


def test_what_is_no_object(content):
    for data, words in ((b"", "not an ELF file"), (b"text", "not an ELF file"), (content[:51], "ends within")):
        with pytest.raises(BadInputError, match=words):
            parse_object(data, "x.o")
    linked = library_build.linked(0x8000).read_bytes()
    with pytest.raises(BadInputError, match=r"is no object file \(e_type 2\)"):
        parse_object(linked, "x.elf")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("kind", ["object", "linked"])
def test_damaged_files_are_read_or_refused(kind, data, content):
    whole = bytearray(content if kind == "object" else library_build.linked(0x8000, "-Wl,--emit-relocs").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(
            st.one_of(
                st.integers(0, 51), st.integers(0, len(whole) - 1), st.integers(len(whole) - 1600, len(whole) - 1)
            )
        )
        whole[at] = data.draw(st.integers(0, 255))
    try:
        if kind == "object":
            parse_object(bytes(whole), "x.o")
        else:
            parse_firmware(bytes(whole), "x.elf", linked_anywhere=True)
    except BadInputError as error:
        assert "x." in str(error) or "function" in str(error)
