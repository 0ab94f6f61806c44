"""Writing files: beside and renamed, so that a file is whole or absent; and only if the bytes differ."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from site_gen.errors import BuildError
from site_gen.paths import relative

# No single file takes a minute to write: a part file older than this was left by a build that was killed.
ABANDONED = 60.0


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Turn an operating-system error about `path` into a `BuildError` that names the file and the remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = f"the disk that holds {relative(path.parent)} is full: free some space"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = (
                f"permission denied: make {relative(path.parent)} and what is in it writable for this user"
            )
        else:
            reason = f"{error.strerror or error}: see to {relative(path.parent)}"
        raise BuildError(
            f"cannot write {relative(path)}: {reason}, then run the same command again"
        ) from error


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write `content` to `path` unless it is there already; make the folder if need be.

    The bytes go to a hidden file beside, which is then renamed: a reader, or a build that is killed, sees the old file or
    the new one and never half of one. An unchanged file keeps its time stamp, so nothing downstream wakes up.

    Returns
    -------
    bool
        Whether the file was written.

    Raises
    ------
    BuildError
        If the disk is full, permission is missing, or the like; the message names the file and the remedy.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with named_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{path.name}.*.part"):
            with suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > ABANDONED:
                    left.unlink()
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            return False
        try:
            part.write_bytes(content)
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    return True


def sync_folder(folder: Path, content: dict[str, bytes | Path]) -> list[str]:
    """Make a folder hold exactly these files, touching only what differs and never removing the folder itself.

    Parameters
    ----------
    folder : Path
        The folder; made if it is missing.
    content : dict
        Relative path with forward slashes → its bytes, or the file to copy them from.

    Returns
    -------
    list of str
        The relative paths that were written or removed.
    """
    changed = []
    for name, source in content.items():
        if write_if_changed(folder / name, source.read_bytes() if isinstance(source, Path) else source):
            changed.append(name)
    with named_errors(folder):
        for path in sorted(folder.rglob("*"), reverse=True):  # children before their folders
            name = path.relative_to(folder).as_posix()
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif name not in content:
                path.unlink()
                changed.append(name)
    return changed
