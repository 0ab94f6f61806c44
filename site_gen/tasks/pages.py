"""Prose, measurements and figures → the folder of plain Markdown that MkDocs reads."""

from __future__ import annotations

from site_gen import files, gallery, pages, paths
from site_gen.tasks.fingerprint import ROOT, components
from site_gen.tasks.units import Unit, tree, unit


def units(profile: str, studies: list[str]) -> Unit:
    """The unit that renders all pages."""
    media = [
        paths.media(profile, drawing.id) / name
        for drawing in gallery.drawings().values()
        for name in drawing.files()
    ]
    inputs = [*sources(), *(paths.measures(profile, name) for name in studies), *media]
    # `setup_comments` and `source` put the text of these files on pages
    quoted = sorted([*(ROOT / "experiments").rglob("*.py")])
    url = site_url()
    parts = components([("site_gen.pages", "*")], ("jinja2",), profile=profile, studies=studies, url=url)
    return unit("pages", "", f"pages-{profile}", run, profile, studies, url, parts=parts, inputs=[*inputs, *quoted],
                outputs=[tree(paths.RENDERED)])  # fmt: skip


def sources() -> list:
    """All files under docs/, in alphabetical order."""
    return sorted(path for path in paths.DOCS.rglob("*") if path.is_file())


def site_url() -> str:
    """Where the site is published, from mkdocs.yml: citations and embedding code need it."""
    from mkdocs.utils.yaml import yaml_load

    with (paths.ROOT / "mkdocs.yml").open("rb") as config:
        return yaml_load(config)["site_url"].rstrip("/") + "/"


def run(profile: str, studies: list[str], url: str) -> None:
    """Render all pages, and put figures and other files beside them."""
    content: dict = {}
    text: dict[str, str] = {}
    for path in sources():
        name = path.relative_to(paths.DOCS).as_posix()
        if path.suffix == ".md":
            text[name] = path.read_text(encoding="utf-8")
        else:
            content[name] = path
    content |= pages.render(pages.collect(profile, studies, url), text)
    for drawing in gallery.drawings().values():
        folder = paths.media(profile, drawing.id)
        content |= {f"figures/{drawing.id}/{name}": folder / name for name in drawing.files()}
    files.sync_folder(paths.RENDERED, content)
