"""docs/**/*.md + measurements + figures → plain Markdown for MkDocs, `claims.json` and `figures.json`.

Nothing is rendered unless every page agrees with every measurement: an unknown id, an undefined value, a typed-in number,
an unused claim or a verdict that the measurement contradicts are all collected, and the build stops with the list.
"""

from __future__ import annotations

import ast
import hashlib
import re
import traceback
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2

from site_gen import citations, formatting, gallery, paths, prose
from site_gen.errors import BuildError
from site_gen.measure import line_of
from site_gen.storage import json_to_bytes, read_json

TEMPLATES = Path(__file__).with_name("templates")
INTERFACE_VERSION = 1
MOST_ERRORS = 25
DELIMITERS = {
    "variable_start_string": "[[=", "variable_end_string": "]]", "block_start_string": "[[%", "block_end_string": "%]]",
    "comment_start_string": "[[#", "comment_end_string": "#]]",
}  # fmt: skip
QUICK_BANNER = """
!!! warning "Quick profile: not for citation"

    Every study on this copy of the site was shrunk so that it builds within a minute. Intervals are wide and verdicts may differ.
"""


class PageError(Exception):
    """Something a tag on a page asks for does not exist; gets its page and line where it is caught."""


@dataclass(frozen=True)
class Book:
    """Everything that pages may refer to.

    Attributes
    ----------
    profile : str
        The profile that all measurements come from.
    studies : dict
        Study → what `measure.evaluate` gave.
    figures : dict
        Id → entry of `figures.json`.
    references : dict
        Key → CSL-JSON entry.
    url : str
        Where the site is published, with a slash at the end.
    """

    profile: str
    studies: dict[str, dict[str, Any]]
    figures: dict[str, dict[str, Any]]
    references: dict[str, dict[str, Any]]
    url: str

    @cached_property
    def claims(self) -> dict[str, dict[str, Any]]:
        """All claims by id, in the order of studies and, within one, of its declaration.

        Raises
        ------
        BuildError
            If two studies declare the same id, or a claim names a figure or a source that does not exist.
        """
        found: dict[str, dict[str, Any]] = {}
        for name, study in self.studies.items():
            for claim in study["claims"]:
                where = claim_line(claim)
                if claim["id"] in found:
                    raise BuildError(
                        f"{where}: the claim {claim['id']!r} stands in {found[claim['id']]['study']} too"
                    )
                if claim["figure"] not in self.figures:
                    raise BuildError(f"{where}: the claim {claim['id']!r} names the figure {claim['figure']!r}, which does not "
                                     f"exist; the figures are: {', '.join(self.figures)}")  # fmt: skip
                if claim["source"] not in citations.POPULAR and claim["source"] not in self.references:
                    raise BuildError(f"{where}: the claim {claim['id']!r} names the source {claim['source']!r}, which is not "
                                     "in docs/references.json")  # fmt: skip
                found[claim["id"]] = claim | {"study": name}
        return found

    def measurement(self, name: str) -> dict[str, Any]:
        """A measured value ("study.name") or the headline of a claim (its id)."""
        study, _, value = name.partition(".")
        if study in self.studies and value in self.studies[study]["values"]:
            return self.studies[study]["values"][value]
        if name in self.claims:
            return self.claims[name]
        known = (
            [f"{study}.{key}" for key in self.studies[study]["values"]]
            if study in self.studies
            else list(self.studies)
        )
        raise PageError(f"there is no measured value {name!r}; there are: {', '.join(known)}")


def collect(profile: str, names: list[str], url: str) -> Book:
    """Read what the earlier stages left: measurements, figures with the hashes of their files, references."""
    studies = {name: read_json(paths.measures(profile, name)) for name in names}
    claims_of: dict[str, list[str]] = {}
    for study in studies.values():
        for claim in study["claims"]:
            claims_of.setdefault(claim["figure"], []).append(claim["id"])
    figures = {}
    for drawing in gallery.drawings().values():
        folder = paths.media(profile, drawing.id)
        entry = read_json(folder / f"{drawing.id}.json")
        files = [_file_entry(folder / name) for name in drawing.files()]
        figures[drawing.id] = entry | {"claims": claims_of.get(drawing.id, []), "files": files}
    return Book(profile, studies, figures, citations.load(), url)


def _file_entry(path: Path) -> dict[str, Any]:
    raw = path.read_bytes()
    return {
        "path": f"figures/{path.parent.name}/{path.name}",
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
    }


def claim_line(claim: dict[str, Any]) -> str:
    """Where a claim is declared, as `file:line`."""
    path = paths.STUDIES / f"{claim['study']}.py"
    return f"{paths.relative(path)}:{line_of(path, claim['id'])}"


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
        errors += [f"{paths.relative(gallery.find(figure['id']).path)}: {number.number!r} is typed into the title; put numbers "
                   "into the caption, from the data" for number in prose.typed_numbers(figure["title"])]  # fmt: skip
    shown = set(re.findall(r"\[\[=\s*claim\(\s*[\"']([^\"']+)", "\n".join(sources.values())))
    for identifier, claim in book.claims.items():
        if identifier not in shown:
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
    """Declared verdicts that the measurement contradicts or cannot decide. The quick profile is too small to judge."""
    if book.profile == "quick":
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


@dataclass
class Page:
    """One page while it is rendered: what its tags may call."""

    book: Book
    environment: jinja2.Environment
    name: str
    root: str = field(init=False)

    def __post_init__(self) -> None:
        self.root = "../" * (len(PurePosixPath(self.name).parts) - 1)

    def functions(self) -> dict[str, Any]:
        """The names that `[[= … ]]` can use."""
        public = (self.figure, self.animation, self.claim, self.verdict, self.value, self.interval, self.setting,
                  self.settings, self.source, self.cite, self.quoted, self.given, self.references, self.ledger,
                  self.gallery, self.board, self.study_question)  # fmt: skip
        return {function.__name__: function for function in public} | {
            "profile": self.book.profile,
            "root": self.root,
        }

    def template(self, template: str, **context: Any) -> str:
        context = {"root": self.root, "profile": self.book.profile, "claims": self.book.claims,
                   "figures": self.book.figures} | context  # fmt: skip
        return self.environment.get_template(template).render(context)

    def entry(self, identifier: str) -> dict[str, Any]:
        try:
            return self.book.figures[identifier]
        except KeyError:
            raise PageError(
                f"there is no figure {identifier!r}; there are: {', '.join(self.book.figures)}"
            ) from None

    def figure(self, identifier: str) -> str:
        """A figure with caption, alternative text and the link to its own page."""
        return self.template("figure.md", figure=self._of_kind(identifier, "figure"))

    def animation(self, identifier: str) -> str:
        """An animation: video with controls, poster, and the GIF as a link."""
        return self.template("animation.md", figure=self._of_kind(identifier, "animation"))

    def _of_kind(self, identifier: str, kind: str) -> dict[str, Any]:
        entry = self.entry(identifier)
        if entry["kind"] != kind:
            raise PageError(
                f'{identifier!r} is of the kind {entry["kind"]}: write [[= {entry["kind"]}("{identifier}") ]]'
            )
        return entry

    def _claim(self, identifier: str) -> dict[str, Any]:
        try:
            return self.book.claims[identifier]
        except KeyError:
            raise PageError(
                f"there is no claim {identifier!r}; there are: {', '.join(self.book.claims)}"
            ) from None

    def claim(self, identifier: str) -> str:
        """A claim's card: verdict, sentence, every case with estimate and interval, source, figure."""
        claim = self._claim(identifier)
        return self.template("claim.md", claim=claim, source=self._source_of(claim))

    def verdict(self, identifier: str) -> str:
        """A claim's verdict as an inline chip."""
        return self.template("verdict.md", claim=self._claim(identifier)).strip()

    def _source_of(self, claim: dict[str, Any]) -> str:
        return citations.POPULAR.get(claim["source"]) or self.cite(claim["source"])

    def value(self, name: str, spec: str = ".3g") -> str:
        """A measured number; `name.low`, `name.high` and `name.runs` give its interval and its runs."""
        base, _, part = name.rpartition(".")
        field_name, base = (part, base) if part in ("low", "high", "runs", "unit") else ("estimate", name)
        measured = self.book.measurement(base)
        number = measured[field_name]
        if number is None or (isinstance(number, str) and field_name != "unit"):
            raise PageError(f"the value {name!r} is {number or 'undefined'} in this build and cannot stand in a sentence. "
                            "Quote the share of runs instead, or mend the measurement")  # fmt: skip
        if field_name == "unit":
            return number
        told = f"{base}: {self._told(measured, spec)}"
        return f'<span class="bn-value" title="{told}">{self._format(number, spec)}</span>'

    def interval(self, name: str, spec: str = ".3g") -> str:
        """A measured number with its interval and number of runs: "0.88 (95 % interval 0.87 to 0.89, 16 runs)"."""
        measured = self.book.measurement(name)
        unit = f" {measured['unit']}" if measured["unit"] else ""
        _, comma, rest = self._told(measured, spec).partition(", ")
        return f"{self.value(name, spec)}{unit}" + (f" ({rest})" if comma and measured["runs"] > 1 else "")

    def _told(self, measured: dict[str, Any], spec: str) -> str:
        """A measurement in full, as the tip on a number shows it."""
        estimate, low, high = (self._format(measured[key], spec) for key in ("estimate", "low", "high"))
        if measured["runs"] == 1:
            return f"{estimate}, computed"
        if low == high:
            return f"{estimate}, the same in {measured['runs']} runs"
        if measured["level"] == 1:
            return f"{estimate}, range {low} to {high} over {measured['runs']} instances"
        return f"{estimate}, {self._format(measured['level'], '.0%')} interval {low} to {high}, {measured['runs']} runs"

    def _format(self, number: Any, spec: str) -> str:
        try:
            return formatting.number(number, spec)
        except (ValueError, TypeError) as error:
            raise PageError(
                f'{spec!r} cannot format {number!r}: {error}. Use a format such as ".2f" or ".0%"'
            ) from None

    def setting(self, name: str, spec: str = "") -> str:
        """A setting in force, for example `setting("ics_distribution.batch")`."""
        study, _, key = name.partition(".")
        settings = self._settings(study)
        if key not in settings:
            raise PageError(f"the study {study!r} has no setting {key!r}; it has: {', '.join(settings)}")
        return self._format(settings[key], spec) if spec else formatting.setting(settings[key])

    def settings(self, study: str) -> str:
        """The table of a study's settings, each with the comment that its `Setup` gives it."""
        path = paths.STUDIES / f"{study}.py"
        notes = setup_comments(path) if self._settings(study) else {}
        rows = [
            {"name": key, "value": value, "note": notes.get(key, "")}
            for key, value in self._settings(study).items()
        ]
        return self.template("settings.md", study=study, rows=rows)

    def _settings(self, study: str) -> dict[str, Any]:
        if study not in self.book.studies:
            raise PageError(f"there is no study {study!r}; there are: {', '.join(self.book.studies)}")
        return self.book.studies[study]["setup"]

    def study_question(self, study: str) -> str:
        """The question a study asks: the first line of its file."""
        self._settings(study)
        return self.book.studies[study]["question"]

    def source(self, path: str, name: str) -> str:
        """The real code of a definition, for example `source("experiments/engine/affine.py", "Affine.forward")`."""
        code, first, last = definition(paths.ROOT / path, name)
        return self.template("source.md", path=path, name=name, code=code, first_line=first, last_line=last)

    def cite(self, key: str) -> str:
        """A link to a reference by author and year."""
        return f"[{citations.author_year(self._reference(key))}]({self.root}references.md#{key})"

    def quoted(self, number: str, key: str) -> str:
        """A number quoted from a source whose text was checked; the link says where it is from."""
        entry = self._reference(key)
        return f"{number} ([{citations.author_year(entry)}]({self.root}references.md#{key}))"

    def given(self, number: str) -> str:
        """A number that is true by definition or by derivation, and so was never measured."""
        return number

    def _reference(self, key: str) -> dict[str, Any]:
        try:
            return self.book.references[key]
        except KeyError:
            raise PageError(f"there is no reference {key!r} in docs/references.json; there are: "
                            f"{', '.join(self.book.references)}") from None  # fmt: skip

    def references(self) -> str:
        """The list of all references."""
        entries = sorted(
            self.book.references.items(), key=lambda item: (citations.names(item[1]), citations.year(item[1]))
        )
        return "\n".join(f'- <span id="{key}"></span>{citations.full(entry)}' for key, entry in entries)

    def ledger(self) -> str:
        """The table of all claims."""
        rows = [claim | {"source_text": self._source_of(claim)} for claim in self.book.claims.values()]
        return self.template("ledger.md", rows=rows)

    def gallery(self) -> str:
        """Thumbnails of all figures and animations."""
        return self.template("gallery.md", entries=list(self.book.figures.values()))

    def board(self) -> str:
        """How many claims hold, fail, depend, and were left untested."""
        measured = [claim["measured"] for claim in self.book.claims.values()]
        return self.template("board.md", counts={verdict: measured.count(verdict) for verdict in sorted(set(measured))},
                             total=len(measured))  # fmt: skip

    def finish(self, text: str) -> str:
        """Mark a page of the quick profile as such, below its front matter."""
        if self.book.profile != "quick":
            return text
        front = re.match(r"\A---\n.*?\n---\n", text, re.S)
        position = front.end() if front else 0
        return text[:position] + QUICK_BANNER + text[position:]


def setup_comments(path: Path) -> dict[str, str]:
    """Field → the comment on its line in a study's `class Setup`."""
    text = path.read_text(encoding="utf-8")
    body = next(
        node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == "Setup"
    )
    lines = text.splitlines()
    notes = {}
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            _, found, comment = lines[node.end_lineno - 1][node.end_col_offset :].partition("#")
            above = lines[node.lineno - 2].strip()
            notes[node.target.id] = (
                comment.strip() if found else above.lstrip("# ") if above.startswith("#") else ""
            )
    return notes


def definition(path: Path, name: str) -> tuple[str, int, int]:
    """The source text of a function, class or method ("Class.method") with its first and last line.

    Raises
    ------
    PageError
        If the file or the definition does not exist.
    """
    if not path.is_file():
        raise PageError(f"there is no file {paths.relative(path)} to show the source of")
    text = path.read_text(encoding="utf-8")
    node: Any = ast.parse(text)
    for part in name.split("."):
        node = next((child for child in node.body if getattr(child, "name", None) == part), None)
        if node is None:
            raise PageError(f"{paths.relative(path)} has no definition {name!r}")
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines), first, node.end_lineno


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
