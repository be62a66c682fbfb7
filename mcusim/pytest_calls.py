"""pytest's hooks for the calls of a session: options, transport from workers to their controller, saving, the end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcusim.call_result import CallResult
    from mcusim.call_session import Calls
    from mcusim.kernel_calls import Hardware
    from mcusim.policy import Policy
    from mcusim.program import Program
    from mcusim.pytest_target import Session

FIXTURE = "mcu"
RECORDED = pytest.StashKey[list[str]]()
POLICY: pytest.StashKey[Policy] = pytest.StashKey()
KNOWN = "mcusim_known_tests"  # what workers tell their controller


def add_options(parser: pytest.Parser) -> None:
    """The options, named as those of pytest-benchmark."""
    group = parser.getgroup("mcusim", "cycles of target functions (mcusim)")
    option = group.addoption
    option("--mcu-save", metavar="NAME", nargs="?", const="calls", help="save the calls in .mcusim/0001_NAME.json")
    option("--mcu-autosave", action="store_true", help="the same as --mcu-save=calls")
    option("--mcu-json", metavar="PATH", help="write the calls to a file")
    option(
        *("--mcu-compare",),
        metavar="NAME|PATH",
        nargs="?",
        const="latest",
        help="compare with saved calls: the latest, or those of a name, a number or a file",
    )
    option(
        *("--mcu-compare-fail",),
        metavar="METRIC:TOLERANCE",
        action="append",
        default=[],
        help="fail where a metric grew by more, like cycles:1%% or stack_bytes:16 (repeatable)",
    )
    option("--mcu-update", action="store_true", help="rewrite the file compared with: what ran anew, the rest kept")
    option("--mcu-table", action="store_true", default=None, dest="mcu_table", help="show all calls at the end")
    option("--mcu-no-table", action="store_false", default=None, dest="mcu_table", help="show no table at the end")
    option("--mcu-disable", action="store_true", help="call functions for their results only: no budgets, no figures")


def is_disabled(config: pytest.Config) -> bool:
    """Whether calls are for their results only."""
    return bool(config.getoption("mcu_disable", False))


def policy_of(config: pytest.Config) -> Policy:
    """The project's policy: mcusim.toml in pytest's root folder; BadInputError for a damaged one."""
    from mcusim.policy import FILE, Policy, load_policy

    if POLICY not in config.stash:
        path = config.rootpath / FILE
        config.stash[POLICY] = load_policy(os.path.relpath(path)) if path.is_file() else Policy()
    return config.stash[POLICY]


def session_of(item: pytest.Item) -> Session | None:
    """What the fixture of a test needs of its session; None where calls are for their results only."""
    from mcusim.call_origins import call_of, origin_of
    from mcusim.pytest_target import Session
    from mcusim.saved_calls import packed

    if is_disabled(item.config):
        return None
    calls = item.stash.setdefault(RECORDED, [])
    # What Hypothesis draws is not the same in every session.
    is_kept = not getattr(getattr(item, "obj", None), "is_hypothesis_test", False)

    def record(result: CallResult, hardware: Hardware, program: Program) -> None:
        if is_kept:
            calls.append(packed(call_of(result, program), origin_of(result, hardware, program)))

    return Session(item.nodeid, policy_of(item.config), record)


class Hooks:
    """What is called in one session; in a worker of pytest-xdist it only passes on, to the controller's."""

    def __init__(self, config: pytest.Config) -> None:
        """Raises pytest.UsageError for options that cannot be, and files that cannot be read."""
        self.config = config
        self.is_worker = hasattr(config, "workerinput")
        self.known: list[str] = []
        self.calls: Calls | None = None
        self.error: str | None = None
        asked = ("mcu_save", "mcu_autosave", "mcu_json", "mcu_compare", "mcu_compare_fail", "mcu_update")
        if not self.is_worker and not is_disabled(config) and any(config.getoption(name) for name in asked):
            self.calls = self._start()

    def _start(self) -> Calls:
        from mcusim.call_session import Calls, options
        from mcusim.call_storage import FOLDER
        from mcusim.errors import McusimError

        given = self.config.getoption
        try:
            policy = policy_of(self.config)
            own = policy.compared_calls
            return Calls.start(
                options(
                    self.config.rootpath / FOLDER,
                    save=given("mcu_save"),
                    autosave=given("mcu_autosave"),
                    json=given("mcu_json"),
                    compared=given("mcu_compare") or (str(own) if own else None),
                    compare_fail=given("mcu_compare_fail") or policy.pytest.compare_fail,
                    table=given("mcu_table"),
                    update=given("mcu_update"),
                )
            )
        except McusimError as error:
            raise pytest.UsageError(str(error)) from None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        """Note the tests that there are, before any is deselected."""
        self.known = [item.nodeid for item in items if FIXTURE in getattr(item, "fixturenames", ())]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """The last report of a test carries its calls."""
        report = yield
        if call.when == "teardown" and RECORDED in item.stash:
            report.mcusim_calls = item.stash[RECORDED]
            del item.stash[RECORDED]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather the calls, wherever they were made."""
        if self.is_worker or is_disabled(self.config):
            return
        if report.failed and self.calls is not None:
            self.calls.failed.add(report.nodeid)
        recorded = getattr(report, "mcusim_calls", None)
        if recorded and self.calls is None and self.error is None:
            try:
                self.calls = self._start()
            except pytest.UsageError as error:
                self.error = str(error)
        if recorded and self.calls is not None:
            self.calls.add(report.nodeid, recorded)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What a worker of pytest-xdist tells at its end."""
        self.known += getattr(node, "workeroutput", {}).get(KNOWN, [])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Save and compare; what grew too much makes the session fail."""
        if self.is_worker:
            self.config.workeroutput[KNOWN] = self.known  # type: ignore[attr-defined]
        elif not self.config.getoption("collectonly", False):
            passes = self.calls is None or self._finish(self.calls)
            if (not passes or self.error) and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _finish(self, calls: Calls) -> bool:
        """Whether nothing grew by more than is tolerated."""
        from mcusim.errors import McusimError

        calls.known.update(self.known)
        try:
            return calls.finish()
        except McusimError as error:
            self.error = str(error)
            return False

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The table and the comparison."""
        config = self.config
        shown = (
            []
            if self.calls is None
            else self.calls.lines(config.get_terminal_writer().fullwidth, config.get_verbosity())
        )
        if not shown and self.error is None:
            return
        terminalreporter.write_sep("-", "mcusim: calls of target functions")
        for line in shown:
            terminalreporter.write_line(line, red=line.startswith("GREW"))
        if self.error is not None:
            terminalreporter.write_line(f"mcusim: {self.error}", red=True)
