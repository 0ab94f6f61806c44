"""The tags of a page, as Jinja reads them: what `[[= name("argument", key="value") ]]` calls, and on which line.

Whatever asks which tags a page has asks here. No other place knows the delimiters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import meta, nodes

DELIMITERS = {
    "variable_start_string": "[[=",
    "variable_end_string": "]]",
    "block_start_string": "[[%",
    "block_end_string": "%]]",
    "comment_start_string": "[[#",
    "comment_end_string": "#]]",
}
PRINTS, STATEMENT, COMMENT = "variable", "block", "comment"  # kinds of tags, by Jinja's names


class _Computed:
    """Stands for an argument that is no literal."""

    def __repr__(self) -> str:
        return "COMPUTED"


COMPUTED = _Computed()


@dataclass(frozen=True)
class Call:
    """One call in a tag.

    Attributes
    ----------
    name : str
        What is called, for example "figure".
    args : tuple
        Its arguments by position: literals as they are, `COMPUTED` for everything else.
    kwargs : dict
        Its arguments by name, likewise.
    line : int
        The line of the page that the call is on.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    line: int

    @property
    def is_literal(self) -> bool:
        """Whether all of its arguments are literals."""
        return COMPUTED not in (*self.args, *self.kwargs.values())


@dataclass(frozen=True)
class Piece:
    """A stretch of a page: text (kind ""), or a whole tag.

    Attributes
    ----------
    kind : str
        "" for text, or `PRINTS`, `STATEMENT`, `COMMENT`.
    text : str
        The text; of a tag, what stands between its delimiters.
    line : int
        The line that it begins on.
    names : tuple of str
        The names that a tag calls, in their order.
    """

    kind: str
    text: str
    line: int
    names: tuple[str, ...] = ()


def environment(loader: jinja2.BaseLoader | None = None) -> jinja2.Environment:
    """A Jinja environment for pages: their delimiters; a name that does not exist is an error."""
    return jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        **DELIMITERS,
    )


READER = environment()


def calls(text: str) -> list[Call]:
    """All calls in the tags of a page, in their order; none for a page that `fault` objects to."""
    tree = _tree(text)
    found = [_call(node) for node in tree.find_all(nodes.Call) if isinstance(node.node, nodes.Name)]
    return sorted(found, key=lambda call: call.line)


def undeclared(text: str) -> list[tuple[str, int]]:
    """The names that a page uses without having set them, each with the first line that does."""
    tree = _tree(text)
    names = meta.find_undeclared_variables(tree)
    first: dict[str, int] = {}
    for node in tree.find_all(nodes.Name):
        if node.name in names:
            first[node.name] = min(node.lineno, first.get(node.name, node.lineno))
    return sorted(first.items(), key=lambda item: (item[1], item[0]))


def fault(text: str) -> tuple[int, str] | None:
    """What keeps Jinja from reading a page: the line on which the tag in question opens, and the reason."""
    try:
        READER.parse(text)
    except jinja2.TemplateSyntaxError as error:
        opened = [piece.line for piece in pieces(text) if piece.kind and piece.line <= error.lineno]
        line = opened[-1] if opened else error.lineno
        reason = error.message.partition(" at ")[0] if " char " in error.message else error.message
        return line, f'a tag cannot be read: {reason.rstrip(".")}. Tags look like [[= name("argument") ]]'
    return None


def pieces(text: str) -> Iterator[Piece]:
    """A page as text and tags; a tag that is not closed or cannot be read is the last piece."""
    kind, inside, line, names = "", [], 1, []
    name = ""
    try:
        for number, token, value in READER.lex(text):
            if token.endswith("_begin") and not token.startswith("raw"):
                kind, inside, line, names = token.removesuffix("_begin"), [], number, []
            elif token.endswith("_end") and not token.startswith("raw"):
                yield Piece(kind, "".join(inside), line, tuple(names))
                kind = ""
            elif token == "data":
                yield Piece("", value, number)
            elif kind:
                inside.append(value)
                if token == "operator" and value == "(" and name:
                    names.append(name)
                if token != "whitespace":
                    name = value if token == "name" else ""
    except jinja2.TemplateSyntaxError:
        pass
    if kind:
        yield Piece(kind, "".join(inside), line, tuple(names))


@lru_cache(maxsize=256)
def _tree(text: str) -> nodes.Template:
    try:
        return READER.parse(text)
    except jinja2.TemplateSyntaxError:
        return nodes.Template([])


def _call(node: nodes.Call) -> Call:
    args = [_literal(one) for one in node.args] + ([COMPUTED] if node.dyn_args else [])
    kwargs = {one.key: _literal(one.value) for one in node.kwargs}
    if node.dyn_kwargs:
        kwargs["**"] = COMPUTED
    return Call(node.node.name, tuple(args), kwargs, node.lineno)


def _literal(node: nodes.Expr) -> Any:
    try:
        return node.as_const(nodes.EvalContext(READER))
    except nodes.Impossible:
        return COMPUTED
