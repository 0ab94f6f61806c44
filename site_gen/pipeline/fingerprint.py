"""What a unit of work is made of, and so when it is stale.

A unit depends on *definitions*, not on files: starting from the functions it calls, every top-level definition of this
repository that they name is followed, through imports, and hashed as a normalised syntax tree (no comments, no
docstrings, no layout). So a comment reruns nothing, a new claim does not rerun the study it is about, and a sign changed
in `Standardize.backward` reruns exactly the units that reach `Standardize`. A file that a reached definition names by a
string literal and that lies beside its module (`mnist.npz`, `house.mplstyle`, a folder) counts as a part of it.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from site_gen import files
from site_gen.errors import BuildError

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("experiments", "site_gen")
WHOLE = "*"
MEMORY = "build/state/code.json"  # below ROOT


def digest(*parts: str | bytes) -> str:
    """SHA-256 of the parts, as 64 hexadecimal digits; the parts are delimited, so ("ab", "c") differs from ("a", "bc")."""
    sha = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        sha.update(len(raw).to_bytes(8, "big") + raw)
    return sha.hexdigest()


def components(
    roots: Iterable[tuple[str, str]], libraries: Iterable[str] = (), **facts: object
) -> dict[str, str]:
    """Everything that a unit is made of, by name.

    Parameters
    ----------
    roots : iterable of (module, definition)
        Where to start; the definition `"*"` stands for all of a module.
    libraries : iterable of str
        Distributions whose version matters to the bytes that come out.
    **facts : object
        Anything else that decides the outcome, such as the point of a study; taken by its `repr`.

    Returns
    -------
    dict
        Name → hash (code, files), version (libraries) or `repr` (facts).
    """
    found = dict(code(tuple(roots)))
    for library in libraries:
        found[f"{library} (installed version)"] = _version(library)
    for fact, value in facts.items():
        found[fact] = repr(value)
    return dict(sorted(found.items()))


def code(roots: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The hashes of all definitions and files of this repository that the roots reach."""
    followed = _memory()["code"]
    if repr(roots) not in followed:
        followed[repr(roots)] = _follow(roots)
    return followed[repr(roots)]


def remember() -> None:
    """Keep what was followed: as long as no file of the packages changes, the next build need not parse them."""
    files.write_if_changed(ROOT / MEMORY, json.dumps(_memory()).encode())


@cache
def _memory() -> dict[str, Any]:
    """What `remember` kept, if every file of the packages and Python are the same as then; else an empty memory."""
    sources = [
        path for package in PACKAGES for path in sorted((ROOT / package).rglob("*"))
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")
    ]  # fmt: skip
    contents = (part for path in sources for part in (path.relative_to(ROOT).as_posix(), path.read_bytes()))
    now = digest(sys.version, *contents)
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads((ROOT / MEMORY).read_bytes())
        if kept["sources"] == now and isinstance(kept["code"], dict):
            return kept
    return {"sources": now, "code": {}}


def _follow(roots: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    queue = list(roots)
    while queue:
        root = queue.pop()
        if root in seen:
            continue
        seen.add(root)
        name, definition = root
        module = read(name)
        for key, statements in module.reach(definition):
            if (name, key) in seen and key != definition:
                continue
            seen.add((name, key))
            label = f"{module.path.relative_to(ROOT).as_posix()}" + ("" if key == WHOLE else f": {key}")
            found[label] = digest(*(normalised(statement) for statement in statements))
            for statement in statements:
                queue.extend(_uses(name, statement))
                for path in _files(name, statement):
                    found[path.relative_to(ROOT).as_posix()] = _file_hash(path)
    return found


def fingerprint(parts: dict[str, str]) -> str:
    """One hash of all components."""
    return digest(*(text for item in sorted(parts.items()) for text in item))


@cache
def normalised(statement: ast.stmt) -> str:
    """The syntax tree of a statement of a module that was `read`: no docstrings, comments, positions or layout."""
    return ast.dump(statement)


@dataclass(frozen=True)
class Source:
    """One module of this repository, taken apart into its top-level definitions."""

    name: str
    path: Path
    definitions: dict[str, list[ast.stmt]]
    imports: dict[str, tuple[str, str]]
    unnamed: list[ast.stmt]

    def reach(self, definition: str) -> Iterator[tuple[str, list[ast.stmt]]]:
        """The definition's statements, and those that run whenever the module is imported."""
        if self.unnamed:
            yield "(module level)", self.unnamed
        if definition == WHOLE:
            yield from self.definitions.items()
        elif definition in self.definitions:
            yield definition, self.definitions[definition]
        elif definition in self.imports:  # a name that this module only passes on
            yield f"import {definition}", [ast.Expr(ast.Name(definition, ast.Load()))]

    def uses(self, statement: ast.stmt) -> Iterator[tuple[str, str]]:
        """The definitions of this repository that a statement names."""
        attributes = {
            id(node.value): node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)
        }
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for module, name in _targets(node, self.name).values():
                    yield module, name
            elif isinstance(node, ast.Name):
                if node.id in self.definitions:
                    yield self.name, node.id
                elif node.id in self.imports:
                    module, name = self.imports[node.id]
                    # `theory.rate` reaches one definition of an imported module; a bare `theory` reaches them all
                    yield module, attributes.get(id(node), WHOLE) if name == WHOLE else name

    def files(self, statement: ast.stmt) -> Iterator[Path]:
        """Files beside the module that the statement names by a literal; code is followed by its imports instead."""
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and 2 < len(node.value) < 80:
                path = self.path.parent / node.value
                if "\n" in node.value or node.value.startswith(("/", ".")) or not path.exists():
                    continue
                inside = sorted(path.rglob("*")) if path.is_dir() else [path]
                yield from (file for file in inside if file.is_file() and file.suffix not in (".py", ".pyc"))


@cache
def read(name: str) -> Source:
    """Parse a module of this repository.

    Raises
    ------
    BuildError
        If the file is missing or is not valid Python; names file and line.
    """
    path = _locate(name)
    if path is None:
        raise BuildError(f"there is no module {name} in this repository")
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise BuildError(
            f"{path.relative_to(ROOT)}:{error.lineno}: {error.msg}. Mend the syntax and build again."
        ) from None
    definitions: dict[str, list[ast.stmt]] = {}
    imports: dict[str, tuple[str, str]] = {}
    unnamed: list[ast.stmt] = []
    for node in ast.walk(tree):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and _docstring(node.body):
            node.body = node.body[1:] or [ast.Pass()]
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports |= _targets(statement, name)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            continue  # never runs
        else:
            bound = _binds(statement)
            for defined in bound:
                definitions.setdefault(defined, []).append(statement)
            if not bound:
                unnamed.append(statement)
    return Source(name, path, definitions, imports, unnamed)


def _binds(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return []


def _targets(statement: ast.Import | ast.ImportFrom, importer: str) -> dict[str, tuple[str, str]]:
    """Local name → (module, definition) for what an import brings in from this repository."""
    found = {}
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if _locate(alias.name):
                found[alias.asname or alias.name.split(".")[0]] = (alias.name, WHOLE)
        return found
    module = statement.module or ""
    if statement.level:
        here = importer.split(".") if _locate(importer).name == "__init__.py" else importer.split(".")[:-1]
        package = here[: len(here) - statement.level + 1]
        module = ".".join([*package, module] if module else package)
    for alias in statement.names:
        if _locate(f"{module}.{alias.name}"):
            found[alias.asname or alias.name] = (f"{module}.{alias.name}", WHOLE)
        elif _locate(module):
            found[alias.asname or alias.name] = (module, alias.name)
    return found


@cache
def _locate(name: str) -> Path | None:
    if name.split(".")[0] not in PACKAGES:
        return None
    base = ROOT.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def _uses(module: str, statement: ast.stmt) -> list[tuple[str, str]]:
    return list(read(module).uses(statement))


@cache
def _files(module: str, statement: ast.stmt) -> list[Path]:
    return list(read(module).files(statement))


@cache
def _version(library: str) -> str:
    return metadata.version(library)


@cache
def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _docstring(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and isinstance(
        body[0].value.value, str)  # fmt: skip
