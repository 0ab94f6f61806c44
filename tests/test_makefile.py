"""The Makefile: it knows every command, passes values on as they are, and decides nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from site_gen.commands import COMMANDS
from site_gen.paths import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
# What `PYTHON=` names in these tests: it prints what it is given.
ECHO = """#!/bin/sh
[ "$1" != -c ] || { echo 3; exit; }
printf 'PYTHON=%s\\n' "${PYTHON-unset}"
for word in "$@"; do printf '<%s>\\n' "$word"; done
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    python = tmp_path / "echo.sh"
    python.write_text(ECHO, encoding="utf-8")
    python.chmod(0o755)
    return tmp_path


def make(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess:
    variables = ("PROFILE", "SEED", "SET", "ID", "NAME", "PORT", "SCHEDULER", "PYTHON", "BROWSER")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in variables and not name.startswith("MAKE")
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=kept | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def words(ran: subprocess.CompletedProcess) -> list[str]:
    return re.findall(r"<(.*?)>\n", ran.stdout, re.S)


def test_every_command_is_a_target(folder: Path) -> None:
    for name in COMMANDS:
        ran = make(folder, name, "PYTHON=./echo.sh")
        assert words(ran) == ["-E", "-m", "site_gen", name], ran.stderr
    assert words(make(folder, "PYTHON=./echo.sh"))[-1] == "help"


def test_values_become_options(folder: Path) -> None:
    given = (
        "PROFILE=quick",
        "SEED=7",
        "SET=a.b=2,4 c.d=32",
        "SCHEDULER=tcp://h:1",
        "PYTHON=./echo.sh",
    )
    choice = ["--profile=quick", "--seed=7", "--set=a.b=2,4 c.d=32", "--scheduler=tcp://h:1"]
    assert words(make(folder, "site", *given))[4:] == choice
    assert words(make(folder, "study", "ID=-x", *given))[4:] == [*choice, "--", "-x"]
    assert words(make(folder, "serve", "PORT=8001", "PYTHON=./echo.sh"))[4:] == ["--port=8001"]
    assert words(make(folder, "new-study", "NAME=q", "PYTHON=./echo.sh"))[4:] == ["--", "q"]
    assert words(make(folder, "site", PROFILE="quick", PYTHON="./echo.sh"))[4:] == [
        "--profile=quick"
    ]


@pytest.mark.parametrize("variable", ["ID", "SET", "PROFILE", "SEED", "SCHEDULER", "PORT", "NAME"])
@pytest.mark.parametrize(
    "value",
    [
        "x; touch pwned",
        "`touch pwned`",
        "$(touch pwned)",
        "$(shell touch pwned)",
        '"; touch pwned; "',
        "'; touch pwned; '",
        "x\ntouch pwned",
        "x & touch pwned",
        "$$(touch pwned)",
        "${shell touch pwned}",
    ],
)
@pytest.mark.parametrize("where", ["argument", "environment"])
def test_no_value_is_run(folder: Path, variable: str, value: str, where: str) -> None:
    target = {"NAME": "new-study", "PORT": "serve"}.get(variable, "study")
    if where == "argument":
        ran = make(folder, target, f"{variable}={value}", "PYTHON=./echo.sh")
    else:
        ran = make(folder, target, PYTHON="./echo.sh", **{variable: value})
    assert ran.returncode == 0, ran.stderr
    assert not (folder / "pwned").exists()
    if (variable, where) != ("NAME", "environment"):
        assert words(ran)[-1].endswith(value)


def test_an_environment_with_options_reaches_no_command(folder: Path) -> None:
    names = ("OPTIONS", "CHOICE", "CLUSTER", "LISTEN", "WORDS", "VARIABLES", "NAMED")
    ran = make(folder, "help", PYTHON="./echo.sh", **dict.fromkeys(names, "$(shell touch pwned) x"))
    assert words(ran) == ["-E", "-m", "site_gen", "help"]
    assert not (folder / "pwned").exists()


def test_a_machine_that_is_called_something_is_no_study(folder: Path) -> None:
    assert words(make(folder, "new-study", NAME="host", PYTHON="./echo.sh"))[4:] == []


def test_python_is_the_one_that_is_named_or_none(folder: Path) -> None:
    assert make(folder, "site", "PYTHON=./echo.sh").stdout.startswith("PYTHON=./echo.sh\n")
    (folder / "text").write_text("")
    for nonsense in (
        "/no/such/python",
        "x; touch pwned",
        "python3 -u",
        ".",
        "./text",
        "echo",
        "ls",
    ):
        ran = make(folder, "site", f"PYTHON={nonsense}")
        assert ran.returncode and not ran.stdout
        assert ran.stderr.startswith(f"error: PYTHON={nonsense} is not a Python here: ")
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize("where", ["argument", "environment"])
def test_an_empty_python_is_none(folder: Path, empty: str, where: str) -> None:
    (folder / "echo.sh").rename(folder / "python3")
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    if where == "argument":
        given = make(folder, "site", f"PYTHON={empty}", PATH=path)
    else:
        given = make(folder, "site", PATH=path, PYTHON=empty)
    assert given.stdout.startswith("PYTHON=unset\n"), given.stderr


def test_without_python_the_command_may_look_for_a_newer_one(folder: Path) -> None:
    (folder / "echo.sh").rename(folder / "python3")
    ran = make(folder, "site", PATH=f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert ran.stdout.startswith("PYTHON=unset\n")
