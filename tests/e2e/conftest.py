"""The demo as its own process, and a browser that looks at it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pictures import Album
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# Longer than the demo's interval between two looks at Plex and the sweep together.
PATIENCE_MS = 20_000


@pytest.fixture
def ways() -> tuple[str, ...]:
    """What the demo is told beside its port; a test module may say something else."""
    return ()


@pytest.fixture
def demo(tmp_path: Path, ways: tuple[str, ...]) -> Iterator[str]:
    """The address of the start page; afterwards, that Ctrl-C has left nothing behind."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--no-open", "--port", str(_free_port()), *ways],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield _start_page(process)
        started = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert [child for child in started if child.is_running()] == []
        assert _processes_with(str(temporary)) == []
        assert list(temporary.iterdir()) == []
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, demo: str) -> Iterator[Page]:
    """The start page on a desk; nothing it loads may come from outside or raise."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 940}, device_scale_factor=2, locale="en-US"
    )
    hosts: set[str] = set()
    troubles: list[str] = []
    context.on("request", lambda request: hosts.add(request.url.partition("//")[2].split(":")[0]))
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(demo)
    yield page
    context.close()
    assert troubles == []
    assert hosts <= {"127.0.0.1", ""}  # "" is what stands in the page itself (data:)


@pytest.fixture
def album(browser: Browser) -> Album:
    """Keeps pictures in the folder `HELPR_E2E_SCREENSHOTS`, or takes none."""
    folder = os.environ.get("HELPR_E2E_SCREENSHOTS")
    return Album(browser, (ROOT / folder) if folder else None)


def _start_page(process: subprocess.Popen[str]) -> str:
    said = ""
    while "Ctrl-C ends it" not in said:
        line = process.stdout.readline()
        assert line, f"the demo ended early:\n{said}"
        said += line
    return re.search(r"Start here +(http://\S+)", said)[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _processes_with(temporary: str) -> list[psutil.Process]:
    """Processes that were started with this folder for temporary files."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR") == temporary:
                found.append(process)
        except psutil.Error:
            continue
    return found
