"""Documents written as TOML read back the same."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcusim.hardware import board_document, board_names
from mcusim.toml_text import to_toml

texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12)
scalars = st.one_of(
    texts,
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False),
)
values = st.recursive(
    st.one_of(scalars, st.lists(scalars, max_size=3)),
    lambda inner: st.one_of(
        st.dictionaries(texts, inner, max_size=3), st.lists(st.dictionaries(texts, inner, max_size=2), max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, max_size=4))
@settings(max_examples=200, deadline=None)
def test_documents_read_back(document):
    assert tomllib.loads(to_toml(document)) == document


@pytest.mark.parametrize("name", board_names())
def test_boards_read_back(name):
    document = board_document(name)
    text = to_toml(document)
    assert tomllib.loads(text) == document
    assert text.endswith("\n") and not text.startswith("\n")


def test_addresses_are_hexadecimal():
    assert "address = 0x20000000\n" in to_toml({"region": [{"address": 0x2000_0000}]})


def test_what_toml_cannot_say_is_refused():
    with pytest.raises(TypeError, match="NoneType"):
        to_toml({"a": None})
