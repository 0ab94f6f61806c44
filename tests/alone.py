"""Import each module in its own process, in which nothing else of this project was imported.

A module that can be imported only after another one, for instance because the two import each
other, passes every test that reaches it by the usual path, and breaks the first command that starts
with it.

Starting Python and importing NumPy, pandas and Matplotlib takes a second or two, a module of ours
milliseconds. Where processes can be forked, other people's packages are therefore imported once,
and every module gets a fork of that process. Elsewhere every module gets a new Python. The forks
cannot show a module that uses a part of someone else's package, such as `scipy.stats`, and relies
on another module of ours to import it.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

# macOS has fork, but its frameworks do not work in a forked process.
FORKS = hasattr(os, "fork") and sys.platform != "darwin"


def modules(root: Path, *packages: str) -> dict[str, Path]:
    """All modules of packages in the folder `root`: dotted name → file.

    Hidden files and editors' leftovers are not modules.
    """
    found = {}
    for path in sorted(path for package in packages for path in (root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(name: str, path: Path, *, later: bool = False) -> Iterator[str]:
    """Names imported while a module is imported.

    Of `from a import b` both `a.b`, which may not be a module, and `a`. Imports under
    `if TYPE_CHECKING` never happen and do not count; those inside functions happen later, and count
    if `later` is set.
    """
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    left: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            relative = "." * node.level + (node.module or "")
            origin = importlib.util.resolve_name(relative, package) if node.level else relative
            yield from (f"{origin}.{alias.name}" for alias in node.names)
            yield origin
        elif isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            left += node.orelse
        elif later or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            left += ast.iter_child_nodes(node)


def failures(root: Path, ours: dict[str, Path], forks: bool = FORKS) -> dict[str, str]:
    """Import each module of `ours` alone, with `root` first on the path.

    Returns
    -------
    dict of str to str
        The traceback of each module that cannot be imported.
    """
    top = {name.partition(".")[0] for name in ours}
    others = {other for name, path in ours.items() for other in imports(name, path)}
    asked = {
        "root": str(root),
        "others": sorted(other for other in others if other.partition(".")[0] not in top),
        "ours": sorted(top),
    }
    found: dict[str, str] = {}
    for batch in [list(ours)] if forks else [[name] for name in ours]:
        ran = subprocess.run(
            [sys.executable, __file__],
            input=json.dumps(asked | {"modules": batch, "forks": forks}),
            cwd=root,
            text=True,
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        found |= json.loads(ran.stdout.splitlines()[-1])
    return found


def attempt(name: str) -> str:
    """Import a module here: its traceback, or nothing."""
    try:
        importlib.import_module(name)
    except BaseException:  # noqa: BLE001 - a module may end the process or raise anything
        return traceback.format_exc()
    return ""


def attempt_in_fork(name: str) -> str:
    """Import a module in a fork of this process: its traceback, or nothing."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with open(writer, "w", encoding="utf-8") as report:
            report.write(attempt(name))
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as report:
        fault = report.read()
    _, status = os.waitpid(child, 0)
    return fault or (f"the process ended with status {status}" if status else "")


def main() -> None:
    """Answer one request from standard input: {module: traceback} of those that fail."""
    asked = json.load(sys.stdin)
    sys.path[0] = asked["root"]  # instead of this file's folder
    if asked["forks"]:
        for other in asked["others"]:
            # A missing module, or a name that is not a module, is left to the fork to find.
            with contextlib.suppress(Exception):
                importlib.import_module(other)
    loaded = {name.partition(".")[0] for name in sys.modules} & set(asked["ours"])
    assert not loaded, f"{loaded} came with other people's packages"
    one = attempt_in_fork if asked["forks"] else attempt
    results = {name: one(name) for name in asked["modules"]}
    print(json.dumps({name: fault for name, fault in results.items() if fault}))


if __name__ == "__main__":
    main()
