"""`python -m site_gen <command>`: the whole command line; the Makefile only passes on to it.

An older Python must be able to read this file, to say that it is too old.
"""

import sys


def run(arguments):
    """Run one command; return its exit status."""
    from site_gen import commands
    from site_gen.environment.enter import enter
    from site_gen.errors import BuildError

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal that lacks a letter gets a substitute
    try:
        answered = commands.at_once(arguments)
        if answered is not None:
            return answered
        finished = enter(commands.needs(arguments), arguments)
        if finished is not None:
            return finished
        if arguments[0] in ("test", "nightly", "bench"):
            from site_gen.commands import testing

            return testing.run(arguments)
    except BuildError as error:
        sys.stderr.write("error: " + str(error) + "\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command goes on from there.\n")
        return 130
    try:
        from site_gen.cli import main
    except SyntaxError as error:  # in what every command loads; the plan tells of studies and figures
        where = str(error.filename) + ":" + str(error.lineno)
        sys.stderr.write("error: " + where + ": " + error.msg + ". Mend the syntax.\n")
        return 1
    return main(arguments)


if __name__ == "__main__":
    if sys.hexversion < 0x030B0000:
        from site_gen.environment.older import leave

        sys.exit(leave(sys.argv[1:]))
    sys.exit(run(sys.argv[1:]))
