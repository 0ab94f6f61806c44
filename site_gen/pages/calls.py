"""The tags on a page, as Jinja's own parser reads them: what it asks for, before it is rendered.

Nothing else in this repository looks for tags: what is a tag, and where it ends, Jinja alone
decides. A tag in a code block is a tag; what stands between `raw` and `endraw` is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes

from site_gen.pages import formatting

TEMPLATES = Path(__file__).with_name("templates")
DELIMITERS = {
    "variable_start_string": "[[=",
    "variable_end_string": "]]",
    "block_start_string": "[[%",
    "block_end_string": "%]]",
    "comment_start_string": "[[#",
    "comment_end_string": "#]]",
}
KINDS = {"variable": "print", "block": "statement", "comment": "comment"}


class _NoLiteral:
    """The type of `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Any = _NoLiteral()  # an argument that is only known once the page is rendered


@dataclass(frozen=True)
class Call:
    """A function that a page calls by its name.

    Attributes
    ----------
    name : str
        The function.
    args : tuple
        Its positional arguments: literals as Python values, anything else as `UNKNOWN`.
    kwargs : dict
        Its keyword arguments, likewise.
    line : int
        The line of the page on which the call begins.
    spread : bool
        Whether more arguments come out of ``*…`` or ``**…``: how many shows once it is rendered.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    line: int = 1
    spread: bool = False

    def argument(self, position: int, name: str) -> Any:
        """An argument, by position or by name; `UNKNOWN` if it is not given."""
        return self.args[position] if position < len(self.args) else self.kwargs.get(name, UNKNOWN)


@dataclass(frozen=True)
class Part:
    """A stretch of a page: text, or one tag.

    Attributes
    ----------
    kind : str
        "text", "print" for ``[[= … ]]``, "statement" for ``[[% … %]]``, or "comment".
    source : str
        The text, or what stands between the delimiters.
    line : int
        The line on which it begins.
    """

    kind: str
    source: str
    line: int


def environment(pages: Mapping[str, str] | None = None) -> jinja2.Environment:
    """What renders pages and templates.

    Parameters
    ----------
    pages : mapping, optional
        Name → text of the pages. A page is compiled under its own name, so that a traceback
        says on which line of which page something went wrong.
    """
    pages = pages or {}
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FunctionLoader(
                    lambda name: (pages[name], name, None) if name in pages else None
                ),
                jinja2.FileSystemLoader(TEMPLATES),
            ]
        ),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        **DELIMITERS,
    )
    formatting.register(made)
    return made


@cache
def _parser() -> jinja2.Environment:
    return environment()


@lru_cache(maxsize=1024)
def _tree(text: str) -> nodes.Template:
    return _parser().parse(text)


def parses(text: str) -> bool:
    """Whether Jinja can read a page: if not, some of its calls may be unknown."""
    try:
        _tree(text)
    except jinja2.TemplateSyntaxError:
        return False
    return True


def calls(text: str) -> list[Call]:
    """All calls of functions on a page, in the order in which they stand there.

    Where the page as a whole does not parse, the calls of those tags that do: the rest is reported
    where the page is rendered.
    """
    try:
        return _within(_tree(text), 0)
    except jinja2.TemplateSyntaxError:
        found: list[Call] = []
        for part in parts(text):
            if part.kind == "print":
                found += _in_print(part)
        return found


def calls_in(part: Part) -> list[Call]:
    """The calls in one tag that prints something; none if it does not parse."""
    return _in_print(part) if part.kind == "print" else []


def undeclared(text: str) -> list[tuple[str, int]]:
    """Names that a page uses and neither it nor Jinja defines, each with its first line.

    Raises
    ------
    jinja2.TemplateSyntaxError
        If the page does not parse.
    """
    tree, open_names = _tree(text), _open_names(text)
    lines: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in open_names:
            lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
    return sorted(lines.items(), key=lambda item: (item[1], item[0]))


@lru_cache(maxsize=256)
def _open_names(text: str) -> frozenset[str]:
    from jinja2 import meta

    return frozenset(meta.find_undeclared_variables(_tree(text)) - set(_parser().globals))


def uncalled(text: str, names: Collection[str]) -> list[tuple[str, int]]:
    """Functions that a page names without calling them, each with its line.

    Names that the page sets by itself, in a loop for one, are its own.
    """
    tree = _tree(text)
    open_names = _open_names(text).intersection(names)
    called = {id(node.node) for node in tree.find_all(nodes.Call)}
    return [
        (node.name, node.lineno)
        for node in tree.find_all(nodes.Name)
        if node.name in open_names and id(node) not in called
    ]


def parts(text: str) -> Iterator[Part]:
    """Cut a page into text and tags; ends early where Jinja cannot go on."""
    kind, source, began = "text", "", 1
    try:
        for line, token, value in _parser().lex(text):
            word, _, edge = token.rpartition("_")
            if edge == "begin" and word in KINDS:
                kind, source, began = KINDS[word], "", line
            elif edge == "end" and word in KINDS:
                yield Part(kind, source, began)
                kind = "text"
            elif token == "data":
                yield Part("text", value, line)
            elif token not in ("raw_begin", "raw_end"):
                source += value
    except jinja2.TemplateSyntaxError:
        return


def opening_of(text: str, line: int) -> int:
    """Where an unclosed tag was opened: the last line, up to this one, on which a tag begins."""
    opened = line
    try:
        for at, token, _ in _parser().lex(text):
            if at > line:
                break
            if token.endswith("_begin"):
                opened = at
    except jinja2.TemplateSyntaxError:
        pass
    return opened


def _in_print(part: Part) -> list[Call]:
    opening, closing = DELIMITERS["variable_start_string"], DELIMITERS["variable_end_string"]
    try:
        return _within(_tree(f"{opening} {part.source} {closing}"), part.line - 1)
    except jinja2.TemplateSyntaxError:
        return []


def _within(tree: nodes.Node, above: int) -> list[Call]:
    found = [
        Call(
            node.node.name,
            tuple(_literal(one) for one in node.args),
            {one.key: _literal(one.value) for one in node.kwargs},
            node.lineno + above,
            bool(node.dyn_args or node.dyn_kwargs),
        )
        for node in tree.find_all(nodes.Call)
        if isinstance(node.node, nodes.Name)
    ]
    return sorted(found, key=lambda call: call.line)


def _literal(node: nodes.Expr) -> Any:
    try:
        return node.as_const()
    except nodes.Impossible:
        return UNKNOWN
