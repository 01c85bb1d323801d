"""A browser without a window, driven over a pipe by the DevTools protocol: as much as tests need.

Keys are the browser's own key events and pictures are its own, so that what a test sees is what a
person would.
"""

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PATIENCE_S = 60.0
OPTIONS = (
    *("--headless", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-extensions"),
    *("--remote-debugging-pipe", "--window-size=1400,900"),
)
KEY_CODES = {"Enter": 13, " ": 32, "ArrowLeft": 37, "ArrowRight": 39}


class Page:
    """One tab. `evaluate`, `press` and `picture` wait for the browser's answer."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._ids = itertools.count(1)
        self._read = b""
        self._session: str | None = None
        self.events: list[dict] = []  # what the browser said unasked

    def call(self, method: str, **params) -> dict:
        """The result of a command of the protocol."""
        message = {"id": next(self._ids), "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = self._next(until)
            if answer.get("id") == message["id"]:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _next(self, until: float) -> dict:
        while b"\0" not in self._read:
            assert select.select([self._from], [], [], max(0.0, until - time.monotonic()))[0]
            data = os.read(self._from, 1 << 16)
            assert data, "the browser has ended"
            self._read += data
        line, _, self._read = self._read.partition(b"\0")
        return json.loads(line)

    def open(self, path: Path) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Runtime", "Page", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=path.as_uri())
        self.wait_until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, expression: str):
        """The value of an expression, as JSON has it."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_until(self, expression: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not self.evaluate(expression):
            assert time.monotonic() < until, f"never true: {expression}"
            time.sleep(0.02)

    def press(self, key: str) -> None:
        code = KEY_CODES.get(key, ord(key[0].upper()))
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        for kind, more in (("keyDown", text), ("keyUp", {})):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                **more,
            )

    def text(self, selector: str) -> str:
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def picture(self) -> bytes:
        """PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


@contextlib.contextmanager
def open_page(path: Path, profile: Path) -> Iterator[Page]:
    """A file in a browser with a profile folder of its own, which is ended at the end."""
    browser_reads, to_browser = os.pipe()
    from_browser, browser_writes = os.pipe()
    # The browser reads from handle 3 and writes to handle 4.
    command = 'exec {r}<&"$1" {w}>&"$2"; shift 2; exec "$@" 3<&"$r" 4>&"$w"'
    arguments = [CHROMIUM, *OPTIONS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        ["bash", "-c", command, "bash", str(browser_reads), str(browser_writes), *arguments],
        pass_fds=(browser_reads, browser_writes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(browser_reads)
    os.close(browser_writes)
    try:
        page = Page(to_browser, from_browser)
        page.open(path)
        yield page
    finally:
        os.close(to_browser)
        os.close(from_browser)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
