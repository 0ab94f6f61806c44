"""docs/**/*.md, measurements and figures → Markdown for MkDocs, `claims.json`, `figures.json`.

Nothing is rendered unless every page agrees with every measurement: an unknown id, an undefined
value, a typed number, an unused claim or a verdict that the measurement contradicts are all
collected, and the build stops with the list.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

import jinja2

from experiments.suggest import unknown
from site_gen import paths
from site_gen.errors import BuildError, PageError
from site_gen.pages import checks, citations, contract, front, prose
from site_gen.pages.book import Book, claim_line
from site_gen.pages.calls import calls, environment
from site_gen.pages.tags import Page
from site_gen.storage import json_to_bytes

INTERFACE_VERSION = 1
MOST_ERRORS = 25


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
        Path under the documentation folder → bytes: the pages, a page for every figure, and the two
        indexes.

    Raises
    ------
    BuildError
        With everything that is wrong, each as `file:line: what, and the remedy`.
    """
    errors = [*front.navigation(sources, book.chapters), *disagreements(book, sources)]
    made_by = environment(sources)
    elsewhere = [*_faults_of_claims(book), *_faults_of_figures(book), *_faults_of_references(book)]
    reported = "\n".join(elsewhere)
    rendered: dict[str, bytes] = {}
    for name, text in sources.items():
        page = Page(book, made_by, name)
        wrong, content = _page(page, text, reported)
        errors += [f"docs/{name}:{line}: {message}" for line, message in sorted(wrong)]
        rendered[name] = page.finish(content).encode()
    errors += elsewhere
    if errors:
        errors = list(dict.fromkeys(errors))
        more = f"\n… and {len(errors) - MOST_ERRORS} more" if len(errors) > MOST_ERRORS else ""
        raise BuildError("\n".join(errors[:MOST_ERRORS]) + more)
    rendered |= _figure_pages(book, made_by)
    shared = {"version": INTERFACE_VERSION, "profile": book.profile}
    rendered["claims.json"] = json_to_bytes(shared | {"claims": list(book.claims.values())})
    rendered["figures.json"] = json_to_bytes(shared | {"figures": list(book.figures.values())})
    return rendered


def render_one(book: Book, sources: dict[str, str], name: str) -> bytes:
    """Render one page of docs/; a `BuildError` says what is wrong with it."""
    page = Page(book, environment(sources), name)
    wrong, content = _page(page, sources[name], "")
    if wrong:
        faults = [f"docs/{name}:{line}: {message}" for line, message in sorted(wrong)]
        raise BuildError("\n".join(faults))
    return page.finish(content).encode()


def _page(page: Page, text: str, reported: str) -> tuple[list[tuple[int, str]], str]:
    """Render one page: what is wrong with it, each with its line, and its Markdown.

    `reported` holds what is said of formulas in captions, claims and references, which pages print
    too.
    """
    wrong = list(front.faults(text)) or list(contract.faults(page.name, text))
    wrong += [(found.line, str(found)) for found in typed_in(text)]
    names = page.functions()
    in_tags = list(checks.tags(text, names))
    if in_tags:
        return wrong + in_tags, ""
    try:
        content = page.environment.get_template(page.name).render(names)
    except BuildError:
        raise
    except Exception as error:  # noqa: BLE001 - any error in a tag is a fault of the page
        return [*wrong, (_line(error, page.name), _message(error))], ""
    wrong += [found for found in checks.formulas(text, content) if found[1] not in reported]
    return wrong, content


def _figure_pages(book: Book, made_by: jinja2.Environment) -> dict[str, bytes]:
    """A page for every figure."""
    ordered = list(book.figures)
    rendered = {}
    for position, identifier in enumerate(ordered):
        name = f"figures/{identifier}/index.md"
        page = Page(book, made_by, name)
        url = f"{book.url}figures/{identifier}/"
        cites = citations.for_figure(book.figures[identifier], url)
        following = ordered[(position + 1) % len(ordered)]
        content = page.template(
            "figure_page.md",
            figure=page.entry(identifier),
            url=url,
            cites=cites,
            previous=book.figures[ordered[position - 1]],
            next=book.figures[following],
        )
        rendered[name] = page.finish(content).encode()
    return rendered


def _faults_of_claims(book: Book) -> Iterator[str]:
    """Claims that no page shows, that hold typed numbers, or formulas that cannot be set."""
    for identifier, claim in book.claims.items():
        for number in prose.typed_numbers(claim["because"]):
            yield (
                f"{claim_line(claim)}: in the reason of {identifier!r}, {number.number!r} is "
                f"typed: say it in words, or measure it as a value and put it on the page"
            )
        cases = [f"{case['when']}\n\n{case['rule']}" for case in claim["cases"]]
        for text in (claim["says"], claim["because"], *cases):
            for fault in checks.in_text(text):
                yield f"{claim_line(claim)}: in the claim {identifier!r}, {fault}"
        if claim["page"] is None and not book.incomplete:
            yield (
                f"{claim_line(claim)}: no page shows the claim {identifier!r}. "
                f'Put [[= claim("{identifier}") ]] on the page that discusses it'
            )


def _faults_of_figures(book: Book) -> Iterator[str]:
    """Figures with formulas that cannot be set, or claims that no study makes."""
    for figure in book.figures.values():
        where = figure["source"]
        for claim in figure["claims"]:
            if claim not in book.claims:
                yield f"{where}: in CLAIMS, {unknown('claim', claim, book.claims)}"
        for part in ("title", "caption", "alt"):
            for fault in checks.in_text(figure[part]):
                yield f"{where}: in the {part}, {fault}"


def _faults_of_references(book: Book) -> Iterator[str]:
    for key, entry in book.references.items():
        for fault in checks.in_text(citations.full(entry)):
            yield f"{citations.FILE}: in the reference {key!r}, {fault}"


def disagreements(book: Book, sources: dict[str, str]) -> list[str]:
    """Declared verdicts that the measurement contradicts or cannot decide.

    Only for a profile that is published.
    """
    if book.notice:
        return []
    errors = []
    places: dict[str, list[str]] = {}
    for name, text in sources.items():
        for call in calls(text):
            for argument in call.args[:1] or tuple(call.kwargs.values())[:1]:
                if isinstance(argument, str):
                    places.setdefault(argument, []).append(f"docs/{name}:{call.line}")
    for claim in book.claims.values():
        if claim["measured"] == claim["verdict"]:
            continue
        if claim["measured"] == "undecided":
            remedy = "run more, or declare a threshold that this many runs can decide"
        else:
            check = "check the experiment; if it is right"
            remedy = f"{check}, change the verdict and what the page says"
        where = ", ".join(places.get(claim["id"], ())) or claim_line(claim)
        outcomes = "; ".join(map(_outcome, claim["cases"]))
        errors.append(
            f"{where}: the claim {claim['id']!r} is declared {claim['verdict']!r} "
            f"({claim_line(claim)}) but measured {claim['measured']!r} ({outcomes}). "
            f"Remedy: {remedy}"
        )
    return errors


def _outcome(case: dict) -> str:
    """A case in words: its number, its interval, its rule, and whether that holds."""
    when = f"{case['when']}: " if case["when"] else ""
    held = {True: "holds", False: "fails", None: "cannot be told"}[case["holds"]]
    numbers = (float(case[key]) for key in ("estimate", "low", "high"))
    measured = "{:.6g} [{:.6g}, {:.6g}]".format(*numbers)
    return f"{when}{measured} against “{case['rule']}”: {held}"


def typed_in(text: str) -> list[prose.TypedNumber]:
    """Typed numbers in the prose and in the title and description of a page."""
    found = list(prose.typed_numbers(text))
    for line, content in enumerate(text[: front.end(text)].splitlines(), start=1):
        if content.startswith(tuple(f"{name}:" for name in front.NEEDED)):
            numbers = prose.typed_numbers(content)
            found += [prose.TypedNumber(line, number.number, False) for number in numbers]
    return found


def _line(error: Exception, name: str) -> int:
    """The line of a page on which rendering stumbled."""
    if isinstance(error, jinja2.TemplateSyntaxError) and error.name == name:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    here = [frame.lineno for frame in frames if frame.filename == name]
    return here[-1] if here else 1


def _message(error: Exception) -> str:
    if isinstance(error, PageError):
        return str(error)
    if isinstance(error, jinja2.TemplateSyntaxError):
        place = f"{paths.relative(Path(error.filename))}:{error.lineno}"
        return f"{place} cannot be read: {error.message}"
    if isinstance(error, jinja2.TemplateNotFound):
        return f"there is no template {error.name!r} to include"
    if isinstance(error, jinja2.UndefinedError):
        return f"{error}. CONTRIBUTING.md lists what tags can use"
    reason = f"{type(error).__name__}: {error}"
    return f"the tag cannot be filled in ({reason}). CONTRIBUTING.md lists what tags take"
