"""Make `.venv` and bring it up to date, with uv where there is one, else with pip."""

from __future__ import annotations

import ast
import errno
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from site_gen.environment import variables, venv
from site_gen.environment.variables import VENV
from site_gen.errors import BuildError

LOCK = ".setup-lock"
# Content of an unfinished environment; a folder `.venv` with anything else is not ours.
USUAL = {
    *("bin", "Scripts", "lib", "lib64", "Lib", "include", "Include", "share", "matplotlib"),
    *(".gitignore", "CACHEDIR.TAG", ".lock", LOCK, *venv.SOURCES),
}
NETWORK = re.compile(
    r"Failed to establish a new connection|NewConnectionError|ConnectTimeoutError|ProxyError"
    r"|ReadTimeoutError|Connection (?:refused|reset|aborted|broken|timed out)|RemoteDisconnected"
    r"|[Nn]ame resolution|Name or service not known|getaddrinfo failed|nodename nor servname"
    r"|Network is unreachable|No route to host|error sending request|dns error|tcp connect error"
    r"|operation timed out|network was disabled|Could not connect, are you offline",
)
CERTIFICATE = re.compile(
    r"SSLError|CERTIFICATE_VERIFY_FAILED|invalid peer certificate|UnknownIssuer"
)
FULL = re.compile(r"No space left on device|Errno 28|Disk quota exceeded|not enough space", re.I)
NO_INDEX = (
    "no package index reached: connect to the internet, or name an index (PIP_INDEX_URL, "
    "UV_DEFAULT_INDEX) or a proxy (HTTPS_PROXY), then run the same command again"
)
MESSAGES = {
    ".packages": "Setting up .venv with Python {version} and requirements.txt: once, one to three "
    "minutes, and .7 to 1 GB of disk",
    ".ok-dev": "Adding what the tests need: requirements-dev.txt",
    ".ok-cluster": "Adding what a cluster needs: requirements-cluster.txt",
}
# Asked of the new Python itself: are the packages there, in the versions that are pinned?
ARRIVED = """
import importlib.metadata, sys
for wanted in sys.argv[1:]:
    name, version = wanted.split("==")
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = None
    if found != version:
        sys.exit(wanted)
"""


def bring_up_to_date(stamps: tuple[str, ...], *, anew: bool = False) -> None:
    """Install what the stamps stand for, if it is missing; one process at a time.

    Parameters
    ----------
    stamps : tuple of str
        Keys of `venv.SOURCES`.
    anew : bool
        Whether to begin with an empty `.venv` in any case.

    Raises
    ------
    BuildError
        With the reason and the remedy; the same command begins the installation again.
    """
    wanted = [stamp for stamp in venv.SOURCES if stamp in stamps or stamp == ".packages"]
    try:
        with _alone() as lock:
            for stamp in wanted:
                if stamp == ".packages":
                    if anew or not venv.current((stamp,)):
                        _make(lock)
                        _install(stamp, lock)
                elif not venv.is_current(stamp):
                    _install(stamp, lock)
    except OSError as error:
        raise BuildError(_told(error)) from error


def report(message: str) -> None:
    """Say what is being done, on standard error: standard output is the command's."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def _alone() -> Iterator[int | None]:
    """Hold the lock of `.venv`; installers inherit it, and hold it on if their parent is killed."""
    if whose := somebodys():
        raise BuildError(
            f"{VENV} {whose}: move it away, the build makes its own there. With requirements.txt "
            f"installed, {variables.PACKAGES}=installed uses the Python that is called"
        )
    while True:
        os.makedirs(VENV, exist_ok=True)
        path = os.path.join(VENV, LOCK)
        with open(path, "a", encoding="utf-8") as file:
            _wait_for(file.fileno())
            try:  # `distclean` may have removed the file that was waited for
                if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                    yield file.fileno()
                    return
            except FileNotFoundError:
                continue


def somebodys() -> str:
    """Why `.venv` belongs to somebody else and must not be emptied.

    "" if this program made it, or nobody has installed packages in it.
    """
    held = set(os.listdir(VENV)) if os.path.isdir(VENV) else set()
    if "pyvenv.cfg" not in held:
        return "is not an environment of Python" if held - USUAL else ""
    if held & {LOCK, *venv.SOURCES}:
        return ""
    found = glob.glob("[Ll]ib/**/site-packages/*.dist-info", root_dir=VENV, recursive=True)
    packages = {os.path.basename(path).partition("-")[0] for path in found}
    named = packages - {"pip", "setuptools", "wheel"}
    return f"is an environment that somebody else made, with {min(named)} in it" if named else ""


def _wait_for(handle: int) -> None:
    if venv.WINDOWS:
        import msvcrt

        def take(wait: bool) -> None:
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        def take(wait: bool) -> None:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

    try:
        take(False)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return  # a file system without locks: go on without
        report("Another process is setting up .venv: waiting for it")
        while True:
            try:
                return take(True)
            except OSError as again:
                if again.errno not in (errno.EACCES, errno.EDEADLK):  # Windows gives up after 10 s
                    return


def _make(lock: int | None) -> None:
    """Empty `.venv` and make a bare environment there."""
    report(MESSAGES[".packages"].format(version=".".join(map(str, sys.version_info[:3]))))
    if os.pathsep in variables.ROOT:
        raise BuildError(
            f"Python cannot make an environment in {variables.ROOT}, whose name holds a "
            f"{os.pathsep!r}: rename the folder"
        )
    for stamp in venv.SOURCES:  # first: from here on it counts as unfinished
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(VENV, stamp))
    for entry in os.scandir(VENV):
        if entry.name == LOCK:
            continue
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
    real = os.path.realpath(VENV)  # Python refuses a link, say to another disk
    uv = _uv()
    if uv:
        command = [uv, "venv", "--quiet", "--allow-existing", "--python", venv.base(), real]
    else:
        command = [venv.base(), "-m", "venv", real]
    failed, output = _run(command, lock)
    if failed:
        needs = "it needs Python's venv (on Debian: apt-get install python3-venv)"
        reason = "uv could not make it" if uv else needs
        raise BuildError(explain(output) or f".venv could not be made: {reason}. {_last(output)}")


def _install(stamp: str, lock: int | None) -> None:
    """Install what a stamp stands for, check that it arrived, and write the stamp."""
    if stamp in MESSAGES and stamp != ".packages":
        report(MESSAGES[stamp])
    if stamp == ".ok":
        # "." and not a path: pip takes a folder's name that ends in [1] for a list of extras
        _installer(["--no-deps", "--no-build-isolation", "--editable", "."], lock, stamp)
    else:
        source = os.path.join(variables.ROOT, venv.SOURCES[stamp][0])
        with open(source, encoding="utf-8") as file:
            pinned = file.read()
        reached = _reaches_the_index(pinned, lock, stamp)
        _installer(["--require-hashes", "-r", source], lock, stamp, retries=None if reached else 0)
        exact = re.findall(r"^([\w.-]+==[^\s;]+) \\$", pinned, re.M)
        failed, missing = _run([venv.PYTHON, "-I", "-c", ARRIVED, *exact], lock)
        if failed:
            raise BuildError(
                f"{_last(missing)} was installed, but not into .venv: look for `target`, "
                "`prefix` or `user` in your settings of pip and uv"
            )
    if stamp == ".packages":  # once, and not by every worker at the same moment
        _run([venv.PYTHON, "-c", "import matplotlib.font_manager"], lock)
    tag = subprocess.run(
        [venv.PYTHON, "-I", "-c", "import sys; print(sys.implementation.cache_tag)"],
        capture_output=True,
        check=True,
    ).stdout.strip()
    part = os.path.join(VENV, f"{stamp}.part")
    with open(part, "wb") as file:
        file.write(tag + b"\n" + venv.content(stamp))
    os.replace(part, os.path.join(VENV, stamp))


def _reaches_the_index(pinned: str, lock: int | None, stamp: str) -> bool:
    """Install one small package with little patience: a missing network is reported within seconds.

    False if the package came from a folder or a mirror while an index did not answer: the others
    may be there too, but waiting for that index again and again would take minutes.
    """
    blocks = re.findall(r"^[\w.-]+==[^\s;]+ \\\n(?:    --hash=\S+(?: \\)?\n)+", pinned, re.M)
    if not blocks:
        return True
    small = min(blocks, key=lambda block: block.count("--hash="))  # no compiled code, one wheel
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "one.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(small)
        said = _installer(["--no-deps", "--require-hashes", "-r", path], lock, stamp, retries=1)
    return not NETWORK.search(said)


def _installer(
    arguments: list[str], lock: int | None, stamp: str, *, retries: int | None = None
) -> str:
    """Run `uv pip install` or `pip install` in `.venv` and return what it said.

    `retries` limits the patience with an index; 0 says that one is known not to answer.
    """
    environment = variables.clean(os.environ)
    uv = _uv()
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", venv.PYTHON]
        if retries is not None:
            environment |= {"UV_HTTP_RETRIES": str(retries), "UV_HTTP_TIMEOUT": "10"}
    else:
        command = [venv.PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        command += [] if retries is None else ["--retries", str(retries), "--timeout", "10"]
        environment = _settings_of_pip(environment) | {"PIP_CONFIG_FILE": os.devnull}
    failed, output = _run([*command, *arguments], lock, environment)
    if failed:
        name = "pyproject.toml" if stamp == ".ok" else venv.SOURCES[stamp][0]
        told = f"{'uv' if uv else 'pip'} could not install {name}: {_last(output)}"
        known = explain(output) or (NO_INDEX if retries == 0 else None)
        raise BuildError(known or f"{told}. The same command begins again")
    return output


def _settings_of_pip(environment: dict[str, str]) -> dict[str, str]:
    """Take from pip's own configuration files where packages are, and nothing else."""
    named = os.environ.get("PIP_CONFIG_FILE")
    ran = subprocess.run(
        [venv.PYTHON, "-m", "pip", "config", "list"],
        env=environment | ({"PIP_CONFIG_FILE": named} if named else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    found = {}
    for section in ("global", "install"):  # the second wins
        for line in ran.stdout.splitlines():
            key, _, value = line.partition("=")
            name = key.removeprefix(f"{section}.").upper().replace("-", "_")
            if key.startswith(f"{section}.") and name in variables.PASSED_TO_PIP:
                found[f"PIP_{name}"] = str(ast.literal_eval(value))
    return found | environment


def _uv() -> str | None:
    """Return the uv to use: $UV, or the one on the path; UV= (empty) asks for pip."""
    named = os.environ.get("UV")
    found = shutil.which("uv" if named is None else named)
    if named and not found:
        raise BuildError(f"UV={named} is not a program here: set it to uv, or to nothing for pip")
    return found


def _run(
    command: list[str], lock: int | None, environment: dict[str, str] | None = None
) -> tuple[bool, str]:
    """Run a command; return whether it failed, and what it said."""
    inherited = {} if lock is None or venv.WINDOWS else {"pass_fds": (lock,)}
    ran = subprocess.run(
        command,
        cwd=variables.ROOT,
        env=environment or variables.clean(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        **inherited,
    )
    return ran.returncode != 0, ran.stdout


def explain(output: str) -> str | None:
    """Return one sentence for what an installer says at length, where it is a usual reason."""
    if FULL.search(output):
        return _full()
    if CERTIFICATE.search(output):
        return (
            "no package index reached: its certificate is not accepted. Behind a proxy that has a "
            "certificate of its own, name that in PIP_CERT or SSL_CERT_FILE, then run the same "
            "command again"
        )
    if NETWORK.search(output):
        return NO_INDEX
    return None


def _told(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full()
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{VENV} cannot be written ({error.strerror}): make the folder writable for this user"
        )
    return f".venv could not be made: {error}"


def _full() -> str:
    return (
        f"the disk that holds {VENV} or the temporary folder is full: the environment needs 1 GB. "
        "Free some space, then run the same command again"
    )


def _last(output: str) -> str:
    """Return the line that says most: the last error, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    last = (errors or lines or ["it gave no reason"])[-1]
    return last.removeprefix("ERROR: ").removeprefix("error: ")
