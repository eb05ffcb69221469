"""Branch coverage of every so many-th test, and its gate.

Measuring doubles the time of a test. Which ones are measured is decided by their names, so that two
runs measure the same. Below the gate the run fails. What all tests together reach, and the gate
for that (`fail_under` in pyproject.toml), is `make coverage`.

Load it with `-p tests.measuring`.
"""

import os
import zlib
from collections.abc import Generator
from io import StringIO

import coverage
import pytest

EVERY = int(os.environ.get("HELPR_TEST_COVERAGE_EVERY", "5"))
# Per cent of lines and branches; a fifth of the tests has reached 83.
GATE = 80.0
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
        self.line = f"one test in {EVERY} reaches {reached:.1f} % of lines and branches ({GATE:g})"
        if reached < GATE and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say it above the last line."""
        terminalreporter.section("coverage")
        terminalreporter.line(self.line)
