"""The source that decides cycles: none is forgotten, and its SHA-256 is that of the text alone."""

import ast

from mcusim import timing_rules
from mcusim.documents import text_sha256

# What rules use that decides no cycles by itself: data, errors, and how Numba compiles.
NO_RULES = {"documents", "elf", "errors", "fixedpoint", "hardware", "interpreter", "stack_depth"}


def test_what_pipelines_and_memories_use_is_among_it():
    folders = [path for folder in timing_rules.FOLDERS for path in (timing_rules.PACKAGE / folder).glob("*.py")]
    used = set()
    for path in [*folders, *(timing_rules.PACKAGE / f"{name}.py" for name in timing_rules.MODULES)]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mcusim"):
                parts = [node.module.split(".")[1]] if "." in node.module else [one.name for one in node.names]
                used.update(parts)
    assert used - set(timing_rules.MODULES) - set(timing_rules.FOLDERS) <= NO_RULES


def test_line_ends_do_not_matter():
    assert text_sha256("a\r\nb\n") == text_sha256("a\nb\n") != text_sha256("a\nc\n")


def test_it_is_a_sha256():
    assert len(bytes.fromhex(timing_rules.timing_rules_sha256())) == 32
