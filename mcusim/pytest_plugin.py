"""pytest's marker and fixture `mcu` → functions for Cortex-M called from tests, and held to their budgets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mcusim import pytest_calls

# What simulates takes half a second to import: not for tests that do not use it.
if TYPE_CHECKING:
    from mcusim.kernel_calls import Machines
    from mcusim.pytest_target import Mcu

MARKER = (
    "mcu(core, board, elf, source, cflags, compiler, max_cycles, max_instructions, max_stack_bytes, max_arena_bytes, "
    "max_flash_bytes): what the fixture `mcu` runs on (a core's name or a board's), the functions it has (those of a "
    "file, or compiled from sources), and what each call may take"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options for the calls of a session."""
    pytest_calls.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and watch over the calls of the session."""
    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(pytest_calls.Hooks(config), "mcusim.calls")


@pytest.fixture(scope="session")
def _mcu_machines() -> Iterator[Machines]:
    """Emulated boards for all tests of the session: nothing of a call stays for the next."""
    from mcusim.kernel_calls import Machines

    yield Machines()


@pytest.fixture
def mcu(request: pytest.FixtureRequest, _mcu_machines: Machines) -> Mcu:
    """A Cortex-M as the test's marker `mcu` says: `mcu.call("my_dot_s8", a, b, n).cycles <= 900`."""
    from mcusim.errors import McusimError
    from mcusim.pytest_target import Mcu, check_options

    options: dict[str, object] = {}
    for marker in request.node.iter_markers("mcu"):  # the closest first
        options = {**marker.kwargs, **options}
        if marker.args:
            pytest.fail('the marker mcu takes names with values: mcu(core="cortex-m4")', pytrace=False)
    try:
        check_options(options)
        folders = request.path.parent, request.config.rootpath
        session = pytest_calls.session_of(request.node)
        return Mcu(options, folders, _mcu_machines, _kept(request.config), session)
    except McusimError as error:
        refusal = str(error)
    pytest.fail(refusal, pytrace=False)


def _kept(config: pytest.Config) -> Path:
    """The folder that keeps compiled objects: in pytest's cache, unless that is off."""
    if config.pluginmanager.hasplugin("cacheprovider") and config.cache is not None:
        return config.cache.mkdir("mcusim")
    return config.rootpath / ".mcusim" / "compiled"
