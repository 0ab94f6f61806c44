"""Plain Markdown → HTML by MkDocs, a block of pages at a time, and what only the whole site knows.

MkDocs builds whole sites. A block is a whole site too: its own pages in full, every other page and
figure as an empty file that counts as up to date (`--dirty`), so that links and navigation are
those of the whole site and only the block is rendered.
"""

from __future__ import annotations

import json
import logging
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from site_gen.errors import BuildError

EPOCH = "1735689600"  # 1 January 2025: the date in the sitemap, always the same
LIBRARIES = ("mkdocs", "mkdocs-material", "markdown", "pymdown-extensions", "math-core", "pygments")
INDEX = "search/search_index.json"
SCRIPT = "search/search_index.js"
DOCS, THEME, OUT = "build/docs", "site_gen/theme/overrides", "out"
STANDS_ALREADY = "A 'dirty' build is being performed"


def page_of(name: str) -> str:
    """The page that a Markdown file becomes; a README is the index of its folder."""
    return re.sub(r"(^|/)README$", r"\1index", name.removesuffix(".md")) + ".html"


def order(name: str) -> tuple:
    """The key by which MkDocs sorts Markdown: a folder's index, its other files, its folders."""
    *folders, file = PurePosixPath(name).parts
    return (*((1, folder) for folder in folders), (0, file not in ("index.md", "README.md"), file))


def environment(url: str) -> dict[str, str]:
    """What MkDocs reads from the environment: the site's address, one fixed date, no banner."""
    return {"SITE_URL": url, "SOURCE_DATE_EPOCH": EPOCH, "NO_MKDOCS_2_WARNING": "1"}


def build(
    block: tuple[str, ...], frame: bool, names: tuple[str, ...], url: str, inputs: dict[str, bytes]
) -> dict[str, bytes]:
    """The pages of a block as HTML, and their part of the search index.

    Parameters
    ----------
    block : tuple of str
        Markdown files to render, by their names under `docs_dir`.
    frame : bool
        Whether to return what belongs to no page as well: the theme's files, the sitemap, the page
        for dead links.
    names : tuple of str
        Everything else under `docs_dir`.
    url : str
        Where the site is published.
    inputs : dict
        `mkdocs.yml`, `theme/…`, and the files of the block as `docs/…`.

    Raises
    ------
    BuildError
        If MkDocs finds a dead link, broken mathematics or the like; quotes what it says.
    """
    with (
        tempfile.TemporaryDirectory(prefix="batch-norm-measured-") as folder,
        _set(environment(url)),
    ):
        # with TMPDIR=. the folder is relative, and MkDocs would look for it below its own
        top = Path(folder).absolute()
        for name, content in inputs.items():
            place = {"theme": THEME, "docs": DOCS}.get(name.partition("/")[0])
            _write(top / (f"{place}/{name.partition('/')[2]}" if place else name), content)
        stand_ins = {page_of(name) if name.endswith(".md") else name for name in names}
        empty = [f"{DOCS}/{name}" for name in names] + [f"{OUT}/{name}" for name in stand_ins]
        _empty(empty, str(top))
        _run(top)
        pages = {page_of(name) for name in block}
        files = [path for path in (top / OUT).rglob("*") if path.is_file()]
        found = {path.relative_to(top / OUT).as_posix(): path for path in files}
        # a copy of sitemap.xml with a time stamp inside
        unwanted = stand_ins | {"sitemap.xml.gz", SCRIPT}
        wanted = found.keys() - unwanted if frame else pages | {INDEX}
        return {name: found[name].read_bytes() for name in sorted(wanted)}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _empty(names: list[str], top: str) -> None:
    """Make empty files, two thousand a block, as links to one.

    Some file systems take half a millisecond for a new file.
    """
    one = Path(top, "empty")
    one.touch()
    for folder in {name.rpartition("/")[0] for name in names}:
        os.makedirs(f"{top}/{folder}", exist_ok=True)
    for name in names:
        try:
            os.link(one, f"{top}/{name}")
        except OSError:  # a file system without links, or with too many already
            Path(top, name).touch()


@contextmanager
def _set(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


class _Complaints(logging.Handler):
    """Collects the warnings of MkDocs, which strict mode treats as errors."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if not said.startswith(STANDS_ALREADY):
            said = re.sub(r"^(Doc file|Error (?:reading|building) page) '", r"\1 'docs/", said)
            self.lines.append(re.sub(r"^Config value", "mkdocs.yml: config value", said))


def _run(top: Path) -> None:
    from mkdocs.commands.build import build as build_site
    from mkdocs.config import load_config

    complaints, logger = _Complaints(), logging.getLogger("mkdocs")
    logger.addHandler(complaints)
    logger.propagate = False
    try:
        config = load_config(
            str(top / "mkdocs.yml"), docs_dir=str(top / DOCS), site_dir=str(top / OUT), strict=False
        )
        build_site(config, dirty=True)
    except SystemExit:  # how MkDocs ends after giving a reason
        complaints.lines = complaints.lines or ["it did not say why"]
    except Exception as error:  # noqa: BLE001 - it has logged which page it was at
        complaints.lines = complaints.lines or [f"{type(error).__name__}: {error}"]
    finally:
        logger.removeHandler(complaints)
    if complaints.lines:
        told = "\n".join(f"  {line.strip()}" for line in dict.fromkeys(complaints.lines))
        raise BuildError(f"MkDocs stopped:\n{told}")


def assemble(pages: tuple[str, ...], inputs: dict[str, bytes]) -> dict[str, bytes]:
    """One search index out of the blocks', once every link leads somewhere.

    Parameters
    ----------
    pages : tuple of str
        All pages, as Markdown files.
    inputs : dict
        The HTML of all pages, and the index of each block as `<block>/search/search_index.json`.

    Raises
    ------
    BuildError
        With every link to a page or a place that does not exist.
    """
    position = {page_of(name): i for i, name in enumerate(sorted(pages, key=order))}
    if dead := dead_links({name: inputs[name].decode() for name in position}):
        raise BuildError("\n".join(dead))
    parts = [json.loads(raw) for name, raw in inputs.items() if name.endswith(INDEX)]
    entries = [entry for part in parts for entry in part["docs"]]
    entries.sort(key=lambda entry: position[unquote(entry["location"].partition("#")[0])])
    index = json.dumps(parts[0] | {"docs": entries}, separators=(",", ":"))
    return {INDEX: index.encode(), SCRIPT: f"var __index = {index}".encode()}


def dead_links(texts: dict[str, str]) -> list[str]:
    """Links between pages that lead to no page, or to a place that the page does not have."""
    places = {
        name: set(re.findall(r"""\s(?:id|name)=["']?([^"'\s>]+)""", text))
        for name, text in texts.items()
    }
    dead = []
    for name, text in texts.items():
        for link in dict.fromkeys(re.findall(r'\shref="([^"]+)"', text)):
            address = urlsplit(link.replace("&amp;", "&"))
            to_page = address.fragment or address.path.endswith(".html")
            if address.scheme or address.netloc or not to_page:
                continue
            target = name
            if address.path:
                target = os.path.normpath(PurePosixPath(name).parent / unquote(address.path))
                target = target.replace(os.sep, "/")
            wrong = _missing(target, unquote(address.fragment), places)
            if wrong:
                page = f"docs/{name.removesuffix('.html')}.md"
                dead.append(f"{page}: the link {link} is dead: {wrong}")
    return dead


def _missing(target: str, place: str, places: dict[str, set[str]]) -> str:
    """What a link's target lacks, its page or the place on it; "" if it lacks nothing."""
    if place.startswith("__"):
        return ""
    if target not in places:
        return f"there is no page {target}" if target.endswith(".html") else ""
    return f"{target} has no place #{place}" if place and place not in places[target] else ""
