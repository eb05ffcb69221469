"""Branch coverage of every so many-th test, and its gate.

Measuring doubles the time of a test, and one in a few reaches nearly all that every test reaches
(`make coverage` tells). Which ones is decided by their names, so that two runs measure the same.
The gate is `fail_under` in pyproject.toml: below it the run fails.

Load it with `-p tests.measuring`.
"""

import os
import zlib
from collections.abc import Generator
from io import StringIO

import coverage
import pytest

EVERY = int(os.environ.get("HELPR_TEST_COVERAGE_EVERY", "5"))
_measured = coverage.Coverage(data_suffix=True)
# From here on, so that what runs at import counts.
_measured.start()


def is_chosen(item: pytest.Item) -> bool:
    """Whether this test is measured."""
    return zlib.crc32(item.nodeid.encode()) % EVERY == 0


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the others, or is alone, judges."""
    if not hasattr(config, "workerinput"):
        _measured.erase()
        config.pluginmanager.register(Judge(), "judge-of-coverage")


def pytest_collection_finish() -> None:
    """Everything has been imported."""
    _measured.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure a test with its fixtures."""
    if not is_chosen(item):
        return (yield)
    _measured.start()
    try:
        return (yield)
    finally:
        _measured.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Leave what was measured."""
    _measured.stop()
    _measured.save()


class Judge:
    """Puts together what all processes have left."""

    line = ""

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that reaches too little. The other processes have ended by now."""
        together = coverage.Coverage()
        together.combine()
        reached = together.report(file=StringIO())
        wanted = float(together.get_option("report:fail_under") or 0)  # type: ignore[arg-type]
        self.line = f"branches and lines reached: {reached:.1f} %, gate {wanted:g} %"
        if reached < wanted and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say it above the last line."""
        terminalreporter.section("coverage")
        terminalreporter.line(self.line)
