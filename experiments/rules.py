"""The rules that decide a study's claims, written out, and their hash, from which its seeds follow.

A rule is what is measured and between what ends it must lie; wording has no part in it. Whoever
moves a threshold after seeing a result draws every random number anew, so that no rule meets the
data that it was chosen on.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import xarray as xr

from experiments.claims import Rule
from experiments.results import Near, Place, Value

DIGITS = 12  # of the hash, hexadecimal: 48 bits, which JSON and JavaScript hold exactly


@cache
def fingerprint(study: ModuleType) -> str:
    """The hash of a study's rules, `DIGITS` hexadecimal digits."""
    return hashlib.sha256(rules(study).encode()).hexdigest()[:DIGITS]


def rules(study: ModuleType) -> str:
    """One line a case: the claim's id, what is measured, and the ends of the rule."""
    lines = []
    for key, claim in sorted(getattr(study, "CLAIMS", {}).items()):
        for case in claim.cases:
            write = _Writer(study)
            lines.append(f"{key}: {write(case.measure)} in {write(case.rule)}")
    return "\n".join(lines)


class _Writer:
    """Writes what a measurement is made of, so that equal text means an equal measurement.

    A function that the study defines is written as its code, without docstring and comments, with
    the study's own names that it uses; one from elsewhere is its name. What either holds from where
    it was made (`value("loss", norm="none")` holds two words) is written behind it.
    """

    def __init__(self, study: ModuleType) -> None:
        self.study = study
        self.within: list[FunctionType] = []  # functions that are being written

    def __call__(self, one: Any) -> str:
        if isinstance(one, Rule):
            return f"[{one.low!r}, {one.high!r}]"
        if isinstance(one, Value):
            return self(one.read)
        if isinstance(one, Near | Place | slice):
            return repr(one)
        if isinstance(one, dict):
            return "{" + ", ".join(f"{self(k)}: {self(v)}" for k, v in one.items()) + "}"
        if isinstance(one, set | frozenset):
            return "{" + ", ".join(sorted(map(self, one))) + "}"
        if isinstance(one, list | tuple):
            return "(" + ", ".join(map(self, one)) + ")"
        if isinstance(one, xr.DataArray):
            return self((one.dims, one.values))
        if isinstance(one, np.ndarray | np.generic):
            return self(one.tolist())
        if isinstance(one, partial):
            return f"{self(one.func)}({self(one.args)}, {self(one.keywords)})"
        if isinstance(one, FunctionType):
            return self._function(one)
        if isinstance(one, MethodType):
            return f"{self(one.__self__)}.{one.__name__}"
        if isinstance(one, np.ufunc | BuiltinFunctionType | type):
            return one.__name__
        if one is None or isinstance(one, bool | int | float | str):
            return repr(one)
        raise TypeError(f"a rule holds a {type(one).__name__}; write it with words and numbers")

    def _function(self, function: FunctionType) -> str:
        own = function.__module__ == self.study.__name__
        text = function.__qualname__ if own else f"{function.__module__}.{function.__qualname__}"
        if function in self.within:
            return text
        self.within.append(function)
        held = [cell.cell_contents for cell in function.__closure__ or ()]
        held += [function.__defaults__, function.__kwdefaults__]
        if own:
            text = _code(Path(function.__code__.co_filename), function.__code__.co_firstlineno)
            held += [
                known
                for name in sorted({*_names(function.__code__)})
                if _is_of_a_rule(known := function.__globals__.get(name), self.study)
            ]
        written = self([one for one in held if one is not None])
        self.within.pop()
        return text + written


def _is_of_a_rule(known: Any, study: ModuleType) -> bool:
    """Whether a name of a study is a number, a word, a quantity or a function of the study."""
    plain = bool | int | float | str | list | tuple | dict | set | frozenset
    if isinstance(known, FunctionType):
        return known.__module__ == study.__name__
    return isinstance(known, plain | Value | Rule | Near | Place | np.ndarray)


def _names(code: CodeType) -> Iterator[str]:
    """The names that code uses, in the functions within it too."""
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _names(one)


def _code(path: Path, line: int) -> str:
    """The functions that begin on a line of a file, without docstrings and comments."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8-sig"))):
        if isinstance(node, ast.FunctionDef | ast.Lambda) and node.lineno == line:
            if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
            found.append(_tree(node))
    if not found:
        raise TypeError(f"{path.name}:{line}: a function of a rule is written without a decorator")
    return "; ".join(found)


def _tree(node: Any) -> str:
    """A syntax tree, in words that are the same under every Python: what is empty is left out."""
    if isinstance(node, list):
        return f"[{', '.join(map(_tree, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    held = [(name, one) for name, one in ast.iter_fields(node) if one not in (None, [])]
    return f"{type(node).__name__}({', '.join(f'{name}={_tree(one)}' for name, one in held)})"
