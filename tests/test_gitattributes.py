"""Line ends: a clone has the same bytes everywhere."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from site_gen.paths import ROOT

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None,
    reason="this is no clone, or there is no git",
)


def git(*arguments: str, cwd: Path = ROOT) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=cwd, capture_output=True, text=True, check=True
    ).stdout


def test_every_file_is_text_with_unix_line_ends_or_marked_as_binary() -> None:
    tracked = git("ls-files", "-z").rstrip("\0").split("\0")
    told = git("check-attr", "-z", "text", "eol", "--", *tracked).rstrip("\0").split("\0")
    found: dict[str, dict[str, str]] = {}
    for name, attribute, value in zip(*[iter(told)] * 3, strict=True):
        found.setdefault(name, {})[attribute] = value
    for name in tracked:
        if not (ROOT / name).is_file():
            continue
        content = (ROOT / name).read_bytes()
        if b"\0" in content:
            assert found[name]["text"] == "unset", f"mark {name} as binary in .gitattributes"
        else:
            assert found[name] == {"text": "auto", "eol": "lf"}, name
            assert b"\r\n" not in content, name


def test_a_clone_that_would_turn_line_ends_has_the_same_bytes(tmp_path: Path) -> None:
    source, clone = tmp_path / "source", tmp_path / "clone"
    content = {
        "page.md": b"a\nb\n",
        "data.npz": b"a\nb\n",
        "new.kind": b"a\nb\n",
        "script.js": b"a\nb\n",
    }
    source.mkdir()
    git("init", "-q", cwd=source)
    shutil.copy(ROOT / ".gitattributes", source)
    for name, raw in content.items():
        (source / name).write_bytes(raw)
    git("add", "-A", cwd=source)
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a", cwd=source)
    git(
        "clone",
        "-q",
        "-c",
        "core.autocrlf=true",
        "-c",
        "core.eol=crlf",
        str(source),
        str(clone),
        cwd=tmp_path,
    )
    assert {name: (clone / name).read_bytes() for name in content} == content
