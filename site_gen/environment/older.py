"""What a Python that is too old does: go on in a newer one, or say so. Python 2.7 reads it."""

import os
import sys

NEWER = ("python3.14", "python3.13", "python3.12", "python3.11")


def leave(arguments):
    """Go on in a newer Python; 1 and an error if there is none or PYTHON names this one."""
    this = "Python " + ".".join(map(str, sys.version_info[:2])) + " (" + sys.executable + ")"
    if os.environ.get("PYTHON"):
        _tell("error: PYTHON is " + this + ", which is too old: set it to a Python 3.11 or newer")
        return 1
    for name in NEWER:
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            path = os.path.join(folder, name)
            # Version managers leave shims of versions that are not chosen: it must run.
            if os.access(path, os.X_OK) and _runs(path):
                _tell(this + " is too old: going on with " + path)
                sys.stdout.flush()
                command = [path, "-m", "site_gen"]
                command.extend(arguments)
                os.execv(path, command)
    _tell(
        "error: this is " + this + ", and Python 3.11 or newer is needed: install one (on Debian: "
        "apt-get install python3 python3-venv), then call it: make site PYTHON=/path/to/python3.11"
    )
    return 1


def _runs(path):
    import subprocess

    with open(os.devnull, "w") as nowhere:
        return subprocess.call([path, "-c", ""], stdout=nowhere, stderr=nowhere) == 0


def _tell(message):
    sys.stderr.write(message + "\n")
