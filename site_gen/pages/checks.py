"""Faults in a page's tags and formulas, found before MkDocs sees it, with the page's own line."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jinja2

from experiments.suggest import unknown
from site_gen.pages import front, mathml, prose
from site_gen.pages.calls import UNKNOWN, Call, calls, environment, opening_of, uncalled, undeclared

_SCRIPT = re.compile(r"<(script|pre|code)\b.*?</\1>", re.S)
# a tag without its sign, or as other tools write it
_UNMARKED = re.compile(r"(?:\[|\{){2}\s*(\w+)\(")
_HIDDEN = (prose.CODE[0], _SCRIPT, prose.CODE[1], prose.COMMENT, prose.ELEMENT)


def tags(text: str, names: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """What is wrong with the tags of a page, each with its line.

    Parameters
    ----------
    text : str
        The page.
    names : mapping
        Whatever tags can use: functions and values.
    """
    try:
        missing = [(name, line) for name, line in undeclared(text) if name not in names]
    except jinja2.TemplateSyntaxError as error:
        yield opening_of(text, error.lineno), _syntax_fault(error.message or "")
        return
    functions = {name: value for name, value in names.items() if callable(value)}
    for name, line in missing:
        called = any(call.name == name for call in calls(text))
        yield line, unknown("tag" if called else "name", name, functions if called else names)
    for name, line in uncalled(text, functions):
        usage = _usage(name, inspect.signature(functions[name]))
        yield line, f"{name} is named and not called. It is written {usage}"
    plain = _without_code(text)
    for found in _UNMARKED.finditer(plain):
        if found[1] in functions:
            line = plain.count("\n", 0, found.start()) + 1
            usage = _usage(found[1], inspect.signature(functions[found[1]]))
            yield line, f"{found[1]} would be printed as text. It is written {usage}"
    for call in calls(text):
        function = names.get(call.name)
        if callable(function):
            wrong = arguments(call, function)
            if wrong:
                yield call.line, wrong


def _syntax_fault(said: str) -> str:
    """What Jinja says of a tag that it cannot read, in one sentence, and the remedy."""
    jinja = environment()
    if missing := re.match(r"No (filter|test) named '(.*)'", said):
        known = jinja.filters if missing[1] == "filter" else jinja.tests
        return unknown(f"Jinja {missing[1]}", missing[2], known)
    # a place in characters helps nobody
    reason = re.sub(r" at \d+$", "", said).rstrip(".").replace(". ", "; ")
    remedy = "Close every bracket and quotation mark in it, and end it with ]]"
    if "unknown tag" in said:
        remedy = "A tag that prints something is written [[= … ]]"
    return f"the tag cannot be read: {reason}. {remedy}"


def arguments(call: Call, function: Callable[..., Any]) -> str:
    """What is wrong with the arguments of a call; "" if nothing is."""
    signature = inspect.signature(function)
    parameters = signature.parameters
    nameable = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    named = [key for key, one in parameters.items() if one.kind in nameable]
    usage = _usage(call.name, signature)
    if not any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        for key in call.kwargs:
            if key not in named:
                return f"{call.name}: {unknown('argument', key, named)}. It is written {usage}"
    if call.spread:
        return ""
    try:
        bound = signature.bind(*call.args, **call.kwargs)
    except TypeError as error:
        return f"{call.name}: {error}. It is written {usage}"
    for key, value in bound.arguments.items():
        if parameters[key].annotation not in ("str", str):
            continue
        for one in value if parameters[key].kind is inspect.Parameter.VAR_POSITIONAL else (value,):
            if one is not UNKNOWN and not isinstance(one, str):
                wrong = f"{key} is a text between quotation marks, not {one!r}"
                return f"{call.name}: {wrong}. It is written {usage}"
    return ""


def _usage(name: str, signature: inspect.Signature) -> str:
    """A call with all its arguments, as CONTRIBUTING.md writes it."""
    shown = []
    for key, one in signature.parameters.items():
        if one.kind is one.VAR_POSITIONAL:
            shown.append(f'"{key.rstrip("s")}", …')
        elif one.kind is one.VAR_KEYWORD:
            shown.append("setting=…")
        elif one.kind is one.KEYWORD_ONLY:
            shown.append(f'{key}="…"')
        else:
            shown.append(f'"{key}"')
    return f"[[= {name}({', '.join(shown)}) ]]"


def formulas(source: str, rendered: str) -> Iterator[tuple[int, str]]:
    """The formulas of a page that cannot be set, each with its line.

    Parameters
    ----------
    source : str
        The page as it was written: gives the line.
    rendered : str
        The same with its tags filled in: gives the formula.
    """
    wrong = {
        formula.tex: fault
        for formula in mathml.formulas(_without_code(rendered))
        if (fault := mathml.fault(formula))
    }
    if not wrong:
        return
    written = list(mathml.formulas(_without_code(prose.without_tags(source))))
    for tex, fault in wrong.items():
        lines = [formula.line for formula in written if _matches(formula.tex, tex)]
        yield from ((line, fault) for line in lines or [_tag_line(source, tex)])


def in_text(text: str) -> list[str]:
    """The formulas of a caption, a claim or the like that cannot be set."""
    found = mathml.formulas(_without_code(text))
    return [fault for formula in found if (fault := mathml.fault(formula))]


def _without_code(text: str) -> str:
    """A text without front matter, code and HTML elements; every line keeps its number."""
    inside = front.end(text)
    text = "\n" * text.count("\n", 0, inside) + text[inside:]
    return prose.hide(text, *_HIDDEN)


def _matches(written: str, tex: str) -> bool:
    """Whether a formula as written, with signs for its tags, became this formula."""
    pieces = re.split(f"[{prose.MEASURED}{prose.OTHER}]\n*", written)
    return re.fullmatch(".*?".join(re.escape(piece) for piece in pieces), tex, re.S) is not None


def _tag_line(source: str, tex: str) -> int:
    """The line on which a tag holds a formula as an argument; 1 if none does."""
    for call in calls(source):
        if any(isinstance(one, str) and tex in one for one in (*call.args, *call.kwargs.values())):
            return call.line
    return 1
