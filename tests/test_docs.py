"""The documentation: every command in it runs and ends as it says, every link leads somewhere."""

import os
import re
import shlex
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from mcusim.command_line import COMPARISON_FORMATS
from mcusim.commands import COMMANDS
from mcusim.renderers import RENDERERS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs/pages").glob("*.md"))
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"#\s*exit status (\d)$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is, and its text."""

    language: str
    title: str
    text: str


def blocks(page):
    found = []
    for info, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        title = re.search(r'title="([\w.]+)"', info)
        found.append(
            Block(" ".join(info.split()[:2] if not title else info.split()[:1]), title[1] if title else "", text)
        )
    return found


def test_blocks_are_of_known_kinds():
    kinds = {block.language for page in PAGES for block in blocks(page)}
    assert kinds <= {"sh", "sh install", "python", "toml", "c", "yaml"}
    installs = [block.text for page in PAGES for block in blocks(page) if block.language == "sh install"]
    assert installs == ["pip install .\n"]
    assert not [
        block for page in PAGES for block in blocks(page) if block.language in ("toml", "c") and not block.title
    ]


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert target.startswith("https://") or (page.parent / target).is_file(), f"{page.name}: {target}"


def test_every_page_is_in_the_navigation():
    config = (ROOT / "docs/mkdocs.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"- ([\w-]+\.md)", config)) == {page.name for page in PAGES}


def test_every_command_and_format_is_documented():
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [name for name in COMMANDS if f"mcusim {name}" not in text + readme]
    assert not [name for name in (*RENDERERS, *COMPARISON_FORMATS) if f"`{name}`" not in text]


@pytest.fixture
def folder(tmp_path):
    """A folder that has the project's models and kernels, and a path that has mcusim and pytest."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("mcusim", "pytest"):
        more = " -p mcusim.pytest_plugin -p no:cacheprovider" if name == "pytest" else ""
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {name}{more} "$@"\n')
        (programs / name).chmod(stat.S_IRWXU)
    work = tmp_path / "work"
    work.mkdir()
    for name in ("models", "kernels"):
        (work / name).symlink_to(ROOT / name)
    return work


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_runs(page, folder):
    path = os.pathsep.join([str(folder.parent / "bin"), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    environment.pop("PYTEST_ADDOPTS", None)

    def run(command, expected=0):
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert ended.returncode == expected, f"{command[-1]}: {ended.returncode}\n{ended.stdout[-2000:]}{ended.stderr}"
        return ended

    for block in blocks(page):
        if block.title:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            run([sys.executable, "-c", block.text])
        elif block.language == "sh":
            for line in block.text.splitlines():
                status = STATUS.search(line)
                run(["bash", "-c", line], int(status[1]) if status else 0)
