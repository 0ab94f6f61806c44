"""Files are written whole or not at all, and only if the bytes differ; hashes are cached."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from site_gen.errors import BuildError
from site_gen.paths import ROOT, relative

# No file takes a minute to write: an older part file was left by a build that was killed.
ABANDONED = 60.0
OUT_OF_SPACE = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def named_errors(path: Path, doing: str = "write") -> Iterator[None]:
    """Turn an operating-system error about `path` into a `BuildError` with the remedy."""
    try:
        yield
    except OSError as error:
        raise BuildError(sentence(error, path, doing)) from error


def sentence(error: OSError, path: Path, doing: str = "use") -> str:
    """What the operating system refused, and the remedy.

    `doing` is the verb: "read", "write", or another use of the file.
    """
    place = str(path.parent) if path.parent == ROOT else relative(path.parent)
    if error.errno in OUT_OF_SPACE:
        reason = f"the disk that holds {place} is full: free some space"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        wanted = {
            "read": f"{relative(path)} readable",
            "write": f"{place} and what is in it writable",
        }.get(doing, f"{relative(path)} accessible")
        reason = f"permission denied: make {wanted} for this user"
    else:
        reason = f"{error.strerror or error}: see to {place}"
    return f"cannot {doing} {relative(path)}: {reason}, then run the same command again"


def read(path: Path) -> bytes:
    """The bytes of a file; a `BuildError` that names it if it cannot be read."""
    with named_errors(path, "read"):
        return path.read_bytes()


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write `content` to `path` unless it is there already; make the folder if need be.

    The bytes go to a hidden file beside, which is then renamed: a reader, or a build that is
    killed, sees the old file or the new one and never half of one. An unchanged file keeps its time
    stamp, so nothing downstream wakes up.

    Returns
    -------
    bool
        Whether the file was written.

    Raises
    ------
    BuildError
        If the disk is full, permission is missing, or the like; the message names the file and the
        remedy.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with named_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob_escaped(path.name)}.*.part"):
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > ABANDONED:
                    left.unlink()
        same_size = path.is_file() and path.stat().st_size == len(content)
        if same_size and path.read_bytes() == content:
            return False
        try:
            part.write_bytes(content)
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    return True


def glob_escaped(name: str) -> str:
    """A file's name for use inside a pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def remove(paths: Iterable[Path], top: Path) -> None:
    """Remove files that an earlier build wrote, and folders below `top` that this leaves empty."""
    for path in paths:
        with named_errors(path):
            path.unlink(missing_ok=True)
            for folder in path.parents:
                inside = folder != top and folder.is_relative_to(top)
                if not inside or folder.is_symlink() or any(folder.iterdir()):
                    break
                folder.rmdir()


class Hashes:
    """SHA-256 of files; those whose size, times and inode are unchanged are not read again.

    A time stamp is trusted only if it was old enough when the file was hashed: what is written
    twice within one tick of the file system's clock has one stamp and two contents.

    Parameters
    ----------
    known : dict
        Path → [size, mtime, ctime, inode, time of hashing, SHA-256], as `entries` gave it last
        time; times in ns.
    """

    # in ns: ticks of ordinary file systems, and of those that count seconds
    FINE, COARSE = 20_000_000, 2_000_000_000

    def __init__(self, known: dict[str, list] | None = None) -> None:
        self.entries = dict(known or {})
        self.seen: dict[str, str | None] = {}

    def of(self, path: str) -> str | None:
        """The hash of a file by its path from the top, read once; None if there is no file."""
        if path not in self.seen:
            self.seen[path] = self._look(path)
        return self.seen[path]

    def forget(self, path: str) -> None:
        """Look at a file again next time: it has just been written or removed."""
        self.seen.pop(path, None)

    def wrote(self, path: str, sha: str) -> None:
        """Take note of a file that this process has just written."""
        with named_errors(ROOT / path, "read"):
            stamp = _stamp(os.stat(ROOT / path))
        # Nobody else writes these files, so one tick before the next use is enough.
        self.entries[path] = [*stamp, max(stamp[1:3]) + self.COARSE + 1, sha]
        self.seen[path] = sha

    def _look(self, path: str) -> str | None:
        whole = ROOT / path
        try:
            state = os.stat(whole)
        except (FileNotFoundError, NotADirectoryError):
            self.entries.pop(path, None)
            return None
        except OSError as error:
            with named_errors(whole, "read"):
                raise error
        stamp, now = _stamp(state), time.time_ns()
        known = self.entries.get(path)
        if known and known[:4] == stamp:
            age = known[4] - max(stamp[1:3])
            if age > (self.FINE if stamp[1] % 1_000_000_000 else self.COARSE):
                return known[5]
        if not whole.is_file():
            return None
        sha = hashlib.sha256(read(whole)).hexdigest()
        self.entries[path] = [*stamp, now, sha]
        return sha


def _stamp(state: os.stat_result) -> list[int]:
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
