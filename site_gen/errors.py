"""The errors that a reader of the build's output sees without a traceback."""

import sys


class BuildError(Exception):
    """The build cannot go on, for a reason that the person at the keyboard can mend.

    The message stands alone: it names the file or the unit, what is wrong, and the remedy. Whatever shows it
    leaves the traceback out. It holds nothing but the message, so that it crosses from a worker process
    unharmed.
    """


class PageError(Exception):
    """Something a tag on a page asks for does not exist; gets its page and line where it is caught."""


def tell(message: str) -> None:
    """Print an error, in red on a terminal."""
    start = "\033[1;31merror:\033[0m" if sys.stderr.isatty() else "error:"
    print(start, message, file=sys.stderr)
