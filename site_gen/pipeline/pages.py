"""Prose, measurements and figures → the folder of plain Markdown that MkDocs reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from site_gen import files, paths
from site_gen.media import catalogue
from site_gen.pages import book, render, tags
from site_gen.pipeline.fingerprint import components
from site_gen.pipeline.units import Unit, tree, unit
from site_gen.simulators import declarations


def units(profile: str, studies: list[str]) -> Unit:
    """The unit that renders all pages."""
    media = [
        paths.media(profile, drawing.id) / name
        for drawing in catalogue.drawings().values()
        for name in drawing.files(profile)
    ]
    scripts = declarations.FOLDER.glob("*.*")
    inputs = [
        *sources(),
        *sorted(scripts),
        *(paths.measures(profile, name) for name in studies),
        *media,
        *quoted(),
    ]
    url, chapters = configured()
    notes = {name: tags.setup_comments(paths.STUDIES / f"{name}.py") for name in studies}
    made_of = [("site_gen.pages.render", "*"), ("site_gen.pages.book", "*")]
    parts = components(
        made_of, ("jinja2",), profile=profile, studies=studies, url=url, chapters=chapters, notes=notes
    )
    return unit(
        "pages",
        "",
        f"pages-{profile}",
        run,
        profile,
        studies,
        url,
        chapters,
        parts=parts,
        inputs=inputs,
        outputs=[tree(paths.RENDERED)],
    )


def quoted() -> list[Path]:
    """The source files that pages show with `source(…)`."""
    text = "".join(path.read_text(encoding="utf-8") for path in sources() if path.suffix == ".md")
    named = {paths.ROOT / name for name in re.findall(r"\[\[=\s*source\(\s*[\"']([^\"']+)", text)}
    return sorted(
        path for path in named if path.is_file()
    )  # rendering names the page and line of a missing one


def sources() -> list[Path]:
    """All files under docs/, in alphabetical order."""
    return sorted(path for path in paths.DOCS.rglob("*") if path.is_file())


def configured() -> tuple[str, dict[str, str]]:
    """What pages need of mkdocs.yml: where the site is published, and each page's part of the navigation."""
    from mkdocs.utils.yaml import yaml_load

    with (paths.ROOT / "mkdocs.yml").open("rb") as file:
        config = yaml_load(file)

    def within(entry: Any, part: str) -> Iterator[tuple[str, str]]:
        if isinstance(entry, str):
            yield entry, part
        elif isinstance(entry, dict):
            for title, content in entry.items():
                yield from within(content, part or title)
        else:
            for item in entry:
                yield from within(item, part)

    return config["site_url"].rstrip("/") + "/", dict(within(config.get("nav", []), ""))


def run(profile: str, studies: list[str], url: str, chapters: dict[str, str]) -> None:
    """Render all pages, and put figures and other files beside them."""
    content: dict = {}
    text: dict[str, str] = {}
    for path in sources():
        name = path.relative_to(paths.DOCS).as_posix()
        if path.suffix == ".md":
            text[name] = path.read_text(encoding="utf-8")
        else:
            content[name] = path
    content |= render.render(book.collect(profile, studies, url, text, chapters), text)
    content |= {f"assets/simulators/{path.name}": path for path in declarations.files()}
    for drawing in catalogue.drawings().values():
        folder = paths.media(profile, drawing.id)
        content |= {f"figures/{drawing.id}/{name}": folder / name for name in drawing.files(profile)}
    files.sync_folder(paths.RENDERED, content)
