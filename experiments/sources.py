"""Lines of definitions in a file, for messages."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path


def line_of(path: Path, name: str) -> int:
    """The line on which a file defines a name at its top level; 1 if it does not."""
    return _definitions(path.read_text(encoding="utf-8-sig")).get(name, 1)


def line_of_literal(path: Path, literal: str) -> int:
    """The line on which a file first holds a string literal; 1 if it is built some other way."""
    return _literals(path.read_text(encoding="utf-8-sig")).get(literal, 1)


def line_of_field(path: Path, name: str) -> int:
    """The line on which a study's `Setup` declares a setting, or else that of `Setup` itself."""
    for node in ast.parse(path.read_text(encoding="utf-8-sig")).body:
        if isinstance(node, ast.ClassDef) and node.name == "Setup":
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and getattr(field.target, "id", "") == name:
                    return field.lineno
    return line_of(path, "Setup")


def repeated_keys(path: Path, name: str) -> dict[str, int]:
    """Keys that a file's dictionary of this name has more than once, with the line of the last."""
    lines: dict[str, list[int]] = {}
    for node in ast.parse(path.read_text(encoding="utf-8-sig")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            for key in node.value.keys if isinstance(node.value, ast.Dict) else ():
                if isinstance(key, ast.Constant):
                    lines.setdefault(str(key.value), []).append(key.lineno)
    return {key: found[-1] for key, found in lines.items() if len(found) > 1}


@lru_cache(maxsize=64)
def _definitions(text: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            lines.setdefault(node.name, node.lineno)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (one for target in targets for one in ast.walk(target)):
                if isinstance(name, ast.Name):
                    lines.setdefault(name.id, node.lineno)
    return lines


@lru_cache(maxsize=64)
def _literals(text: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            lines[node.value] = min(node.lineno, lines.get(node.value, node.lineno))
    return lines
