"""Texts as Markdown, read back by a parser of Markdown: none of them acts as markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mcusim import tables
from mcusim.markdown_text import WORD_JOINER, code, escaped, folded, table

HOSTILE = (
    "a|b",
    r"a\|b",
    r"ends in \\",
    "<img src=x onerror=alert(1)>",
    "`code` ``more``",
    "**bold** __also__ ~~gone~~ $x$",
    "[link](https://evil.example) https://evil.example www.evil.example",
    "![image](x.png)",
    "@octocat fixes #1 and GH-2",
    "&lt;&#64;",
    "# heading",
    "1. list",
    "- list",
    "+ list",
    "=====",
    "two\nlines\r\nand\u2028more",
    "arm_convolve_s8 _x_ a_b_",
    "\x1b[31mred\u202e",
)
TEXTS = st.text(alphabet=st.sampled_from("ab1 _*`|\\<>[]()!#@&~$-+.:/=\n\"'é\u202e"), max_size=24)


def parser():
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def shown(tokens):
    """What a reader sees of inline tokens, all of which have to be text or code."""
    assert {token.type for token in tokens} <= {"text", "code_inline"}, tokens
    return "".join(token.content for token in tokens)


def line(text):
    return tables.safe(" ".join(text.split()))


def check(text):
    """In a list, in running text and in a table a text is itself, but for joiners that nobody sees."""
    for source in (escaped(text), f"- {escaped(text)}\n"):
        tokens = [token for token in parser().parse(source) if token.type == "inline"]
        assert not line(text) or shown(tokens[0].children).replace(WORD_JOINER, "") == line(text)
    name = code(text)
    if name:
        [paragraph] = [token for token in parser().parse(f"x {name}") if token.type == "inline"]
        assert [(one.type, one.content) for one in paragraph.children[1:]] == [("code_inline", line(text))]
    cells = [token for token in parser().parse(table(["a", ">b"], [[escaped(text), "last"]])) if token.type == "inline"]
    assert [shown(one.children).replace(WORD_JOINER, "") for one in cells] == ["a", "b", line(text), "last"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_texts(text):
    check(text)


@given(TEXTS)
def test_any_text_is_text(text):
    check(text)


@given(TEXTS)
def test_code_in_a_table_stays_in_its_cell(text):
    """A backslash before a pipe is the table's, also where the name has one itself."""
    rows = [token for token in parser().parse(table(["a", "b"], [[code(text), "last"]])) if token.type == "inline"]
    assert [row.content for row in rows][-1] == "last" and len(rows) == 4
    if "\\|" not in line(text):
        assert shown(rows[2].children) == line(text)


def test_what_github_would_link_is_broken():
    """GitHub links users, numbers and addresses in the text that it has made already: a backslash does not help."""
    text = escaped("@octocat #12 GH-3 https://a.example www.a.example me@a.example :tada:")
    for linked in ("@o", "#1", "GH-", "s://", "www.", "@a", ":tada:"):
        assert linked not in text
    assert escaped("a # b, x @ y, C:") == "a # b, x @ y, C:"


def test_names_stay_readable():
    assert escaped("mcusim_nn_vec_mat_mult_t_s8: 3 × 4") == "mcusim_nn_vec_mat_mult_t_s8: 3 × 4"


def test_numbers_stand_to_the_right_and_details_fold():
    assert table(["a", ">b"], []) == "| a | b |\n| :-- | --: |\n"
    kinds = [token.type for token in parser().parse(folded("sum", table(["a"], [["1"]])))]
    assert kinds[0] == kinds[-1] == "html_block" and "table_open" in kinds
