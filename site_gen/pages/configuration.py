"""What pages need of mkdocs.yml: the site's address, and each page's part of the navigation."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

from site_gen.errors import BuildError

FILE = "mkdocs.yml"
VARIABLE = "SITE_URL"
MERGE = "tag:yaml.org,2002:merge"  # the key `<<`, which may stand often
_ALLOWED = re.compile(r"[^\s<>\"\\^`{|}?#]+")  # in the address of a folder
_REMEDY = "write an address such as https://example.org/batch-norm/"


def configured(raw: bytes, environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Where the site is published, and the parts of its navigation.

    Parameters
    ----------
    raw : bytes
        The content of mkdocs.yml.
    environ : mapping
        Environment variables, for what the file takes from them with ``!ENV``; an empty one
        counts as unset.

    Returns
    -------
    url : str
        The address of the site, with a slash at the end.
    chapters : dict
        Page → the title of the part of the navigation that it stands in, in the navigation's
        order; empty if the file has no navigation of its own.

    Raises
    ------
    BuildError
        If the file is no YAML (names the line), lacks an address or has a navigation that is none,
        or if SITE_URL is no address.
    """
    config = _read(raw, environ)
    given = environ.get(VARIABLE, "")
    if given:
        _check(given, f"{VARIABLE} is {given!r}, which")
    url = given or config.get("site_url")
    if not isinstance(url, str) or not url:
        raise BuildError(f"{FILE}: there is no site_url; {_REMEDY} there, or set {VARIABLE} to one")
    _check(url, f"{FILE}: site_url is {url!r}, which")
    return url.rstrip("/") + "/", dict(_pages(config.get("nav") or [], ""))


def _check(url: str, subject: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BuildError(f"{subject} is no address: {_REMEDY}") from None
    if parts.scheme not in ("http", "https"):
        reason = "does not begin with https:// or http://"
    elif not host or not any(sign.isalnum() for sign in host):
        reason = "names no host"
    elif not _ALLOWED.fullmatch(url):
        reason = "holds a blank or another sign that no address of a folder can have"
    else:
        return
    raise BuildError(f"{subject} {reason}: {_REMEDY}")


class StrictLoader(yaml.SafeLoader):
    """YAML in which no name stands twice: the first of two titles would be dropped silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; a `yaml.YAMLError` names the line of a name that stands twice."""
        names = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in names and key.tag != MERGE:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key.value!r} stands twice", key.start_mark
                )
            names.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)


def _read(raw: bytes, environ: Mapping[str, str]) -> dict[str, Any]:
    class Loader(StrictLoader):
        """YAML with MkDocs' own tags."""

    def from_environment(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
        """The first variable that is set, or what stands behind the variables."""
        if isinstance(node, yaml.ScalarNode):
            return environ.get(loader.construct_scalar(node)) or None
        *names, default = loader.construct_sequence(node, deep=True)
        return next((environ[name] for name in names if environ.get(name)), default)

    Loader.add_constructor("!ENV", from_environment)
    # Names of Python objects and the like are for MkDocs.
    Loader.add_multi_constructor("", lambda loader, suffix, node: None)
    try:
        text = raw.decode("utf-8-sig")
        config = yaml.load(text, Loader)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BuildError(
            f"{FILE}:{line}: cannot be read, because it is not UTF-8. Save it as UTF-8"
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BuildError(f"{FILE}:{line}: holds a sign that YAML forbids. Take it out") from None
    except yaml.YAMLError as error:
        line, reason = where(error)
        raise BuildError(
            f"{FILE}:{line}: cannot be read as YAML: {reason}. Mend this line"
        ) from None
    except (ValueError, TypeError) as error:
        raise BuildError(f"{FILE}: cannot be read as YAML: {error}. Mend it") from None
    if not isinstance(config, dict):
        raise BuildError(f"{FILE}:1: holds no settings (name: value, one a line)")
    return config


def where(error: yaml.YAMLError) -> tuple[int, str]:
    """The line on which YAML stumbled, counted from 1, and its reason in one line."""
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error).splitlines()[0]
    return (mark.line + 1 if mark else 1), reason


def _pages(entry: Any, part: str) -> Iterator[tuple[str, str]]:
    if isinstance(entry, str):
        yield entry if urlsplit(entry).scheme else posixpath.normpath(entry), part
    elif isinstance(entry, dict):
        for title, content in entry.items():
            yield from _pages(content, part or str(title))
    elif isinstance(entry, list):
        for item in entry:
            yield from _pages(item, part)
    else:
        under = f" under {part!r}" if part else ""
        raise BuildError(
            f"{FILE}: nav holds {entry!r}{under}, where the path of a page under docs/ is meant"
        )
