"""docs/**/*.md + measurements + figures → plain Markdown for MkDocs, `claims.json` and `figures.json`.

Nothing is rendered unless every page agrees with every measurement: an unknown id, an undefined value, a typed-in number,
an unused claim or a verdict that the measurement contradicts are all collected, and the build stops with the list.
"""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import jinja2

from site_gen import paths
from site_gen.errors import BuildError
from site_gen.media import catalogue
from site_gen.pages import citations, formatting, prose
from site_gen.pages.book import Book, PageError, claim_line
from site_gen.pages.tags import Page
from site_gen.storage import json_to_bytes

TEMPLATES = Path(__file__).with_name("templates")
INTERFACE_VERSION = 1
MOST_ERRORS = 25
DELIMITERS = {
    "variable_start_string": "[[=", "variable_end_string": "]]", "block_start_string": "[[%", "block_end_string": "%]]",
    "comment_start_string": "[[#", "comment_end_string": "#]]",
}  # fmt: skip


def render(book: Book, sources: dict[str, str]) -> dict[str, bytes]:
    """Render all pages.

    Parameters
    ----------
    book : Book
        What pages may refer to.
    sources : dict
        Path under docs/ → text of the page.

    Returns
    -------
    dict
        Path under the documentation folder → bytes: the pages, a page for every figure, and the two indexes.

    Raises
    ------
    BuildError
        With everything that is wrong, each as `file:line: what, and the remedy`.
    """
    errors = disagreements(book, sources)
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([
            # with its name as the file's name, so that a traceback says on which line of which page
            jinja2.FunctionLoader(lambda name: (sources[name], name, None) if name in sources else None),
            jinja2.FileSystemLoader(TEMPLATES),
        ]),
        undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=True, **DELIMITERS,
    )  # fmt: skip
    formatting.register(environment)
    rendered: dict[str, bytes] = {}
    for name, text in sources.items():
        errors += [f"docs/{name}:{found.line}: {found}" for found in typed_in(text)]
        try:
            page = Page(book, environment, name)
            rendered[name] = page.finish(environment.get_template(name).render(page.functions())).encode()
        except (PageError, jinja2.TemplateError) as error:
            errors.append(f"docs/{name}:{_line(error, name)}: {_message(error)}")
    for claim in book.claims.values():
        errors += [f"{claim_line(claim)}: in the reason of {claim['id']!r}, {number.number!r} is typed: say it in words, or "
                   "measure it as a value and put it on the page" for number in prose.typed_numbers(claim["because"])]  # fmt: skip
    for figure in book.figures.values():
        errors += [f"{paths.relative(catalogue.find(figure['id']).path)}: {number.number!r} is typed into the title; put numbers "
                   "into the caption, from the data" for number in prose.typed_numbers(figure["title"])]  # fmt: skip
    for identifier, claim in book.claims.items():
        if claim["page"] is None:
            errors.append(f"{claim_line(claim)}: no page shows the claim {identifier!r}. Put [[= claim(\"{identifier}\") ]] on "
                          "the page that discusses it")  # fmt: skip
    if errors:
        more = f"\n… and {len(errors) - MOST_ERRORS} more" if len(errors) > MOST_ERRORS else ""
        raise BuildError("\n".join(errors[:MOST_ERRORS]) + more)
    ordered = list(book.figures)
    for position, identifier in enumerate(ordered):
        name = f"figures/{identifier}/index.md"
        page = Page(book, environment, name)
        url = f"{book.url}figures/{identifier}/"
        cites = citations.for_figure(book.figures[identifier], url)
        following = ordered[(position + 1) % len(ordered)]
        neighbours = {"previous": book.figures[ordered[position - 1]], "next": book.figures[following]}
        rendered[name] = page.finish(
            page.template("figure_page.md", figure=page.entry(identifier), url=url, cites=cites, **neighbours)
        ).encode()
    rendered["claims.json"] = json_to_bytes(
        {"version": INTERFACE_VERSION, "profile": book.profile, "claims": list(book.claims.values())}
    )
    rendered["figures.json"] = json_to_bytes(
        {"version": INTERFACE_VERSION, "profile": book.profile, "figures": list(book.figures.values())}
    )
    return rendered


def disagreements(book: Book, sources: dict[str, str]) -> list[str]:
    """Declared verdicts that the measurement contradicts or cannot decide, where the profile is one that is published."""
    if book.notice:
        return []
    errors = []
    for claim in book.claims.values():
        if claim["measured"] == claim["verdict"]:
            continue
        cases = "; ".join(
            f"{(case['when'] + ': ') if case['when'] else ''}{case['estimate']:.6g} [{case['low']:.6g}, {case['high']:.6g}] "
            f"against “{case['rule']}”: {({True: 'holds', False: 'fails', None: 'cannot be told'})[case['holds']]}"
            for case in claim["cases"]
        )  # fmt: skip
        remedy = ("run more, or declare a threshold that this many runs can decide" if claim["measured"] == "undecided"
                  else "check the experiment; if it is right, change the verdict and what the page says")  # fmt: skip
        where = [f"docs/{name}:{text.count(chr(10), 0, found.start()) + 1}" for name, text in sources.items()
                 for found in re.finditer(rf"\[\[=\s*\w+\(\s*[\"']{re.escape(claim['id'])}[\"']", text)]  # fmt: skip
        errors.append(f"{', '.join(where) or claim_line(claim)}: the claim {claim['id']!r} is declared {claim['verdict']!r} "
                      f"({claim_line(claim)}) but measured {claim['measured']!r} ({cases}). Remedy: {remedy}")  # fmt: skip
    return errors


def typed_in(text: str) -> list[prose.TypedNumber]:
    """Typed numbers in the prose and in the title and description of a page."""
    found = list(prose.typed_numbers(text))
    for line, content in enumerate(text.splitlines(), start=1):
        if line > 1 and content.strip() == "---":
            break
        if content.startswith(("title:", "description:")):
            found += [
                prose.TypedNumber(line, number.number, False) for number in prose.typed_numbers(content)
            ]
    return found


def _line(error: Exception, name: str) -> int:
    """The line of a page on which rendering stumbled."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.lineno
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    return frames[-1].lineno if frames else 1


def _message(error: Exception) -> str:
    if isinstance(error, jinja2.UndefinedError):
        return f"{error}. CONTRIBUTING.md lists what tags can use"
    return str(error)
