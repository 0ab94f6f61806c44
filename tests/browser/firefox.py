"""A Firefox from the system, driven over its own protocol, Marionette: JSON over a socket.

Playwright drives a patched Firefox that it downloads; geckodriver is not packaged everywhere. The
tests need six commands.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

NAMES = ("firefox-esr", "firefox")
PATIENCE = 120  # seconds, for the start and for every answer
REMEDY = "install one with `apt-get install firefox-esr`, or set FIREFOX to its path"
LEFT_OUT = f"no Firefox found ({REMEDY})"
FLAGS = ("--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile")
# Browser and profile end when the test's end of the pipe closes, also after a signal that cannot be
# caught.
GUARD = """"$@" >"$PROFILE/log" 2>&1 </dev/null & browser=$!
read -r line
kill -9 $browser; wait $browser 2>/dev/null
rm -rf "$PROFILE"
kill -9 0"""
# What the pages' own scripts did not catch, and scripts that cannot be loaded or parsed.
ERRORS = """return Services.console.getMessageArray()
    .filter(one => one instanceof Ci.nsIScriptError && one.flags === Ci.nsIScriptError.errorFlag)
    .filter(one => /^(file|http):/.test(one.sourceName))
    .map(one => `${one.errorMessage} (${one.sourceName}:${one.lineNumber})`);"""
# JSON has no NaN and no infinities.
PLAIN = """const infinite = one => typeof one === "number" && !Number.isFinite(one);
    const plain = (key, one) => infinite(one) ? { float: String(one) } : one;
    return Promise.resolve((%s)(...arguments))
        .then(value => JSON.stringify(value ?? null, plain));"""


@cache
def find() -> str | None:
    """The path of a Firefox: $FIREFOX or the system's; None if there is none.

    A snap is left out: it sees no profile in a temporary folder.
    """
    for name in (os.environ["FIREFOX"],) if os.environ.get("FIREFOX") else NAMES:
        path = shutil.which(name)
        if (
            path
            and Path(path).resolve().name != "snap"
            and b"/snap/bin" not in Path(path).read_bytes()[:4096]
        ):
            return path
    return None


def demanded() -> bool:
    """Whether a missing Firefox is a failure, by REQUIRE_FIREFOX=1."""
    return os.environ.get("REQUIRE_FIREFOX", "") not in ("", "0")


class Firefox:
    """One window of a running Firefox.

    Parameters
    ----------
    port : int
        On which its Marionette listens, on this machine.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.count = 0
        self._receive()  # its name and the protocol's version
        limits = {"script": 1000 * PATIENCE, "pageLoad": 1000 * PATIENCE, "implicit": 0}
        self.send("WebDriver:NewSession", capabilities={"alwaysMatch": {"timeouts": limits}})

    def _receive(self) -> Any:
        """One message: its length in bytes, a colon, JSON."""
        length = b""
        while not length.endswith(b":"):
            length += self._read(1)
        return json.loads(self._read(int(length[:-1])))

    def _read(self, count: int) -> bytes:
        parts = b""
        while len(parts) < count:
            part = self.socket.recv(count - len(parts))
            if not part:
                raise ConnectionError("Firefox has hung up")
            parts += part
        return parts

    def send(self, command: str, **parameters: Any) -> Any:
        """Send a command and wait for its result.

        Raises
        ------
        RuntimeError
            With Firefox's own message.
        """
        self.count += 1
        message = json.dumps([0, self.count, command, parameters]).encode()
        self.socket.sendall(str(len(message)).encode() + b":" + message)
        _, number, error, result = self._receive()
        assert number == self.count
        if error:
            raise RuntimeError(f"{command}: {error['message']}")
        return (
            result["value"] if isinstance(result, dict) and result.keys() == {"value"} else result
        )

    def open(self, address: str) -> None:
        """Go to an address and wait until it is loaded."""
        self.send("WebDriver:Navigate", url=address)

    def evaluate(self, function: str, *arguments: Any) -> Any:
        """The value of a function in JavaScript, or of its promise, in the scope of the page."""
        told = self.send(
            "WebDriver:ExecuteScript", script=PLAIN % function, args=arguments, sandbox=None
        )
        return json.loads(
            told, object_hook=lambda one: float(one["float"]) if one.keys() == {"float"} else one
        )

    def element(self, selector: str) -> str:
        """Firefox's identifier of the first element of a selector."""
        found = self.send("WebDriver:FindElement", using="css selector", value=selector)
        return next(iter(found.values()))

    def click(self, selector: str) -> None:
        """Scroll to an element and click it."""
        self.send("WebDriver:ElementClick", id=self.element(selector))

    def type(self, selector: str, keys: str) -> None:
        """Focus an element and press keys."""
        self.send("WebDriver:ElementSendKeys", id=self.element(selector), text=keys)

    def errors(self) -> list[str]:
        """Errors of scripts on all pages since the start."""
        self.send("Marionette:SetContext", value="chrome")
        found = self.send("WebDriver:ExecuteScript", script=ERRORS, args=[])
        self.send("Marionette:SetContext", value="content")
        return found


@contextmanager
def running(path: str) -> Iterator[Firefox]:
    """Start a Firefox with its own profile; both are gone at the end."""
    profile = Path(tempfile.mkdtemp(prefix="firefox-"))
    free = 'user_pref("marionette.port", 0);\n'  # any port that is free
    (profile / "user.js").write_text(free, encoding="utf-8")
    environment = os.environ | {
        "PROFILE": str(profile),
        "HOME": str(profile),
        "MOZ_CRASHREPORTER_DISABLE": "1",
    }
    guard = subprocess.Popen(
        ["sh", "-c", GUARD, "sh", path, *FLAGS, str(profile)],
        stdin=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        port = profile / "MarionetteActivePort"
        until = time.monotonic() + PATIENCE
        while not (port.is_file() and port.read_text(encoding="utf-8")):
            if time.monotonic() > until or guard.poll() is not None:
                log = (profile / "log").read_text(errors="replace")
                raise TimeoutError(f"{path} does not answer: {log[-500:]}")
            time.sleep(0.05)
        firefox = Firefox(int(port.read_text(encoding="utf-8")))
        try:
            yield firefox
        finally:
            firefox.socket.close()
    finally:
        guard.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            guard.wait(PATIENCE)
