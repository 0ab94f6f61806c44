"""How a command starts: in the right Python, with the right packages and a clean environment."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from site_gen import commands
from site_gen.commands import testing
from site_gen.environment import enter, install, variables, venv
from site_gen.paths import ROOT
from tests.browser import install as browsers

posix = pytest.mark.skipif(os.name == "nt", reason="links and shell scripts")
CLI = """
import json, os, sys
def main(arguments):
    seen = {"arguments": arguments, "prefix": sys.prefix, "optimize": sys.flags.optimize}
    seen |= {"environ": dict(os.environ), "version": sys.version_info[:2], "path": sys.path}
    print(json.dumps(seen))
    return 7
"""


@dataclass(frozen=True)
class Tree:
    """A repository whose commands start as the real ones do, and say how they were started."""

    root: Path

    def run(
        self, *arguments: str, python: str = sys.executable, **environ: str
    ) -> subprocess.CompletedProcess:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "PIP_", "UV", "SITE_GEN", "MPL", "MATPLOTLIB"))
        }
        return subprocess.run(
            [python, "-m", "site_gen", *arguments],
            cwd=self.root,
            env=kept | environ,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=100,
        )

    def prepare(self, *stamps: str) -> None:
        """Make a `.venv` without packages whose stamps say that it is current."""
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=self.root, check=True
        )
        stamp = (
            "import sys\n"
            "from site_gen.environment import venv\n"
            "for name in sys.argv[1:]:\n"
            "    with open('.venv/' + name, 'wb') as file:\n"
            "        file.write(venv.version() + b'\\n' + venv.content(name))\n"
        )
        names = stamps or tuple(venv.SOURCES)
        subprocess.run([sys.executable, "-c", stamp, *names], cwd=self.root, check=True)


def tree_in(root: Path) -> Tree:
    package = root / "site_gen"
    package.mkdir(parents=True)
    (package / "pipeline").mkdir()
    names = ("__init__.py", "__main__.py", "errors.py", "files.py", "paths.py")
    for name in (*names, "pipeline/__init__.py", "pipeline/site_folder.py"):
        shutil.copy(ROOT / "site_gen" / name, package / name)
    for name in ("environment", "commands"):
        shutil.copytree(
            ROOT / "site_gen" / name, package / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    (package / "cli.py").write_text(CLI, encoding="utf-8")
    for name in (
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-cluster.txt",
        "requirements.in",
    ):
        (root / name).write_text("", encoding="utf-8")
    (root / "pyproject.toml").write_text("", encoding="utf-8")
    return Tree(root)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return tree_in(tmp_path / "tree")


def wheel(folder: Path) -> str:
    """Write a wheel of one module into a folder; return the pinned line for it."""
    folder.mkdir()
    path = folder / "bnm_probe-1.0-py3-none-any.whl"
    files = {
        "bnm_probe.py": "",
        "bnm_probe-1.0.dist-info/METADATA": "Metadata-Version: 2.1\n"
        "Name: bnm-probe\nVersion: 1.0\n",
        "bnm_probe-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for name, content in files.items():
            archive.writestr(name, content)
            digest = (
                base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest())
                .decode()
                .rstrip("=")
            )
            record += f"{name},sha256={digest},{len(content)}\n"
        archive.writestr(
            "bnm_probe-1.0.dist-info/RECORD", record + "bnm_probe-1.0.dist-info/RECORD,,\n"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return f"bnm-probe==1.0 \\\n    --hash=sha256:{digest}\n"


# ---- variables


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MPLBACKEND", "module://matplotlib_inline.backend_inline"),
        ("PYTHONOPTIMIZE", "2"),
        ("PYTHONWARNINGS", "error"),
        ("PYTHONSTARTUP", "x.py"),
        ("PYTHONHOME", "/nowhere"),
        ("PYTHONSAFEPATH", "1"),
        ("PYTHONHASHSEED", "nonsense"),
        ("PIP_USER", "1"),
        ("PIP_TARGET", "elsewhere"),
        ("PIP_REQUIRE_VIRTUALENV", "1"),
        ("PIP_CONSTRAINT", "constraints.txt"),
        ("UV_SYSTEM_PYTHON", "1"),
        ("UV_PROJECT_ENVIRONMENT", "elsewhere"),
        ("DASK_DISTRIBUTED__WORKER__DAEMON", "0"),
        ("LOKY_MAX_CPU_COUNT", "1"),
        ("SOURCE_DATE_EPOCH", "1"),
        ("NPY_DISABLE_CPU_FEATURES", "AVX2"),
        ("OMP_PROC_BIND", "true"),
        ("SITE_URL", ""),
        ("SITE_URL", " "),
        ("MNIST_DIRECTORY", ""),
        ("VIRTUAL_ENV", "/elsewhere"),
    ],
)
def test_what_would_change_a_result_or_an_installation_is_dropped(name: str, value: str) -> None:
    assert name not in variables.clean({name: value})


@pytest.mark.parametrize(
    "name",
    [
        "HOME",
        "PATH",
        "TMPDIR",
        "TERM",
        "LANG",
        "CI",
        "NO_COLOR",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
        "SITE_URL",
        "MNIST_DIRECTORY",
        "OPENBLAS_CORETYPE",
        "OPENBLAS_L2_SIZE",
        "PIP_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_CERT",
        "UV_DEFAULT_INDEX",
        "UV_INDEX_OURS_PASSWORD",
        "PYTHONDONTWRITEBYTECODE",
        "PYTEST_ADDOPTS",
        "CHROMIUM",
        "XDG_CACHE_HOME",
    ],
)
def test_what_is_the_callers_own_passes(name: str) -> None:
    assert variables.clean({name: "value"})[name] == "value"


def test_what_is_set() -> None:
    cleaned = variables.clean({"OPENBLAS_NUM_THREADS": "8", "PYTHONPATH": "/elsewhere"})
    assert {cleaned[name] for name in variables.THREADS} == {"1"}
    assert cleaned["PYTHONPATH"] == str(ROOT)
    assert cleaned["UV_PYTHON_DOWNLOADS"] == "never"
    assert Path(cleaned["MATPLOTLIBRC"]).is_file()


@pytest.mark.parametrize(
    ("given", "cleaned"),
    [
        ("", ":replace"),
        ("ascii", "ascii:replace"),
        ("ascii:strict", "ascii:replace"),
        ("latin-1:ignore", "latin-1:ignore"),
        ("nonsense", ":replace"),
        ("rot13", ":replace"),  # a codec, and none of text
        ("ascii:nonsense", ":replace"),
    ],
)
def test_a_terminal_that_lacks_a_letter_prints_a_substitute(given: str, cleaned: str) -> None:
    assert variables.clean({"PYTHONIOENCODING": given})["PYTHONIOENCODING"] == cleaned


def test_cleaning_twice_changes_nothing() -> None:
    once = variables.clean(os.environ | {"PYTHONOPTIMIZE": "2", "PYTHONIOENCODING": "ascii"})
    assert variables.clean(once) == once


# ---- entering


def test_a_command_goes_on_in_the_environment_with_clean_variables(tree: Tree) -> None:
    tree.prepare()
    ran = tree.run("study", "x", PYTHONOPTIMIZE="2", PYTHONPATH="/elsewhere", MPLBACKEND="nonsense")
    assert ran.returncode == 7, ran.stderr
    told = json.loads(ran.stdout)
    assert told["arguments"] == ["study", "x"]
    assert Path(told["prefix"]) == tree.root / ".venv"
    assert told["optimize"] == 0
    assert told["environ"]["PYTHONPATH"] == str(tree.root)
    assert "MPLBACKEND" not in told["environ"]
    assert "/elsewhere" not in told["path"]


def test_options_of_the_interpreter_do_not_reach_the_work(tree: Tree) -> None:
    tree.prepare()
    ran = subprocess.run(
        [
            tree.root / ".venv" / Path(venv.PYTHON).relative_to(variables.VENV),
            "-OO",
            "-m",
            "site_gen",
            "why",
            "x",
        ],
        cwd=tree.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(ran.stdout)["optimize"] == 0


def test_packages_of_this_python_on_demand(tree: Tree) -> None:
    ran = tree.run("study", "x", SITE_GEN_PACKAGES="installed", MPLBACKEND="nonsense")
    told = json.loads(ran.stdout)
    assert told["prefix"] == sys.prefix
    assert "MPLBACKEND" not in told["environ"]
    assert not (tree.root / ".venv").exists()


def test_packages_from_nowhere_are_refused(tree: Tree) -> None:
    ran = tree.run("study", "x", SITE_GEN_PACKAGES="instaled")
    assert ran.returncode == 1 and not (tree.root / ".venv").exists()
    assert ran.stderr.startswith("error: SITE_GEN_PACKAGES is 'instaled': set it to installed")


def test_a_child_that_is_waited_for_gives_its_status() -> None:
    command = [sys.executable, "-c", "import os, sys; sys.exit(int(os.environ['STATUS']))"]
    assert enter.wait_for(command, os.environ | {"STATUS": "5"}) == 5


@posix
def test_the_second_start_is_cheap(tree: Tree) -> None:
    tree.prepare()

    def seconds(*command: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], cwd=tree.root, capture_output=True, check=False)
        return time.perf_counter() - began

    plain = min(seconds("-c", "pass") for _ in range(8))
    started = min(seconds("-m", "site_gen", "why", "x") for _ in range(8))
    assert started - plain < 0.15  # about .03 s on a quiet machine


# ---- making the environment


# A build backend for `pip install --editable`: the wheel stands in a folder already.
BACKEND = """
import pathlib, shutil
def build_editable(folder, *_):
    (made,) = pathlib.Path("WHEELS").glob("*.whl")
    shutil.copy(made, folder)
    return made.name
"""
PROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "bnm-probe"
version = "1.0"
"""


@posix
def test_an_environment_is_made_offline_in_a_folder_of_any_name(tmp_path: Path) -> None:
    tree = tree_in(
        tmp_path / "per%20cent" / 'it\'s "quoted"' / "ünïcode $HOME #1" / "with blanks [1]"
    )
    pinned = wheel(tmp_path / "wheels")
    (tree.root / "requirements.txt").write_text(pinned, encoding="utf-8")
    (tree.root / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tree.root / "backend.py").write_text(
        BACKEND.replace("WHEELS", str(tmp_path / "wheels")), encoding="utf-8"
    )
    # pip takes a path that ends in [1] for a list of extras
    stamps = (".packages", ".ok")
    ran = made(
        tree,
        tmp_path,
        *stamps,
        PIP_USER="1",
        PIP_TARGET=str(tmp_path / "elsewhere"),
        PYTHONOPTIMIZE="2",
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert list((tree.root / ".venv").rglob("bnm_probe.py"))
    assert not (tmp_path / "elsewhere").exists()
    again = made(tree, tmp_path, *stamps)
    assert "Setting up" in ran.stderr
    assert "Setting up" not in again.stderr


def made(tree: Tree, wheels: Path, *stamps: str, **environ: str) -> subprocess.CompletedProcess:
    """Bring `.packages` or more up to date in a tree with pip, from a folder of wheels alone."""
    return subprocess.run(
        [sys.executable, "-c", BRING, *stamps],
        cwd=tree.root,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {
            "PYTHONPATH": str(tree.root),
            "UV": "",
            "PIP_NO_INDEX": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": (wheels / "wheels").as_uri(),
        }
        | environ,
    )


BRING = """
import sys
from site_gen.environment import install
from site_gen.errors import BuildError
try:
    install.bring_up_to_date(tuple(sys.argv[1:]) or (".packages",))
except BuildError as error:
    sys.exit(f"error: {error}")
"""


@posix
def test_a_uv_that_does_not_exist_is_named(tree: Tree, tmp_path: Path) -> None:
    ran = made(tree, tmp_path, UV="/no/such/uv")
    assert "error: UV=/no/such/uv is not a program here" in ran.stderr


@posix
def test_an_environment_may_lie_on_another_disk(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "requirements.txt").write_text(wheel(tmp_path / "wheels"), encoding="utf-8")
    (tmp_path / "disk").mkdir()
    (tree.root / ".venv").symlink_to(tmp_path / "disk")
    ran = made(tree, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert list((tmp_path / "disk").rglob("bnm_probe.py"))
    assert (tree.root / ".venv").is_symlink()


@posix
def test_two_processes_make_one_environment(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "requirements.txt").write_text(wheel(tmp_path / "wheels"), encoding="utf-8")
    environ = os.environ | {
        "PYTHONPATH": str(tree.root),
        "UV": "",
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": (tmp_path / "wheels").as_uri(),
    }
    both = [
        subprocess.Popen(
            [sys.executable, "-c", BRING],
            cwd=tree.root,
            env=environ,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=100)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sorted("Setting up" in text for text in told) == [False, True]


@posix
def test_an_interrupted_installation_is_begun_again(tree: Tree, tmp_path: Path) -> None:
    pinned = wheel(tmp_path / "wheels")
    (tree.root / "requirements.txt").write_text(pinned, encoding="utf-8")
    tree.prepare(".ok")  # an environment without the stamp that is written last
    (tree.root / ".venv" / "lib" / "half").write_text("", encoding="utf-8")
    assert made(tree, tmp_path).returncode == 0
    assert not (tree.root / ".venv" / "lib" / "half").exists()
    assert not (tree.root / ".venv" / ".ok").exists()


@pytest.mark.parametrize("index", ["https://127.0.0.1:9/simple", "https://nowhere.invalid/simple"])
def test_without_a_network_one_sentence_at_once(tree: Tree, tmp_path: Path, index: str) -> None:
    (tree.root / "requirements.txt").write_text(wheel(tmp_path / "wheels"), encoding="utf-8")
    began = time.monotonic()
    ran = made(tree, tmp_path, PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_INDEX_URL=index)
    assert "error: no package index reached: " in ran.stderr
    assert len(ran.stderr.splitlines()) == 2
    assert time.monotonic() - began < 30
    assert not (tree.root / ".venv" / ".packages").exists()


@posix
def test_a_mirror_with_a_part_of_the_packages_is_no_network(tree: Tree, tmp_path: Path) -> None:
    pinned = wheel(tmp_path / "wheels") + "".join(
        f"zz{number}==1 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\n"
        for number in range(2)
    )
    (tree.root / "requirements.txt").write_text(pinned, encoding="utf-8")
    began = time.monotonic()
    ran = made(tree, tmp_path, PIP_NO_INDEX="", PIP_INDEX_URL="https://127.0.0.1:9/simple")
    assert "error: no package index reached: " in ran.stderr
    assert time.monotonic() - began < 30


@posix
def test_a_configuration_of_pip_says_where_packages_are_and_nothing_else(
    tree: Tree, tmp_path: Path
) -> None:
    (tree.root / "requirements.txt").write_text(wheel(tmp_path / "wheels"), encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "pip.conf").write_text(
        f"[global]\nno-index = true\nfind-links = {tmp_path / 'wheels'}\n"
        f"[install]\ntarget = {elsewhere}\nuser = true\n",
        encoding="utf-8",
    )
    ran = made(
        tree,
        tmp_path,
        PIP_NO_INDEX="",
        PIP_FIND_LINKS="",
        PIP_CONFIG_FILE=str(tmp_path / "pip.conf"),
    )
    assert ran.returncode == 0, ran.stderr
    assert list((tree.root / ".venv").rglob("bnm_probe.py"))
    assert not elsewhere.exists()


@posix
def test_a_python_that_is_gone_is_replaced(tree: Tree, tmp_path: Path) -> None:
    (tree.root / "requirements.txt").write_text(wheel(tmp_path / "wheels"), encoding="utf-8")
    tree.prepare()
    python = tree.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/no/such/python3.11")
    assert made(tree, tmp_path).returncode == 0
    assert subprocess.run([python, "-c", "import bnm_probe"], check=False).returncode == 0


@posix
def test_packages_of_another_version_are_replaced(tree: Tree) -> None:
    tree.prepare()
    stamp = tree.root / ".venv" / ".packages"
    stamp.write_bytes(b"cpython-310\n" + stamp.read_bytes().partition(b"\n")[2])
    ran = tree.run("why", "x", UV="")
    # made anew; the project in place cannot be, for this tree has none
    assert "Setting up .venv" in ran.stderr
    assert stamp.read_bytes().startswith(str(sys.implementation.cache_tag).encode())
    assert "Traceback" not in ran.stderr


def test_a_folder_that_is_no_environment_is_left_alone(tree: Tree, tmp_path: Path) -> None:
    kept = tree.root / ".venv" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("mine", encoding="utf-8")
    ran = made(tree, tmp_path)
    assert "is not an environment of Python" in ran.stderr
    assert kept.read_text(encoding="utf-8") == "mine"


@posix
def test_somebodys_own_environment_is_not_emptied(tree: Tree, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=tree.root, check=True
    )
    (held,) = (tree.root / ".venv").glob("lib/python*/site-packages")
    (held / "pip-24.0.dist-info").mkdir()
    (held / "thesis-1.0.dist-info").mkdir()
    ran = made(tree, tmp_path)
    assert (
        "is an environment that somebody else made, with thesis in it: move it away" in ran.stderr
    )
    assert tree.run("distclean").stdout.startswith(".venv stays")
    assert (held / "thesis-1.0.dist-info").exists()
    (held / "thesis-1.0.dist-info").rmdir()
    assert tree.run("distclean").stdout == ""  # a bare one is as good as none
    assert not (tree.root / ".venv").exists()


@posix
def test_an_environment_without_its_configuration_or_its_base_is_none(tree: Tree) -> None:
    """Its Python would find no packages, or not start."""
    tree.prepare()
    ask = "from site_gen.environment import venv; print(venv.current(tuple(venv.SOURCES)))"

    def asked() -> str:
        return subprocess.check_output([sys.executable, "-c", ask], cwd=tree.root, text=True)

    assert asked() == "True\n"
    (tree.root / ".venv" / "pyvenv.cfg").write_text("home = /no/such/python\n", encoding="utf-8")
    assert asked() == "False\n"
    (tree.root / ".venv" / "pyvenv.cfg").unlink()
    assert asked() == "False\n"


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (
            "ERROR: Could not install packages due to an OSError: "
            "[Errno 28] No space left on device",
            "is full",
        ),
        ("error: Failed to fetch\n  cause: dns error", "no package index reached"),
        ("WARNING: … after connection broken by 'SSLError(…)'", "certificate"),
    ],
)
def test_the_words_of_installers_become_one_sentence(output: str, says: str) -> None:
    assert says in install.explain(output)


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "is full"),
        (errno.EROFS, "cannot be written"),
        (errno.EIO, "could not be made"),
    ],
)
def test_errors_of_the_file_system_become_one_sentence(
    monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(install, "VENV", "/no/such/folder/.venv")
    monkeypatch.setattr(install.os, "makedirs", fails)
    with pytest.raises(install.BuildError, match=says):
        install.bring_up_to_date((".packages",))


# ---- commands that need no environment


@pytest.mark.parametrize(
    "name", [name for name, command in commands.COMMANDS.items() if command.asks]
)
@pytest.mark.parametrize("options", [(), ("--profile", "quick"), ("--profile=quick", "--", " ")])
def test_what_is_missing_is_asked_at_once(tree: Tree, name: str, options: tuple[str, ...]) -> None:
    ran = tree.run(name, *options)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"error: say which: make {name} {commands.COMMANDS[name].asks}=")
    assert not (tree.root / ".venv").exists()


def test_a_command_that_does_not_exist(tree: Tree) -> None:
    ran = tree.run("sit")
    assert (ran.returncode, "did you mean site?" in ran.stderr) == (2, True)
    assert not (tree.root / ".venv").exists()


def test_help_fits_a_terminal_and_prints_anywhere(tree: Tree) -> None:
    assert max(map(len, commands.table().splitlines())) <= 80
    ran = tree.run("help", PYTHONIOENCODING="ascii")
    assert ran.returncode == 0, ran.stderr
    assert all(f"  {name}" in ran.stdout for name in commands.COMMANDS)
    assert 'SET="tiny_batch.batches=2,4 noisy_bn.runs=32"' in ran.stdout
    assert tree.run().stdout == tree.run("--help").stdout


def test_a_cluster_needs_its_packages() -> None:
    assert ".ok-cluster" in commands.needs(["site", "--scheduler=tcp://host:8786"])
    assert ".ok-cluster" in commands.needs(["worker", "--scheduler", "tcp://host:8786"])
    assert ".ok-cluster" not in commands.needs(["site"])


@posix
def test_cleaning(tree: Tree, tmp_path: Path) -> None:
    tree.prepare()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("", encoding="utf-8")
    (tree.root / "build").symlink_to(elsewhere)
    (tree.root / "site").mkdir()
    assert tree.run("clean").returncode == 0
    assert not (tree.root / "site").exists()
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / ".manifest.json").write_text('["index.html"]', encoding="utf-8")
    (tmp_path / "public" / "index.html").touch()
    (tree.root / "site").symlink_to(tmp_path / "public")
    assert tree.run("clean").returncode == 0
    assert not [*(tree.root / "site").iterdir()] and (tree.root / "site").is_symlink()
    (tree.root / "site").unlink()
    assert not os.path.lexists(tree.root / "build")
    assert not (tree.root / "site").exists()
    assert (elsewhere / "kept").exists()
    assert (tree.root / ".venv").exists()
    (tree.root / "site" / ".git").mkdir(parents=True)
    assert tree.run("clean").stdout == "site/ stays, for no build made .git.\n"
    assert (tree.root / "site" / ".git").exists()
    shutil.rmtree(tree.root / "site")
    assert tree.run("distclean").returncode == 0
    assert not (tree.root / ".venv").exists()


# ---- other versions of Python


def older() -> list[str]:
    """Return the Pythons here that are too old: on the path, and those of a version manager."""
    named = ("python2", "python2.7", "python3.6", "python3.8", "python3.9", "python3.10")
    found = [path for name in named if (path := shutil.which(name))]
    for version in ("2.7", "3.8", "3.10"):
        managed = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
        found += [str(path) for path in managed]
    runs = (subprocess.run([path, "-c", ""], capture_output=True, check=False) for path in found)
    return [path for path, ran in zip(found, runs, strict=True) if ran.returncode == 0]


@posix
def test_an_old_python_says_so(tree: Tree) -> None:
    pythons = older()
    if not pythons:
        pytest.skip("no Python older than 3.11 here")
    for python in pythons:
        ran = tree.run("site", python=python, PYTHON=python)
        assert ran.returncode == 1
        assert "which is too old" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1
        alone = tree.run("site", python=python, PATH="/no/such/folder")
        assert "Python 3.11 or newer is needed" in alone.stderr


# ---- tests with and without browsers


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What `test` starts; the site cannot be built, and the tests pass."""
    seen: list[tuple[str, ...]] = []

    def python(*arguments: str) -> int:
        seen.append(arguments)
        return 3 if arguments[:2] == ("-m", "site_gen") else 0

    monkeypatch.setattr(testing, "_python", python)
    monkeypatch.delenv("BROWSER", raising=False)
    return seen


def test_tests_run_though_the_site_cannot_be_built(
    started: list, capsys: pytest.CaptureFixture
) -> None:
    assert testing.run(["test", "--profile=quick", "--", "-k", "x"]) == 3
    assert started[0] == ("-m", "tests.browser.install")
    assert started[1] == ("-m", "site_gen", "site", "--profile=quick")
    assert started[2] == (*testing.PYTEST, "-k", "x")
    assert "the site could not be built" in capsys.readouterr().err


def test_without_browsers_none_is_installed(started: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", "no")
    testing.run(["nightly"])
    assert ("-m", "tests.browser.install") not in started
    assert started[-1] == (*testing.PYTEST, "-m", "", "--ignore=tests/browser")


def test_an_installation_as_root_is_announced() -> None:
    told = browsers.announcement("Firefox", ["sh", "-c", "apt-get install firefox-esr"])
    assert "as root" in told
    assert "firefox-esr" in told
    assert "BROWSER=no" in told
