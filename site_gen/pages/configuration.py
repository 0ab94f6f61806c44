"""What pages need of mkdocs.yml: where the site is published, and each page's part of the navigation."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

import yaml

from experiments import suggest
from site_gen.errors import BuildError

FILE = "mkdocs.yml"
EXAMPLE = "https://example.org/batch-norm/"
NEEDS_QUOTES = re.compile(r"[:#\"'\[\]{},&*!|>%@`]|^[-?\s]|\s$")


def configured(raw: bytes, environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Read mkdocs.yml.

    Parameters
    ----------
    raw : bytes
        The file.
    environ : mapping
        The environment that `!ENV` reads from. A variable that is empty counts as not set.

    Returns
    -------
    tuple
        The address that the site is published at, with a slash at the end, which is also the `SITE_URL` to run MkDocs
        with; and page → title of the part of the navigation that it stands in, in the order of the navigation.

    Raises
    ------
    BuildError
        If the file is no YAML, has no `site_url`, or its `nav` is no list of pages: names the line. If the address is none:
        names SITE_URL, where it comes from there.
    """
    top = _mapping(raw)
    if "site_url" not in top:
        raise BuildError(f"{FILE}: site_url is missing: add the line `site_url: {EXAMPLE}`")
    url, variable = _value(top["site_url"], environ)
    where = variable or f"{_where(top['site_url'])}: site_url"
    if not is_address(url):
        remedy = f"write the address that the site is published at, such as {EXAMPLE}"
        raise BuildError(f"{where} is {url!r}, which is no address: {remedy}")
    return url.rstrip("/") + "/", dict(_pages(top["nav"], "") if "nav" in top else ())


def is_address(url: str) -> bool:
    """Whether a text is an address of a site: http or https, a host, no blank, neither query nor anchor."""
    if re.search(r"[\s<>\"'\\^`{|}?#\x00-\x1f]", url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it raises where it is no number
    except ValueError:
        return False
    host = (parts.hostname or "").strip("[]")
    return parts.scheme in ("http", "https") and bool(re.fullmatch(r"\w(?:[\w.:-]*\w)?\.?|::1", host))


def navigation_faults(
    chapters: Mapping[str, str], titles: Mapping[str, str], others: Iterable[str] = ()
) -> list[str]:
    """Pages that the navigation does not have, and entries of the navigation that have no page.

    Parameters
    ----------
    chapters : mapping
        Page → part of the navigation, as `configured` gives it; where it is empty, MkDocs makes a navigation by itself.
    titles : mapping
        Page → its title, of all pages under docs/.
    others : iterable of str
        Pages that the build makes, which the navigation may have.

    Returns
    -------
    list of str
        A sentence for each, with the line that has to be added.
    """
    if not chapters:
        return []
    found = []
    for page, title in titles.items():
        if page not in chapters:
            part = _part_of_neighbours(page, chapters)
            shown = json.dumps(title, ensure_ascii=False) if NEEDS_QUOTES.search(title) else title
            line = f"{'      ' if part else '  '}- {shown}: {page}"
            below = f", below “{part}”" if part else ""
            found.append(
                f"docs/{page}:1: the page is missing from the navigation: "
                f"add the line `{line}` to `nav` in {FILE}{below}"
            )
    known = {*titles, *others}
    for page in chapters:
        if page not in known:
            missing = suggest.unknown("page", f"docs/{page}", [f"docs/{one}" for one in titles])
            found.append(f"{FILE}: `nav` names {page}, but {missing}")
    return found


def _part_of_neighbours(page: str, chapters: Mapping[str, str]) -> str:
    """The part of the navigation in which pages of the same folder stand."""
    folder = posixpath.dirname(page)
    parts = [part for other, part in chapters.items() if folder and posixpath.dirname(other) == folder]
    return max(parts, key=parts.count, default="")


def _mapping(raw: bytes) -> dict[str, yaml.Node]:
    try:
        top = yaml.compose(raw, yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise BuildError(f"{FILE}{line}: {reason}: mend the YAML") from None
    if not isinstance(top, yaml.MappingNode):
        raise BuildError(f"{FILE}:1: the file must hold settings, each as `name: value`")
    return {key.value: value for key, value in top.value if isinstance(key, yaml.ScalarNode)}


def _value(node: yaml.Node, environ: Mapping[str, str]) -> tuple[str, str]:
    """A setting's text, and the variable of the environment that it comes from, if any: as MkDocs reads `!ENV`."""
    if node.tag != "!ENV":
        return (node.value if isinstance(node, yaml.ScalarNode) else ""), ""
    parts = [part.value for part in node.value] if isinstance(node, yaml.SequenceNode) else [node.value]
    variables, default = (parts[:-1], parts[-1]) if len(parts) > 1 else (parts, "")
    for name in variables:
        if environ.get(name):
            return environ[name], name
    return default, ""


def _pages(node: yaml.Node, part: str) -> Iterator[tuple[str, str]]:
    """The pages of the navigation; addresses elsewhere are no pages."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _pages(item, part)
    elif isinstance(node, yaml.MappingNode):
        for title, content in node.value:
            yield from _pages(content, part or str(title.value))
    elif not node.value:
        raise BuildError(f"{_where(node)}: this entry of `nav` has no page: write `- Title: page.md`")
    elif not urlsplit(node.value).scheme:
        yield posixpath.normpath(node.value), part


def _where(node: yaml.Node) -> str:
    return f"{FILE}:{node.start_mark.line + 1}"
