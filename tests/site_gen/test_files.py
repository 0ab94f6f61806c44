"""Files are whole or absent, keep their time stamp if unchanged, and report failed writes."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path

import pytest

from site_gen import files
from site_gen.errors import BuildError
from site_gen.files import write_if_changed
from site_gen.paths import ROOT


def test_writes_only_what_changed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "table.csv"
    assert write_if_changed(path, b"a\n1\n")
    os.utime(path, (1, 1))
    assert not write_if_changed(path, b"a\n1\n")
    assert path.stat().st_mtime == 1
    assert write_if_changed(path, b"a\n2\n")  # as long as before
    assert path.read_bytes() == b"a\n2\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["table.csv"]


def test_a_build_killed_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_if_changed(path, b"old")
    killed = (
        "import os, pathlib, site_gen.files as files; "
        "files.os.replace = lambda *paths: os.kill(os.getpid(), 9); "
        f"files.write_if_changed(pathlib.Path({str(path)!r}), b'new')"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -9
    assert path.read_bytes() == b"old"
    (left,) = (entry for entry in tmp_path.iterdir() if entry != path)
    assert left.name.startswith(".")  # MkDocs publishes no hidden file

    write_if_changed(path, b"newer")
    assert left.exists()  # may be another process's, a moment before it is renamed
    os.utime(left, (time.time() - 2 * files.ABANDONED,) * 2)
    write_if_changed(path, b"newer")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EACCES, "permission denied: make"),
        (errno.EIO, "see to"),
    ],
)
def test_an_error_names_the_file_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, remedy: str
) -> None:
    path = tmp_path / "table.csv"
    write_if_changed(path, b"old")

    def fail(*paths: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(BuildError, match=remedy) as caught:
        write_if_changed(path, b"new")
    assert str(path) in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_a_folder_that_is_a_file_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("")
    with pytest.raises(BuildError, match="cannot write"):
        write_if_changed(tmp_path / "folder" / "table.csv", b"")


def test_a_linked_folder_that_is_left_empty_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/page.html").touch()
    (tmp_path / "site").mkdir()
    (tmp_path / "site/pages").symlink_to(tmp_path / "elsewhere")
    files.remove([tmp_path / "site/pages/page.html"], tmp_path / "site")
    assert not [*(tmp_path / "elsewhere").iterdir()] and (tmp_path / "site/pages").is_symlink()


def test_a_file_at_the_top_is_looked_for_by_the_name_of_the_folder() -> None:
    said = files.sentence(
        OSError(errno.ENOENT, "No such file or directory"), ROOT / "mkdocs.yml", "read"
    )
    assert said.startswith(f"cannot read mkdocs.yml: No such file or directory: see to {ROOT}, ")


def test_a_build_error_crosses_processes() -> None:
    error = pickle.loads(pickle.dumps(BuildError("what is wrong, and the remedy")))
    assert isinstance(error, BuildError)
    assert str(error) == "what is wrong, and the remedy"
