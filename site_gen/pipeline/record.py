"""The record of the last build: one file, to which each finished unit adds a line."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

from site_gen import files

VERSION = "1"


class Record:
    """Named values in a file of lines `checksum TAB name TAB JSON`; the last line of a name counts.

    A torn or damaged line counts as missing, so its content is computed again. Values are parsed
    only when needed: a build in which nothing changed needs few.

    Parameters
    ----------
    path : Path
        The file; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[str, bytes] = {}
        self._values: dict[str, Any] = {}
        self._changed = False
        self._appending = None
        if path.is_file():
            for line in files.read(path).split(b"\n"):
                name = _name_of(line)
                if name is not None:
                    self._lines[name] = line
            if _name_of(self._lines.get("version", b"")) and self.get("version") != VERSION:
                self._lines, self._values = {}, {}

    def names(self, prefix: str) -> list[str]:
        """The names with a prefix."""
        return [name for name in self._lines if name.startswith(prefix)]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name."""
        if name not in self._lines:
            return default
        if name not in self._values:
            self._values[name] = json.loads(self._lines[name].split(b"\t", 2)[2])
        return self._values[name]

    def put(self, name: str, value: Any) -> None:
        """Set a value; it is in the file after `save`."""
        line = _line(name, value)
        if self._lines.get(name) != line:
            self._lines[name], self._changed = line, True
        self._values[name] = value

    def note(self, name: str, value: Any) -> None:
        """Set a value and append it to the file at once, so that it survives a killed build."""
        self.put(name, value)
        with files.named_errors(self.path):
            if self._appending is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._appending = self.path.open("ab")
            # the newline ends a line that a killed build left incomplete
            self._appending.write(b"\n" + self._lines[name] + b"\n")
            self._appending.flush()

    def drop(self, name: str) -> None:
        """Forget a name."""
        if self._lines.pop(name, None) is not None:
            self._values.pop(name, None)
            self._changed = True

    def save(self) -> None:
        """Rewrite the file with each name once, if anything changed."""
        if self._appending is not None:
            self._appending.close()
            self._appending = None
        if self._changed:
            self.put("version", VERSION)
            files.write_if_changed(self.path, b"\n".join(self._lines.values()) + b"\n")
            self._changed = False


def _line(name: str, value: Any) -> bytes:
    body = f"{name}\t{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}".encode()
    return b"%08x\t%s" % (zlib.crc32(body), body)


def _name_of(line: bytes) -> str | None:
    """The name whose value a line holds; None if the line is damaged."""
    checksum, _, body = line.partition(b"\t")
    if not body or checksum != b"%08x" % zlib.crc32(body):
        return None
    return body.partition(b"\t")[0].decode()
