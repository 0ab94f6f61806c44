"""A new study with its figure, its page and its test: a small example that passes every test."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from experiments import catalogue as studies
from experiments import suggest
from site_gen.errors import BuildError
from site_gen.files import named_errors, write_if_changed
from site_gen.media import catalogue
from site_gen.paths import DOCS, ROOT, STUDIES, relative

TEMPLATES = Path(__file__).parent
NAVIGATION = ROOT / "mkdocs.yml"
PART = "transform"  # the folder of docs/ that a new page goes to
HEADING = "The transform"  # of that part in the navigation, where it does not exist yet
LONGEST = 60  # letters of a study's name, which names many files
VIEW = "mean_square"  # the figure's part of its file's name


def create(name: str) -> list[Path]:
    """Write a study with its figure, its page and its test, and put the page into the navigation.

    Parameters
    ----------
    name : str
        Of the study; hyphens become underscores.

    Returns
    -------
    list of Path
        The files written, and mkdocs.yml. They pass every test and are a start to build on: see
        `next_steps`.

    Raises
    ------
    BuildError
        If the name is not fit for a study, or something has it already. Then nothing is written.
    """
    name = _fitting(name)
    files = _files(name)
    for path in files:
        if path.exists() or path.is_symlink():
            raise BuildError(
                f"{relative(path)} exists already: choose another name, nothing was written"
            )
    texts = {path: _filled(template, name) for path, template in files.items()}
    try:
        with named_errors(NAVIGATION, "read"):
            config = NAVIGATION.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BuildError(
            f"{relative(NAVIGATION)} is not UTF-8: save it as UTF-8; nothing was written"
        ) from None
    texts[NAVIGATION] = with_page(config, name)
    write_all(texts)
    catalogue.forget()
    return list(texts)


def next_steps(name: str) -> str:
    """Instructions for a study that was just written."""
    name = suggest.plain(name)
    study, figure, page, test = (relative(path) for path in _files(name))
    return f"""\
It passes as it is: it measures the mean square of a normalized value. Make it yours from the top:
  {study}: the question, the settings, what runs, the claim and the value
  {figure}: the table, its words, the drawing
  {page}: the answer, the derivation, what it does not show; its title in the nav of mkdocs.yml
  {test}: what must hold, and what a broken experiment would show
Then, each in seconds:
  make study ID={name}
  make figure ID={_id(name)}-{VIEW.replace("_", "-")}
  make check ID={name}
At last the whole, where tags, verdicts and sources meet:
  make site"""


def _fitting(name: str) -> str:
    """The name in the form of a file's name."""
    plain = name.strip().replace("-", "_")
    words = re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", plain) and not keyword.iskeyword(plain)
    if not words or len(plain) > LONGEST or plain in ("pages", "site"):  # `make why` has these
        raise BuildError(
            f"{name!r} cannot be the name of a study: "
            "write a few lower-case words joined by hyphens or underscores, such as mean_square"
        )
    if plain in studies.names():
        raise BuildError(
            f"the study {plain!r} exists already: choose another name, nothing was written"
        )
    for figure in catalogue.drawings():
        if figure == f"{_id(plain)}-{VIEW.replace('_', '-')}":
            raise BuildError(
                f"the figure {figure!r} exists already: choose another name, nothing was written"
            )
    return plain


def _id(name: str) -> str:
    return name.replace("_", "-")


def _files(name: str) -> dict[Path, str]:
    """Each file of a new study → its template."""
    return {
        STUDIES / f"{name}.py": "study.py.txt",
        ROOT / "site_gen" / "figures" / f"{name}__{VIEW}.py": "figure.py.txt",
        DOCS / PART / f"{_id(name)}.md": "page.md.txt",
        ROOT / "tests" / "experiments" / "studies" / f"test_{name}.py": "test.py.txt",
    }


def _filled(template: str, name: str) -> str:
    """A template with its names; no format string, since formulas and code contain braces."""
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    return text.replace("{name}", name).replace("{id}", _id(name))


def with_page(config: str, name: str) -> str:
    """mkdocs.yml with the new page after the last of its part, comments and layout unchanged."""
    page = f"{PART}/{_id(name)}.md"
    title = name.replace("_", " ").capitalize()
    lines = config.splitlines(keepends=True)
    try:
        start = next(i for i, line in enumerate(lines) if re.match(r"nav:\s*(#.*)?$", line))
    except StopIteration:
        raise BuildError(
            f"{relative(NAVIGATION)} has no `nav:` for the page: nothing was written"
        ) from None
    end = next(
        (i for i in range(start + 1, len(lines)) if re.match(r"[^\s#-]", lines[i])), len(lines)
    )
    of_part = [
        i for i in range(start, end) if re.search(rf":\s*['\"]?{PART}/[^\s#]+\.md", lines[i])
    ]
    if of_part:
        indent = re.match(r"\s*", lines[of_part[-1]])[0]
        lines.insert(of_part[-1] + 1, f"{indent}- {title}: {page}\n")
    else:
        first = next(
            (i for i in range(start + 1, end) if lines[i].lstrip().startswith("- ")), start
        )
        indent = re.match(r"\s*", lines[first])[0] if first > start else "  "
        lines.insert(first + 1, f"{indent}- {HEADING}:\n{indent}    - {title}: {page}\n")
    return "".join(lines)


def write_all(texts: dict[Path, str]) -> None:
    """Write all files, or none."""
    before = {path: path.read_bytes() if path.exists() else None for path in texts}
    try:
        for path, text in texts.items():
            write_if_changed(path, text.encode())
    except BuildError as error:
        for path, content in before.items():
            if content is not None:
                write_if_changed(path, content)
            elif path.is_file():
                path.unlink()
        raise BuildError(f"{error}; nothing was written") from None
