"""`clean` and `distclean`."""

import os
import shutil

from site_gen.commands import mistake
from site_gen.environment.variables import ROOT


def clean(*, everything: bool) -> int:
    """Remove `build/` and `site/`, and `.venv/` too if asked; 0, or 2 after a sentence."""
    for name in ("build", "site", *([".venv"] if everything else [])):
        path = os.path.join(ROOT, name)
        try:
            if name == "site" and _holds_history(path):
                return mistake(f"{path} is a repository of its own: `clean` leaves it; remove it yourself")
            if os.path.islink(path):  # the link is ours, what it points to may not be
                os.unlink(path)
            elif os.path.lexists(path):
                shutil.rmtree(path)
        except OSError as error:
            return mistake(f"{path} could not be removed: {error.strerror or error}")
    return 0


def _holds_history(path: str) -> bool:
    return os.path.lexists(os.path.join(path, ".git"))
