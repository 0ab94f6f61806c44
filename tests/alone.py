"""Import each module in a process of its own, where nothing else of this project has been imported.

    python tests/alone.py FOLDER < names    # prints {name: traceback} as JSON for those that fail

A module that works only after another one was imported (one that stands in a circle, say) passes every test that comes
to it by the usual path, and breaks the first command that starts with it.

Starting Python and importing NumPy, pandas and Matplotlib takes over a second, the module itself milliseconds. Where
processes can be forked, other people's packages are therefore imported once, and each module gets a fork of that
process. Elsewhere each module gets a new Python.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# What the modules of this project import of other people's, so that a fork need not.
OTHERS = (
    "numpy",
    "scipy.stats",
    "pandas",
    "xarray",
    "matplotlib.figure",
    "jinja2",
    "markdown",
    "PIL.Image",
    "av",
    "rich.console",
)
# macOS has fork, but not its frameworks: a fork may not use what they started.
FORKS = hasattr(os, "fork") and sys.platform != "darwin"


def names(root: Path, *packages: str) -> list[str]:
    """Dotted names of all modules of packages in the folder `root`; hidden files and editors' leftovers are none."""
    found = []
    for path in sorted(path for package in packages for path in (root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if all(part.isidentifier() for part in parts):
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def failures(root: Path, modules: list[str], forks: bool = FORKS) -> dict[str, str]:
    """Import each of `modules` alone, with `root` first on the path.

    Returns
    -------
    dict of str to str
        What went wrong, for each module that cannot be imported: the end of its traceback.
    """
    batches = [modules] if forks else [[module] for module in modules]
    found: dict[str, str] = {}
    for batch in batches:
        ran = subprocess.run(
            [sys.executable, __file__, str(root)],
            input=json.dumps(batch),
            cwd=root,
            text=True,
            capture_output=True,
            check=False,
        )
        if ran.returncode:
            raise RuntimeError(f"{__file__} failed: {ran.stderr}")
        found |= json.loads(ran.stdout)
    return found
