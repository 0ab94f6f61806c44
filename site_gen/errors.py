"""The one error that a reader of the build's output sees without a traceback."""


class BuildError(Exception):
    """The build cannot go on, for a reason that the person at the keyboard can mend.

    The message stands alone: it names the file or the unit, what is wrong, and the remedy. Whatever shows it
    leaves the traceback out. It holds nothing but the message, so that it crosses from a worker process
    unharmed.
    """
