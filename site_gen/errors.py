"""The errors that a reader of the build's output sees without a traceback."""

import os
import sys
from io import TextIOBase


class BuildError(Exception):
    """The build cannot go on, for a reason that its user can mend.

    The message stands alone: it names the file or the unit, what is wrong, and the remedy; it is
    shown without a traceback. It is the exception's only content, so that it crosses from a worker
    process unharmed.
    """


class PageError(Exception):
    """Something a tag asks for does not exist; the page and line are added where it is caught."""


def tell(message: str) -> None:
    """Print an error, in red on a terminal."""
    print(coloured("error:", "1;31", sys.stderr), message, file=sys.stderr)


def coloured(text: str, code: str, stream: TextIOBase) -> str:
    """A text in a colour where the stream is a terminal, and NO_COLOR is not set."""
    plain = os.environ.get("NO_COLOR") or not stream.isatty()
    return text if plain else f"\033[{code}m{text}\033[0m"
