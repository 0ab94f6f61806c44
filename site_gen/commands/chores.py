"""`clean` and `distclean`."""

import os
import shutil
from pathlib import Path

from site_gen.environment import install
from site_gen.environment.variables import ROOT
from site_gen.errors import BuildError


def clean(*, everything: bool) -> None:
    """Remove `build/`, what builds wrote into `site/`, and `.venv/` too if asked.

    Raises
    ------
    BuildError
        If something cannot be removed.
    """
    from site_gen.pipeline import site_folder

    for name in ("build", "site", *([".venv"] if everything else [])):
        path = os.path.join(ROOT, name)
        try:
            if name == "site":
                others = site_folder.clear(Path(path))
                if others:
                    some = ", ".join(others[:3]) + (" …" if len(others) > 3 else "")
                    print(f"site/ stays, for no build made {some}.")
            elif os.path.islink(path):  # the link is ours, what it points to may not be
                os.unlink(path)
            elif name == ".venv" and (whose := install.somebodys()):
                print(f".venv stays: it {whose}.")
            elif os.path.lexists(path):
                shutil.rmtree(path)
        except OSError as error:
            raise BuildError(f"{path} could not be removed: {error.strerror or error}") from None
