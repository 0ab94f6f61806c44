"""One page while it is rendered: what `[[= … ]]` can call."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2

from experiments.suggest import unknown
from site_gen import paths
from site_gen.errors import PageError
from site_gen.pages import citations, formatting, front, prose
from site_gen.pages.book import Book
from site_gen.simulators import declarations

DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass
class Page:
    """One page while it is rendered: what its tags may call."""

    book: Book
    environment: jinja2.Environment
    name: str
    root: str = field(init=False)
    # of the simulators further up on the page: scripts they have loaded, and their ids
    scripts: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = "../" * (len(PurePosixPath(self.name).parts) - 1)

    def functions(self) -> dict[str, Any]:
        """The names that `[[= … ]]` can use."""
        shown = (self.figure, self.simulator, self.try_it, self.gallery, self.source)
        claims = (self.claim, self.verdict, self.decides, self.ledger, self.board)
        numbers = (self.value, self.interval, self.setting, self.settings, self.study_question)
        quotations = (self.cite, self.quoted, self.given, self.references)
        public = (*shown, *claims, *numbers, *quotations)
        values = {"profile": self.book.profile, "root": self.root}
        return {function.__name__: function for function in public} | values

    def template(self, template: str, **context: Any) -> str:
        shared = {
            "root": self.root,
            "profile": self.book.profile,
            "profile_shown": self.book.profile_shown,
            "claims": self.book.claims,
            "figures": self.book.figures,
        }
        return self.environment.get_template(template).render(shared | context)

    def entry(self, identifier: str) -> dict[str, Any]:
        try:
            return self.book.figures[identifier]
        except KeyError:
            raise PageError(unknown("figure", identifier, self.book.figures)) from None

    def figure(self, identifier: str) -> str:
        """A figure, still or moving, with caption, alternative text and a link to its own page."""
        return self.template("figure.md", figure=self.entry(identifier))

    def simulator(self, name: str, *, fallback: str = "", preset: str = "", **settings: Any) -> str:
        """A simulator; `fallback` is the figure that stands there on paper and without scripts.

        `preset` and `settings` say where it starts. Its scripts are loaded on pages that have one,
        once a page.
        """
        begin = declarations.start(name, preset, settings)
        if not fallback:
            tag = f'[[= simulator("{name}", fallback="figure-id") ]]'
            raise PageError(f"{name} needs a figure that stands in for it: {tag}")
        still = self.figure(fallback)
        stem = name.removeprefix("bn-")
        same = sum(one.split("-")[0] == stem for one in self.ids)
        identifier = f"{stem}-{same + 1}" if same else stem
        told = {
            "declared": declarations.declaration(name),
            "start": begin,
            "preset": preset,
            "facts": declarations.facts(name, self.book.measurement),
        }
        wanted = [one for one in declarations.scripts(name) if one not in self.scripts]
        first = not self.ids
        self.ids.append(identifier)
        self.scripts += wanted
        return self.template(
            "simulator.md",
            name=name,
            id=identifier,
            first=first,
            scripts=wanted,
            still=still,
            style=declarations.STYLE,
            folder=f"{self.root}assets/simulators/",
            told=json.dumps(told, ensure_ascii=False).replace("<", "\\u003c"),
        )

    def try_it(self, name: str, *, preset: str = "", text: str = "", **settings: Any) -> str:
        """A link to a simulator that opens it with a preset.

        It leads to the simulator on this page, or to the first page that has one. Without a text,
        it is the preset's own label.
        """
        wanted = declarations.start(name, preset, settings)
        if not (text or preset):
            tag = f'[[= try_it("{name}", preset="…", text="…") ]]'
            raise PageError(f"a link to {name} needs a preset or a text: {tag}")
        for typed in prose.typed_numbers(text):
            raise PageError(
                f"{typed.number!r} is typed into the text of a link: measure it, or say it in words"
            )
        pages = self.book.simulators.get(name)
        misspelt = set(self.book.simulators) - set(declarations.names())
        if not pages and (misspelt or self.book.incomplete):
            return text  # the page that should have it is reported by itself
        if not pages:
            tag = f'[[= simulator("{name}", fallback="figure-id") ]]'
            raise PageError(f"no page has {name}: put {tag} on one")
        target = self.name if self.name in pages else next(iter(pages))
        text = text or declarations.declaration(name)["presets"][preset]["label"]
        return f"[{text}]({self.root}{target}{declarations.address(name, wanted, pages[target])})"

    def _claim(self, identifier: str) -> dict[str, Any]:
        try:
            return self.book.claims[identifier]
        except KeyError:
            raise PageError(unknown("claim", identifier, self.book.claims)) from None

    def claim(self, identifier: str) -> str:
        """A claim's card: verdict, sentence, cases with estimates and intervals, source, figure."""
        claim = self._claim(identifier)
        return self.template("claim.md", claim=claim, source=self._source_of(claim))

    def verdict(self, identifier: str) -> str:
        """A claim's verdict as an inline chip."""
        return self.template("verdict.md", claim=self._claim(identifier)).strip()

    def decides(self, *identifiers: str) -> str:
        """Claims as a list: verdict and sentence, linked to the ledger."""
        ids = [self._claim(identifier)["id"] for identifier in identifiers]
        return self.template("decides.md", ids=ids)

    def _source_of(self, claim: dict[str, Any]) -> str:
        return citations.POPULAR.get(claim["source"]) or self.cite(claim["source"])

    def value(self, name: str, spec: str = ".3g") -> str:
        """A measured number; `name.low`, `name.high`, `name.runs` give its interval and runs."""
        base, _, field_name = name.rpartition(".")
        if field_name not in ("low", "high", "runs", "unit"):
            base, field_name = name, "estimate"
        measured = self.book.measurement(base)
        number = measured[field_name]
        if measured["runs"] == 0:  # settings were changed, and leave nothing to measure
            return '<span class="bn-value" title="not measured with these settings">n/a</span>'
        if number is None or (isinstance(number, str) and field_name != "unit"):
            raise PageError(
                f"the value {name!r} is {number or 'undefined'} in this build and cannot stand in "
                f"a sentence. Quote the share of runs instead, or mend the measurement"
            )
        if field_name == "unit":
            return number
        told = f"{base}: {self._told(measured, spec)}"
        return f'<span class="bn-value" title="{told}">{self._format(number, spec)}</span>'

    def interval(self, name: str, spec: str = ".3g") -> str:
        """A measured number with its interval and number of runs.

        For example "0.88 (95 % interval 0.87 to 0.89, 16 runs)".
        """
        measured = self.book.measurement(name)
        if measured["runs"] == 0:
            return self.value(name)
        unit = f" {measured['unit']}" if measured["unit"] else ""
        _, comma, rest = self._told(measured, spec).partition(", ")
        interval = f" ({rest})" if comma and measured["runs"] > 1 else ""
        return f"{self.value(name, spec)}{unit}{interval}"

    def _told(self, measured: dict[str, Any], spec: str) -> str:
        """A measurement in full, as the tip on a number shows it."""
        estimate, low, high = (
            self._format(measured[key], spec) for key in ("estimate", "low", "high")
        )
        if measured["runs"] == 1:
            return f"{estimate}, computed"
        if low == high:
            return f"{estimate}, the same in {measured['runs']} runs"
        if measured["level"] == 1:
            return f"{estimate}, range {low} to {high} over {measured['runs']} instances"
        level = self._format(measured["level"], ".0%")
        return f"{estimate}, {level} interval {low} to {high}, {measured['runs']} runs"

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
            raise PageError(unknown(f"setting of {study}", key, settings))
        return self._format(settings[key], spec) if spec else formatting.setting(settings[key])

    def settings(self, study: str) -> str:
        """The table of a study's settings, each with the words that its `Setup` gives it."""
        settings = self._settings(study)
        words = self.book.studies[study]["words"]
        rows = [
            {"name": key, "value": value, "note": words[key]} for key, value in settings.items()
        ]
        return self.template("settings.md", study=study, rows=rows)

    def _settings(self, study: str) -> dict[str, Any]:
        if study not in self.book.studies:
            raise PageError(unknown("study", study, self.book.studies))
        return self.book.studies[study]["setup"]

    def study_question(self, study: str) -> str:
        """The question a study asks: the first line of its file."""
        self._settings(study)
        return self.book.studies[study]["question"]

    def source(self, path: str, name: str) -> str:
        """The real code of a definition.

        For example `source("experiments/engine/affine.py", "Affine.forward")`.
        """
        code, first, last = definition(paths.ROOT / path, name)
        return self.template(
            "source.md", path=path, name=name, code=code, first_line=first, last_line=last
        )

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
            raise PageError(
                f"in {citations.FILE}, {unknown('reference', key, self.book.references)}"
            ) from None

    def references(self) -> str:
        """The list of all references."""

        def by_author(item: tuple[str, dict[str, Any]]) -> tuple[str, int]:
            return citations.names(item[1]), citations.year(item[1])

        entries = sorted(self.book.references.items(), key=by_author)
        return "\n".join(
            f'- <span id="{key}"></span>{citations.full(entry)}' for key, entry in entries
        )

    def ledger(self) -> str:
        """The table of all claims, in the order of the navigation."""
        order = {page: position for position, page in enumerate(self.book.chapters)}
        claims = sorted(
            self.book.claims.values(), key=lambda claim: order.get(claim["page"], len(order))
        )
        rows = [claim | {"source_text": self._source_of(claim)} for claim in claims]
        return self.template("ledger.md", rows=rows)

    def gallery(self) -> str:
        """Thumbnails of all figures and animations."""
        return self.template("gallery.md", entries=list(self.book.figures.values()))

    def board(self) -> str:
        """How many claims hold, fail, depend, and were left untested."""
        measured = [claim["measured"] for claim in self.book.claims.values()]
        counts = {verdict: measured.count(verdict) for verdict in set(measured)}
        return self.template("board.md", counts=counts, total=len(measured))

    def finish(self, text: str) -> str:
        """Mark a page of a profile that is not published as such, below its front matter."""
        if not self.book.notice:
            return text
        title, _, inside = self.book.notice.partition("\n")
        banner = f'\n!!! warning "{title}"\n\n    {inside}\n'
        position = front.end(text)
        return text[:position] + banner + text[position:]


def definition(path: Path, name: str) -> tuple[str, int, int]:
    """The source text of a function, class or method ("Class.method") with its first and last line.

    Raises
    ------
    PageError
        If the file or the definition does not exist.
    """
    if not (path.is_file() and path.resolve().is_relative_to(paths.ROOT)):
        raise PageError(f"there is no file {paths.relative(path)} to show the source of")
    text = path.read_text(encoding="utf-8-sig")
    try:
        node: Any = ast.parse(text)
    except SyntaxError as error:
        place = f"{paths.relative(path)}:{error.lineno}"
        raise PageError(f"{place}: is no Python that can be read") from None
    for part in name.split("."):
        inside = {child.name: child for child in node.body if isinstance(child, DEFINITIONS)}
        if part not in inside:
            raise PageError(f"in {paths.relative(path)}, {unknown('definition', part, inside)}")
        node = inside[part]
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    lines = text.splitlines()[first - 1 : node.end_lineno]
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines), first, node.end_lineno
