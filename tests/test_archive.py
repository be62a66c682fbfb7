"""Static archives, those that ar writes and those that nobody should trust."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcusim.archive import MAX_MEMBERS, Member, is_archive, members
from mcusim.errors import BadInputError


def header(name: bytes, size: int | bytes, end: bytes = b"`\n") -> bytes:
    length = size if isinstance(size, bytes) else str(size).encode()
    return name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) + b"0".ljust(6) + b"644".ljust(8) + length.ljust(10) + end


def archive(*files: bytes) -> bytes:
    return b"!<arch>\n" + b"".join(files)


def file(name: bytes, content: bytes) -> bytes:
    return header(name, len(content)) + content + b"\n" * (len(content) % 2)


def test_members_of_gnu():
    long = b"a_name_of_many_letters.o/\n"
    data = archive(file(b"/", b"symb"), file(b"//", long), file(b"short.o/", b"odd"), file(b"/0", b"even"))
    assert members(data, "x.a") == (Member("short.o", b"odd"), Member("a_name_of_many_letters.o", b"even"))


def test_members_of_bsd():
    data = archive(file(b"__.SYMDEF", b"ab"), file(b"#1/8", b"name.o\0\0content"))
    assert members(data, "x.a") == (Member("name.o", b"content"),)


def test_an_archive_of_nothing():
    assert members(archive(), "x.a") == ()
    assert is_archive(archive()) and is_archive(b"!<thin>\n") and not is_archive(b"\x7fELF")


@pytest.mark.parametrize(
    "data, words",
    [
        (b"!<thin>\n", "thin archive"),
        (archive(b"short"), "no member's header at byte 8"),
        (archive(header(b"a", 0, b"xx")), "no member's header"),
        (archive(header(b"a", b"-5")), "'-5' at byte 8 is no size"),
        (archive(header(b"a", b"")), "is no size"),
        (archive(header(b"a", 9_999_999_999)), "cut short"),
        (archive(file(b"/x", b"")), "'x' at byte 8 is no size"),
        (archive(file(b"#1/", b"")), "is no size"),
        (archive(file(b"a", b"") * (MAX_MEMBERS + 1)), "more than 8192 members"),
    ],
)
def test_archives_that_are_refused(data, words):
    with pytest.raises(BadInputError, match=words):
        members(data, "x.a")


def test_a_name_behind_the_table_is_empty():
    assert members(archive(file(b"/99", b"x")), "x.a") == (Member("", b"x"),)


@given(st.binary(max_size=200))
def test_any_bytes_are_members_or_refused(data):
    try:
        found = members(archive(data), "x.a")
    except BadInputError:
        return
    assert sum(len(one.content) for one in found) <= len(data)
