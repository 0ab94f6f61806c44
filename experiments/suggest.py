"""Messages about names that do not exist: a likely correction, or a short list of names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST = 12  # names that are listed


def plain(name: str) -> str:
    """A name as it is compared: hyphens, underscores, blanks and case are the same."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def same(name: str, known: Iterable[str]) -> str | None:
    """The known name that is meant, if only hyphens, underscores, blanks and case differ."""
    return {plain(one): one for one in sorted(known)}.get(plain(name))


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """One sentence about a name that does not exist.

    Parameters
    ----------
    kind : str
        What it should be: "study", "figure", "setting".
    name : str
        What was asked for.
    known : iterable of str
        The names that exist.

    Returns
    -------
    str
        For example "there is no study 'tiny-bach'; did you mean tiny_batch?".
    """
    known = list(known)
    by_plain = {plain(one): one for one in known}
    close = difflib.get_close_matches(plain(name), by_plain, n=3, cutoff=0.6)
    if close:
        told = f"did you mean {' or '.join(by_plain[one] for one in close)}?"
    elif not known:
        told = "there is none at all"
    else:
        more = f" and {len(known) - MOST} more" if len(known) > MOST else ""
        told = f"there are: {', '.join(known[:MOST])}{more}"
    return f"there is no {kind} {name!r}; {told}"
