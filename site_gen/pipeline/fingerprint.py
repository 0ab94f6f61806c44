"""The fingerprint of a unit of work, which decides when it is stale.

A unit depends on *definitions*, not on files: starting from the functions it calls, every top-level
definition of this repository that they name is followed, through imports, and hashed as a
normalised syntax tree (no comments, no docstrings, no layout). So a comment reruns nothing, a new
claim does not rerun the study it is about, and a changed sign in `Standardize.backward` reruns
exactly the units that reach `Standardize`. A file beside a module (`digits.npz`, `house.mplstyle`,
a folder) is part of each definition that names it in a string literal.

A parsed module is cached by the hash of its file; the definitions that a root reaches are cached by
the hashes of all files on the path.
"""

from __future__ import annotations

import ast
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from site_gen import paths
from site_gen.errors import BuildError
from site_gen.files import Hashes, read

PACKAGES = ("experiments", "site_gen")
WHOLE = "*"
LEVEL = "(module level)"
DIGITS = 24  # of a hash, in hexadecimal: enough that no two definitions ever share one
# Documentation of a folder is not part of its content.
DOCUMENTS = re.compile(r"(README|LICENSE|LICENCE|OFL|NOTICE)\b.*", re.I)
FILE_NAME = re.compile(r"[\w-][\w./ -]{1,78}")


def digest(*parts: str | bytes) -> str:
    """SHA-256 of the delimited parts, in hexadecimal: ("ab", "c") differs from ("a", "bc")."""
    sha = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        sha.update(len(raw).to_bytes(8, "big") + raw)
    return sha.hexdigest()[:DIGITS]


def fingerprint(parts: dict[str, str]) -> str:
    """One hash of all parts."""
    return digest(*(text for item in sorted(parts.items()) for text in item))


class Code:
    """The definitions of this repository, and what each reaches.

    Parameters
    ----------
    hashes : Hashes
        Of the files.
    modules, reached : dict
        What was taken apart and followed last time, as `modules` and `reached` held it then.
    """

    def __init__(
        self,
        hashes: Hashes,
        modules: dict[str, list] | None = None,
        reached: dict[str, Any] | None = None,
    ) -> None:
        self.hashes = hashes
        self.modules = dict(modules or {})
        self.reached = dict(reached or {})
        self._located: dict[str, str | None] = {}
        self._parsed: dict[str, dict[str, Any]] = {}
        self._listed: dict[str, set[str]] = {}

    def reach(self, roots: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The hashes of all definitions and files that the roots reach.

        Parameters
        ----------
        roots : iterable of (module, definition)
            Where to start; the definition `"*"` stands for all of a module.

        Returns
        -------
        dict
            "path: definition" or "path" of a file → hash.

        Raises
        ------
        BuildError
            If a module is missing or is not valid Python; names file and line.
        """
        key = " ".join(sorted(f"{module}:{name}" for module, name in roots))
        known = self.reached.get(key)
        if known and known["names"] == self._names and self._unchanged(known["files"]):
            return known["parts"]
        parts, through = self._follow(list(roots))
        self.reached[key] = {"names": self._names, "parts": parts, "files": through}
        return parts

    @cached_property
    def _names(self) -> str:
        """Which files there are, and Python: a new file may be what a name leads to."""
        folders = [paths.ROOT / package for package in PACKAGES]
        names = (paths.relative(path) for folder in folders for path in paths.sources(folder))
        return digest(sys.version, *names)

    def _unchanged(self, files: dict[str, str | None]) -> bool:
        return all(self.hashes.of(path) == sha for path, sha in files.items())

    def _follow(self, queue: list[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str | None]]:
        found: dict[str, str] = {}
        through: dict[str, str | None] = {}
        seen: set[tuple[str, str]] = set()
        while queue:
            root = queue.pop()
            if root in seen:
                continue
            seen.add(root)
            module, definition = root
            source = self.module(module)
            through[source["path"]] = self.hashes.of(source["path"])
            for key, statements in _reached(source, definition):
                if (module, key) in seen and key != definition:
                    continue
                seen.add((module, key))
                label = source["path"] + ("" if key == WHOLE else f": {key}")
                found[label] = digest(*(one["hash"] for one in statements))
                for one in statements:
                    queue += self._uses(module, source, one)
                    for path in self._files(source["path"], one):
                        through[path] = found[path] = self.hashes.of(path) or ""
        return dict(sorted(found.items())), through

    def module(self, name: str) -> dict[str, Any]:
        """A parsed module: its `path`, `definitions`, `imports`, `unnamed` and `statements`."""
        if name not in self._parsed:
            path = self._locate(name)
            if path is None:
                raise BuildError(f"there is no module {name} in this repository")
            sha = self.hashes.of(path)
            known = self.modules.get(path)
            if not known or known[0] != sha:
                known = self.modules[path] = [sha, _take_apart(path, name)]
            self._parsed[name] = known[1] | {"path": path}
        return self._parsed[name]

    def _locate(self, name: str) -> str | None:
        if name not in self._located:
            base = name.replace(".", "/")
            inside = name.split(".")[0] in PACKAGES
            places = (f"{base}.py", f"{base}/__init__.py") if inside else ()
            self._located[name] = next((one for one in places if self.hashes.of(one)), None)
        return self._located[name]

    def _target(self, module: str, name: str) -> tuple[str, str] | None:
        """The module or definition of this repository that `from module import name` binds."""
        if name == WHOLE:
            return (module, WHOLE) if self._locate(module) else None
        if self._locate(f"{module}.{name}"):
            return f"{module}.{name}", WHOLE
        return (module, name) if self._locate(module) else None

    def _uses(self, module: str, source: dict, statement: dict) -> Iterator[tuple[str, str]]:
        """The definitions of this repository that a statement names."""
        for imported in statement["imports"]:
            if target := self._target(*imported):
                yield target
        for name, attribute in statement["names"]:
            if name in source["definitions"]:
                yield module, name
            elif target := self._target(*source["imports"][name]):
                # `theory.rate` reaches one definition of an imported module, a bare `theory` all
                whole = target[1] == WHOLE and attribute
                yield (target[0], attribute) if whole else target

    def _files(self, path: str, statement: dict) -> Iterator[str]:
        """Files beside the module that the statement names by a literal; code is excluded."""
        folder = path.rpartition("/")[0]
        if folder not in self._listed:
            self._listed[folder] = {one.name for one in (paths.ROOT / folder).iterdir()}
        for text in statement["strings"]:
            if text.split("/")[0] not in self._listed[folder]:
                continue
            place = paths.ROOT / folder / text
            inside = paths.sources(place) if place.is_dir() else [place] if place.is_file() else []
            for file in inside:
                if file.suffix not in (".py", ".pyc") and not DOCUMENTS.fullmatch(file.name):
                    yield paths.relative(file)


def _reached(source: dict, definition: str) -> Iterator[tuple[str, list[dict]]]:
    """A definition's statements, and those that run whenever the module is imported."""
    statements = source["statements"]
    if source["unnamed"]:
        yield LEVEL, [statements[number] for number in source["unnamed"]]
    wanted = list(source["definitions"]) if definition == WHOLE else [definition]
    for name in wanted:
        if name in source["definitions"]:
            yield name, [statements[number] for number in source["definitions"][name]]
        elif name in source["imports"]:  # this module only re-exports it
            sha = digest(*source["imports"][name])
            passed = {"hash": sha, "names": [[name, None]], "imports": [], "strings": []}
            yield f"import {name}", [passed]


def _take_apart(path: str, name: str) -> dict[str, Any]:
    """The top-level definitions of a module, its imports, and the names in each statement."""
    try:
        tree = ast.parse(read(paths.ROOT / path).decode("utf-8-sig"))
    except SyntaxError as error:
        raise BuildError(
            f"{path}:{error.lineno or 1}: {error.msg}. Mend the syntax and build again."
        ) from None
    except ValueError as error:
        raise BuildError(f"{path}: {error}. Save it as UTF-8 text and build again.") from None
    _strip_docstrings(tree)
    is_package = path.endswith("/__init__.py")
    definitions: dict[str, list[int]] = {}
    imports: dict[str, list[str]] = {}
    unnamed: list[int] = []
    kept: list[ast.stmt] = []
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imports |= _targets(statement, name, is_package)
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            continue  # never runs
        else:
            bound = _binds(statement)
            for defined in bound:
                definitions.setdefault(defined, []).append(len(kept))
            if not bound:
                unnamed.append(len(kept))
            kept.append(statement)
    known = definitions.keys() | imports.keys()
    statements = [_describe(statement, known, name, is_package) for statement in kept]
    return {
        "definitions": definitions,
        "imports": imports,
        "unnamed": unnamed,
        "statements": statements,
    }


def _strip_docstrings(tree: ast.Module) -> None:
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(tree):
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]


def _describe(
    statement: ast.stmt, known: set[str], importer: str, is_package: bool
) -> dict[str, Any]:
    """One statement: its hash, and the names, imports and file names in it."""
    names: dict[tuple[str, str | None], None] = {}
    imports: list[list[str]] = []
    strings: dict[str, None] = {}
    attributes = {
        id(node.value): node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)
    }
    for node in ast.walk(statement):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports += _targets(node, importer, is_package).values()
        elif isinstance(node, ast.Name) and node.id in known:
            names[node.id, attributes.get(id(node))] = None
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and FILE_NAME.fullmatch(node.value)
        ):
            strings[node.value] = None
    return {
        "hash": digest(ast.dump(statement)),
        "names": [list(one) for one in names],
        "imports": imports,
        "strings": list(strings),
    }


def _binds(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [
            node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)
        ]
    return []


def _targets(
    statement: ast.Import | ast.ImportFrom, importer: str, is_package: bool
) -> dict[str, list[str]]:
    """Local name → [module, definition] for what an import brings in from these packages."""
    if isinstance(statement, ast.Import):
        return {
            alias.asname or alias.name.split(".")[0]: [alias.name, WHOLE]
            for alias in statement.names
            if alias.name.split(".")[0] in PACKAGES
        }
    module = statement.module or ""
    if statement.level:
        here = importer.split(".") if is_package else importer.split(".")[:-1]
        package = here[: len(here) - statement.level + 1]
        module = ".".join([*package, module] if module else package)
    if module.split(".")[0] not in PACKAGES:
        return {}
    return {alias.asname or alias.name: [module, alias.name] for alias in statement.names}
