"""Plain Markdown → the site, by MkDocs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from site_gen import files, paths
from site_gen.errors import BuildError
from site_gen.pipeline.fingerprint import components
from site_gen.pipeline.units import Unit, tree, unit

CONFIG = paths.ROOT / "mkdocs.yml"
THEME = paths.ROOT / "site_gen" / "theme" / "overrides"
STAGING = paths.BUILD / "mkdocs"
EPOCH = "1735689600"  # 1 January 2025: the date in the sitemap, the same for everybody
LIBRARIES = ("mkdocs", "mkdocs-material", "markdown", "pymdown-extensions", "math-core", "pygments")


def units() -> Unit:
    """The unit that runs MkDocs."""
    theme = sorted(path for path in THEME.rglob("*") if path.is_file())
    return unit("site", "", "site", run, parts=components([("site_gen.pages.mathml", "*")], LIBRARIES),
                inputs=[CONFIG, *theme, tree(paths.RENDERED)], outputs=[tree(paths.SITE)])  # fmt: skip


def environment() -> dict[str, str]:
    """The environment that MkDocs runs in: no date, no banner."""
    return os.environ | {"SOURCE_DATE_EPOCH": EPOCH, "NO_MKDOCS_2_WARNING": "1"}


def run() -> None:
    """Build the site beside, then bring `site/` up to date file by file.

    Raises
    ------
    BuildError
        If MkDocs finds a dead link, a missing file, broken mathematics or the like; quotes what it says.
    """
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--clean", "--config-file", str(CONFIG),
               "--site-dir", str(STAGING)]  # fmt: skip
    ran = subprocess.run(
        command, cwd=paths.ROOT, env=environment(), capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise BuildError(f"MkDocs stopped:\n{_complaints(ran.stdout + ran.stderr)}")
    content: dict[str, bytes | Path] = {
        path.relative_to(STAGING).as_posix(): path for path in STAGING.rglob("*")
        if path.is_file() and path.name != "sitemap.xml.gz"  # a copy of sitemap.xml with a time stamp inside
    }  # fmt: skip
    files.sync_folder(paths.SITE, content)
    shutil.rmtree(STAGING)


def _complaints(output: str) -> str:
    """The lines in which MkDocs says what is wrong; pages are named as they stand under docs/."""
    lines = [line for line in output.splitlines() if re.match(r"\s*(WARNING|ERROR|.*Error|Aborted)", line)]
    return "\n".join(f"  {line.strip()}" for line in lines or output.splitlines()[-15:])
