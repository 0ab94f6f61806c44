"""A unit of work: a pytask task whose state is the fingerprint of everything it is made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pytask import PathNode, PNode, TaskWithoutPath
from pytask.tree_util import tree_leaves

from site_gen.paths import ROOT
from site_gen.pipeline.fingerprint import digest, fingerprint


@dataclass(kw_only=True)
class Unit(TaskWithoutPath):
    """A task that runs `function` with its bound arguments.

    Attributes
    ----------
    kind : str
        What it makes: "result", "measure", "figure", "animation", "pages" or "site".
    subject : str
        The id that people know it by: of the study, the figure, or "".
    parts : dict
        What it is made of (`fingerprint.components`); pytask reruns the unit when their joint hash changes.
    """

    kind: str = ""
    subject: str = ""
    parts: dict[str, str] = field(default_factory=dict)

    def state(self) -> str:
        return fingerprint(self.parts)

    def is_current(self, known: Any, root: Path) -> bool:
        """Whether nothing changed since an entry of pytask's lock file, whose file names are relative to `root`."""

        def states(nodes: Any) -> dict[str, str | None]:
            return {os.path.relpath(node.path, root) if isinstance(node, PathNode) else node.name: node.state()
                    for node in tree_leaves(nodes)}  # fmt: skip

        return (
            known.state == self.state()
            and known.depends_on == states(self.depends_on)
            and known.produces == states(self.produces)
        )

    def execute(self, **_: Any) -> None:
        """Run the work; inputs and outputs are bound to the function, pytask's copies are not needed."""
        self.function()


@dataclass(kw_only=True)
class Tree(PNode):
    """A folder as an input or output: its state covers the name and content of every file in it."""

    name: str
    path: Path
    attributes: dict[Any, Any] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        return digest("tree", str(self.path))

    def state(self) -> str | None:
        if not self.path.is_dir():
            return None
        files = sorted(path for path in self.path.rglob("*") if path.is_file())
        names_and_hashes = (
            part for path in files
            for part in (path.relative_to(self.path).as_posix(), hashlib.sha256(path.read_bytes()).digest())
        )  # fmt: skip
        return digest(*names_and_hashes) if files else None

    def load(self, is_product: bool = False) -> Path:
        return self.path

    def save(self, value: Any) -> None:
        raise TypeError("a folder is written by the unit that makes it")


def unit(
    kind: str, subject: str, name: str, function: Callable, *args: Any,
    parts: dict[str, str], inputs: list[Path | Tree] = (), outputs: list[Path | Tree] = (),
) -> Unit:  # fmt: skip
    """Declare a unit of work; `function(*args)` reads the inputs and writes the outputs."""
    return Unit(
        name=name,
        function=partial(function, *args),
        depends_on={"inputs": [_node(item) for item in inputs]},
        produces={"outputs": [_node(item) for item in outputs]},
        kind=kind,
        subject=subject,
        parts=parts,
    )


def output_paths(task: Unit) -> list[Path]:
    """The files and folders that a unit makes."""
    return [node.path for node in tree_leaves(task.produces)]


def tree(path: Path) -> Tree:
    """A folder as a node."""
    return Tree(name=path.relative_to(ROOT).as_posix() + "/", path=path)


def _node(item: Path | Tree) -> PNode:
    return item if isinstance(item, Tree) else PathNode(name=item.as_posix(), path=item)
