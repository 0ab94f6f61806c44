"""`python -m site_gen <command>`: the whole command line; the Makefile only passes on to it.

An older Python must be able to read this file, to say that it is too old.
"""

import os
import sys


def run(arguments):
    """Run one command and return its exit status.

    1 after a reported error, 130 if stopped, 141 if nobody reads the output any more.
    """
    _prepare()
    try:
        return _told(arguments)
    except BaseException as error:
        if not (_stopped or isinstance(error, KeyboardInterrupt)):
            raise
    sys.stderr.write("\nStopped. What was finished is kept; the same command goes on from there.\n")
    return 130


_stopped = []  # signals received: an import that one interrupts may fail with any error


def _told(arguments):
    from site_gen.errors import BuildError, tell

    try:
        status = _answer(arguments)
        sys.stdout.flush()
        return status
    except BuildError as error:
        tell(str(error))
    except BrokenPipeError:  # `| head` has seen enough
        _let_go_of_output()
        return 141
    except OSError as error:
        from site_gen.files import OUT_OF_SPACE, Path, sentence

        if error.filename is not None:
            tell(sentence(error, Path(os.fsdecode(error.filename))))
        elif error.errno in OUT_OF_SPACE:  # our files are named: this is `> file`
            _let_go_of_output()
            tell("the disk that the output of this command is written to is full: free some space")
        else:
            raise
    except ModuleNotFoundError as error:
        from site_gen.environment.venv import lacks

        said = lacks(error.name)
        if said is None:
            raise
        tell(said)
    return 1


def _answer(arguments):
    from site_gen import commands
    from site_gen.environment.enter import enter
    from site_gen.errors import tell

    answered = commands.at_once(arguments)
    if answered is not None:
        return answered
    finished = enter(commands.needs(arguments), arguments)
    if finished is not None:
        return finished
    if arguments[0] in ("test", "nightly", "bench"):
        from site_gen.commands import testing

        return testing.run(arguments)
    try:
        from site_gen.cli import main

        return main(arguments)
    except SyntaxError as error:  # in a module of every study; the plan reports the others
        place = str(error.filename) + ":" + str(error.lineno)
        tell(place + ": " + error.msg + ". Mend the syntax.")
        return 1


def _prepare():
    """Make sure that streams exist and print anything; let every stop signal act as Ctrl-C."""
    import signal

    for name in ("stdin", "stdout", "stderr"):
        # Closed by the caller (`>&-`): no file of ours may take its number.
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), "r+"))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal that lacks a letter gets a substitute
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP, and `nohup` has it ignored
        if number and (name != "SIGHUP" or signal.getsignal(number) != signal.SIG_IGN):
            signal.signal(number, _stop)


def _stop(number, frame):
    _stopped.append(number)
    raise KeyboardInterrupt


def _let_go_of_output():
    """Discard what Python still holds for standard output, or it would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    if sys.hexversion < 0x030B0000:
        from site_gen.environment.older import leave

        sys.exit(leave(sys.argv[1:]))
    sys.exit(run(sys.argv[1:]))
