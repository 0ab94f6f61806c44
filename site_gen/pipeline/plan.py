"""The units of a build: each study's points and measurement, each figure, the pages, the site."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

from experiments import catalogue as studies
from experiments.profile import Profile
from experiments.suggest import same, unknown
from site_gen import paths
from site_gen.errors import BuildError
from site_gen.files import Hashes, read
from site_gen.pipeline import recorded
from site_gen.pipeline.fingerprint import Code, digest, fingerprint
from site_gen.pipeline.record import Record
from site_gen.pipeline.unit import Unit, from_plain
from site_gen.pipeline.unit import plain as plain_unit

NUMERIC = ("numpy", "scipy", "xarray")
DRAWING = {
    "figure": ("numpy", "pandas", "matplotlib"),
    "animation": ("numpy", "pandas", "matplotlib", "pillow", "av"),
}
MAKERS = {
    "figure": ("site_gen.media.still", "draw_figure"),
    "animation": ("site_gen.media.film", "draw_film"),
}
BLOCK = 22  # pages that MkDocs renders together: with more, an edit is slow; with fewer, the build
STAGES = "site_gen.pipeline.stages"
SIMULATORS = paths.ROOT / "site_gen" / "simulators"
INDEXES = ("claims.json", "figures.json")
MARKDOWN = ("md", "markdown", "mdown", "mkdn", "mkd")  # what MkDocs takes for pages
PAGES = "the pages"  # what is broken if mkdocs.yml is: no study has a blank in its name


@dataclass(frozen=True)
class Plan:
    """All units of a profile.

    Attributes
    ----------
    profile : Profile
        The settings in force.
    units : dict
        Name → unit, in the order of the stages.
    broken : dict
        Study or figure, or `PAGES` → the fault in its source that keeps it from being made.
    drawn_from : dict
        Figure → study.
    recordings : dict
        Study with recorded results → the units that would record what is missing or out of date.
    """

    profile: Profile
    units: dict[str, Unit]
    broken: dict[str, str] = field(default_factory=dict)
    drawn_from: dict[str, str] = field(default_factory=dict)
    recordings: dict[str, list[Unit]] = field(default_factory=dict)

    @property
    def studies(self) -> list[str]:
        """All studies, also those that are broken."""
        names = {one.subject for one in self.units.values() if one.kind == "measure"}
        return sorted(names | (self.broken.keys() - self.drawn_from.keys() - {PAGES}))

    def study(self, name: str) -> tuple[str, list[Unit]]:
        """A study by its id, with hyphens or underscores: its name and its units."""
        found = _named(name, self.studies, "study")
        if found in self.broken:
            raise BuildError(self.broken[found])
        kinds = ("result", "check", "measure")
        return found, [
            one for one in self.units.values() if one.subject == found and one.kind in kinds
        ]

    def figure(self, name: str) -> tuple[str, list[Unit]]:
        """A figure by its id: its id, and the units that lead to it."""
        found = _named(name, self.drawn_from, "figure")
        if found in self.broken:
            raise BuildError(self.broken[found])
        units = self.study(self.drawn_from[found])[1]
        drawings = [one for one in self.units.values() if one.subject == found]
        return found, [*units, *drawings]

    def upto(self, kind: str) -> list[Unit]:
        """Everything that the pages ("pages") or the site ("site") need, and the thing itself."""
        late = ("html", "site") if kind == "pages" else ()
        return [one for one in self.units.values() if one.kind not in late]


def _named(name: str, known: Iterable[str], kind: str) -> str:
    found = same(name, known)
    if found is None:
        raise BuildError(unknown(kind, name, sorted(known)))
    return found


def plan(profile: Profile, record: Record, hashes: Hashes) -> Plan:
    """Declare every unit, from memory where no source, no library and no setting changed.

    Raises
    ------
    BuildError
        If a source cannot be read at all. A fault in one study, one figure or the pages does not
        stop the others.
    """
    key = _key(profile, hashes)
    known = record.get(f"plan {profile.label}")
    if known and known["key"] == key:
        units = {one["name"]: from_plain(one) for one in known["units"]}
        recordings = {
            name: list(map(from_plain, those)) for name, those in known["recordings"].items()
        }
        return Plan(profile, units, {}, known["drawn_from"], recordings)
    found = _Planner(profile, record, hashes).plan()
    if not found.broken:  # a fault may be mended outside the repository, so look again
        about = {
            "key": key,
            "units": [plain_unit(one) for one in found.units.values()],
            "drawn_from": found.drawn_from,
            "recordings": {
                name: list(map(plain_unit, those)) for name, those in found.recordings.items()
            },
        }
        record.put(f"plan {profile.label}", about)
    return found


def _key(profile: Profile, hashes: Hashes) -> str:
    """One hash of everything that determines the units."""
    folders = [paths.ROOT / name for name in ("experiments", "site_gen", "docs")]
    sources = [paths.relative(path) for folder in folders for path in paths.sources(folder)]
    contents = (text for path in [*sources, "mkdocs.yml"] for text in (path, hashes.of(path) or ""))
    libraries = {*NUMERIC, *DRAWING["animation"], *_site_libraries(), "jinja2"}
    versions = (f"{name} {_version(name)}" for name in sorted(libraries))
    return digest(sys.version, repr(profile), os.environ.get("SITE_URL", ""), *versions, *contents)


def _site_libraries() -> tuple[str, ...]:
    return ("mkdocs", "mkdocs-material", "markdown", "pymdown-extensions", "math-core", "pygments")


@cache
def _version(library: str) -> str:
    return metadata.version(library)


class _Planner:
    """Declares the units of one profile."""

    def __init__(self, profile: Profile, record: Record, hashes: Hashes) -> None:
        self.profile, self.record, self.hashes = profile, record, hashes
        self.code = Code(hashes, record.get("modules"), record.get("reached"))
        self.facts: dict[str, Any] = dict(record.get("studies") or {})
        self.units: list[Unit] = []
        self.broken: dict[str, str] = {}
        # study → name of the input → path of the result
        self.points: dict[str, dict[str, str]] = {}

    def plan(self) -> Plan:
        """All units, and the faults of those that cannot be declared."""
        from site_gen.media import catalogue

        self.studies = studies.names()
        self.unfit = recorded.Unfit()
        for name in self.studies:
            self._attempt(name, self._study)
        self._check_recorded()
        drawings, misplaced = catalogue.drawings(), catalogue.misplaced()
        for drawing in drawings.values():
            self._attempt(drawing.id, lambda _, drawing=drawing: self._figure(drawing))
        self.broken |= misplaced
        if not self.broken:
            self._attempt(PAGES, lambda _: self._pages(list(drawings.values())))
        self.record.put("modules", self.code.modules)
        self.record.put("reached", self.code.reached)
        self.record.put("studies", self.facts)
        drawn_from = dict.fromkeys(misplaced, "") | {one.id: one.study for one in drawings.values()}
        versions = {name: _version(name) for name in NUMERIC}
        recordings = {
            entry.unit.subject: recorded.to_record(
                self.unfit.entries, entry.unit.subject, self.hashes, versions
            )
            for entry in self.unfit.entries
        }
        units = {one.name: one for one in self.units}
        return Plan(self.profile, units, self.broken, drawn_from, recordings)

    def _attempt(self, name: str, declare: Any) -> None:
        before = len(self.units)
        try:
            declare(name)
        except (BuildError, ValueError) as error:
            del self.units[before:]
            self.broken[name] = str(error)

    def _made_of(self, roots: list[tuple[str, str]], libraries: Iterable[str]) -> str:
        """The hash of all code that the roots reach; the record holds its parts."""
        parts = self.code.reach(roots) | {
            f"{name} (installed version)": _version(name) for name in libraries
        }
        found = fingerprint(parts)
        if self.record.get(f"code {found}") is None:
            self.record.put(f"code {found}", parts)
        return found

    def _about(self, study: str) -> dict[str, Any]:
        """The points, settings and question of a study under its profile; imports the study."""
        from site_gen.pipeline import stages

        profile, module = self.profile.of(study), f"experiments.studies.{study}"
        path = f"experiments/studies/{study}.py"
        reached = self.code.reach(
            [(module, "points"), (module, "Setup"), (module, profile.name.upper())]
        )
        key = digest(self.hashes.of(path) or "", fingerprint(reached), repr(profile))
        name = f"{study} {profile.label}"
        if self.facts.get(name, {}).get("key") != key:
            self.facts[name] = {"key": key} | stages.about(study, stages.plain_profile(profile))
        return self.facts[name]

    def _study(self, name: str) -> None:
        from site_gen.pipeline.stages import plain_profile

        studies.check_name(name)
        about, profile = self._about(name), self.profile.of(name)
        module = f"experiments.studies.{name}"
        stored_by = ("site_gen.storage", "dataset_to_bytes")
        folder = paths.relative(paths.BUILD / "results" / profile.label / name) + "/"
        stored = {}
        for key, point in about["points"].items():
            function = about["functions"][key]
            unit = Unit(
                name=f"{profile.label}/{name}/{key}",
                kind="result",
                subject=name,
                function=f"{STAGES}:result",
                arguments=(name, key, plain_profile(profile)),
                folder=folder,
                outputs=(f"{key}.nc",),
                code=self._made_of([(module, function), stored_by], NUMERIC),
                facts={"point": point},
            )
            if key in about["recorded"]:
                self.unfit.note(unit, self.code.reach([(module, function)]), about["tolerance"])
                stored[f"{key}.nc"] = paths.relative(paths.recorded(profile.label, name, key))
            else:
                self.units.append(unit)
                stored[f"{key}.nc"] = f"{folder}{key}.nc"
        self.points[name] = stored
        judged_by = [(module, "CLAIMS"), (module, "VALUES"), (STAGES, "measure")]
        self.units.append(
            Unit(
                name=f"{profile.label}/{name}",
                kind="measure",
                subject=name,
                function=f"{STAGES}:measure",
                arguments=(name, plain_profile(profile)),
                inputs=stored,
                folder=paths.relative(paths.BUILD / "measures" / profile.label) + "/",
                outputs=(f"{name}.json",),
                code=self._made_of(judged_by, NUMERIC),
                facts={
                    "setup": json.dumps(about["setup"]),
                    "words": json.dumps(about["words"]),
                    "question": about["question"],
                },
            )
        )

    def _check_recorded(self) -> None:
        """Choose the recorded result that this build makes again: another one after each change."""
        stale, chosen = self.unfit.judge(self.hashes)
        for study, said in stale.items():
            self.broken[study] = said
            self.units = [unit for unit in self.units if unit.subject != study]
        if chosen:
            self.units.append(chosen)

    def _figure(self, drawing: Any) -> None:
        if drawing.study in self.broken:
            raise BuildError(self.broken[drawing.study])
        if drawing.study not in self.points:
            said = unknown("study", drawing.study, self.studies)
            remedy = "The part before __ names the study to draw from"
            raise BuildError(f"{paths.relative(drawing.path)}: {said}. {remedy}")
        profile, about = self.profile.of(drawing.study), self._about(drawing.study)
        about_it = self._describe(drawing, profile, about["setup"]) | self.unfit.told(drawing.study)
        drawn_by = [(drawing.module_name, "*"), MAKERS[drawing.kind], (STAGES, "figure")]
        self.units.append(
            Unit(
                name=f"{profile.label}/{drawing.id}",
                kind=drawing.kind,
                subject=drawing.id,
                function=f"{STAGES}:figure",
                arguments=(drawing.id, about_it, profile.is_draft),
                inputs=self.points[drawing.study],
                folder=paths.relative(paths.media(profile.label, drawing.id)) + "/",
                outputs=drawing.files(profile.is_draft),
                code=self._made_of(drawn_by, DRAWING[drawing.kind]),
                facts={"record": json.dumps(about_it, sort_keys=True)},
            )
        )

    @staticmethod
    def _describe(drawing: Any, profile: Profile, settings: dict[str, Any]) -> dict[str, Any]:
        """The part of a figure's JSON that does not depend on the results."""
        from site_gen.imprint import LICENCE

        return {
            "id": drawing.id,
            "kind": drawing.kind,
            "study": drawing.study,
            "source": paths.relative(drawing.path),
            "profile": profile.label,
            "settings": settings,
            "runs": settings.get("runs", 1),
            "seed": settings.get("seed"),
            "versions": {name: _version(name) for name in DRAWING[drawing.kind]},
            "command": f"make figure ID={drawing.id}{profile.options}",
            "licence": LICENCE,
        } | ({"changes": " ".join(map(str, profile.changes))} if profile.changes else {})

    def _pages(self, drawings: list[Any]) -> None:
        from site_gen.pages.book import quoted_sources
        from site_gen.pages.configuration import configured

        url, chapters = configured(read(paths.CONFIG), os.environ)
        docs = {
            paths.relative(path).removeprefix("docs/"): path for path in paths.sources(paths.DOCS)
        }
        text = {name for name in docs if name.endswith(".md")}
        others = {name: paths.relative(path) for name, path in docs.items() if name not in text}
        made = {one.subject: one for one in self.units if one.kind in DRAWING}
        media = {
            f"figures/{one.id}/{name}": f"{made[one.id].folder}{name}"
            for one in drawings
            for name in made[one.id].outputs
        }
        loaded = _loaded_simulators()
        catalogued = {f"figures/{one.id}/index.md" for one in drawings}
        check_names(docs, {*media, *loaded, *catalogued})
        quoted = quoted_sources(
            {name: read(docs[name]).decode("utf-8", errors="replace") for name in text}
        )
        rendered_by = [
            (STAGES, "pages"),
            ("site_gen.pages.render", "*"),
            ("site_gen.pages.book", "*"),
        ]
        self.units.append(
            Unit(
                name="pages",
                kind="pages",
                function=f"{STAGES}:pages",
                arguments=(self.profile.label, notice(self.profile), url, chapters),
                inputs=self._page_inputs(text, made),
                folder=paths.relative(paths.RENDERED) + "/",
                copies={path: name for name, path in (others | media | loaded).items()},
                listed=tuple(media.values()),
                code=self._made_of(rendered_by, ["jinja2"]),
                facts={
                    "label": self.profile.label,
                    "notice": notice(self.profile),
                    "url": url,
                    "chapters": json.dumps(chapters),
                    "simulators": self._declared_simulators(),
                    "quoted": digest(*(f"{path} {self.hashes.of(path)}" for path in quoted)),
                },
            )
        )
        self._site(text | catalogued, {*others, *media, *loaded, *INDEXES}, url)

    def _declared_simulators(self) -> str:
        """One hash of what simulators declare."""
        declared = [path for path in paths.sources(SIMULATORS) if path.suffix == ".json"]
        return digest(*(self.hashes.of(paths.relative(path)) or "" for path in declared))

    def _page_inputs(self, text: set[str], made: dict[str, Unit]) -> dict[str, str]:
        inputs = {f"docs/{name}": f"docs/{name}" for name in sorted({*text, "references.json"})}
        for unit in self.units:
            if unit.kind == "measure":
                inputs[f"measures/{unit.subject}"] = f"{unit.folder}{unit.subject}.json"
        return inputs | {
            f"figures/{name}": f"{one.folder}{name}.json" for name, one in made.items()
        }

    def _site(self, pages: set[str], others: set[str], url: str) -> None:
        """Declare the pages as HTML, block by block, and the whole site."""
        from site_gen.pages import mkdocs

        ordered = sorted(pages, key=mkdocs.order)
        blocks = [tuple(ordered[i : i + BLOCK]) for i in range(0, len(ordered), BLOCK)]
        rendered = paths.relative(paths.RENDERED) + "/"
        theme = {
            f"theme/{path.relative_to(paths.THEME).as_posix()}": paths.relative(path)
            for path in paths.sources(paths.THEME)
        }
        code = self._made_of(
            [("site_gen.pages.mkdocs", "build"), ("site_gen.pages.mathml", "*")], mkdocs.LIBRARIES
        )
        html = [
            Unit(
                name=f"html-{number}",
                kind="html",
                function=f"{STAGES}:html",
                arguments=(block, number == 0, tuple(sorted((pages | others) - {*block})), url),
                inputs={"mkdocs.yml": "mkdocs.yml"}
                | theme
                | {f"docs/{name}": rendered + name for name in block},
                folder=f"{paths.relative(paths.HTML)}/{number}/",
                code=code,
            )
            for number, block in enumerate(blocks)
        ]
        self.units += html
        folders = {
            mkdocs.page_of(name): one.folder
            for one, block in zip(html, blocks, strict=True)
            for name in block
        }
        indexes = {
            f"{number}/{mkdocs.INDEX}": one.folder + mkdocs.INDEX for number, one in enumerate(html)
        }
        self.units.append(
            Unit(
                name="site",
                kind="site",
                function=f"{STAGES}:site",
                arguments=(tuple(ordered),),
                inputs={name: folder + name for name, folder in folders.items()} | indexes,
                folder=paths.relative(paths.SITE) + "/",
                copies=dict.fromkeys([rendered, *(one.folder for one in html)], ""),
                code=self._made_of([("site_gen.pages.mkdocs", "assemble")], ()),
            )
        )


def _loaded_simulators() -> dict[str, str]:
    """Name in the site → path of the scripts and styles that pages with simulators load."""
    return {
        f"assets/simulators/{path.name}": paths.relative(path)
        for path in paths.sources(SIMULATORS)
        if path.suffix in (".js", ".css")
    }


def check_names(docs: Iterable[str], made: set[str]) -> None:
    """Raise a `BuildError` if the build would overwrite a file of docs/, or MkDocs misread it."""
    for name in docs:
        stem, _, ending = name.rpartition("/")[2].rpartition(".")
        if name in made or name in INDEXES:
            raise BuildError(
                f"docs/{name}: the build makes a file of this name: choose another one"
            )
        if ending.lower() in MARKDOWN and ending != "md":
            raise BuildError(f"docs/{name}: the name of a page ends in .md: rename it {stem}.md")


def notice(profile: Profile) -> str:
    """The notice on every page about unpublished settings: a heading, then one line of text."""
    if profile.is_published:
        return ""
    titles, said = [], []
    if profile.name == "quick":
        titles.append("Quick profile")
        said.append(
            "Every study on this copy of the site was shrunk so that it builds within a minute. "
            "Intervals are wide and verdicts may differ."
        )
    if profile.seed is not None:
        titles.append(f"seed {profile.seed}")
        said.append(
            "Every random number on this copy of the site comes from another base seed: "
            "it shows what would come out another time."
        )
    if profile.changes:
        titles.append("changed settings")
        changed = ", ".join(f"`{one}`" for one in profile.changes)
        said.append(
            f"On this copy of the site {changed}; "
            f"every other setting is that of the {profile.name} profile. "
            "What cannot be measured or drawn with them is marked."
        )
    heading = ", ".join(titles)
    return f"{heading[0].upper()}{heading[1:]}: not for citation\n{' '.join(said)}"
