"""Install a Chromium if there is none: `python -m tests.browser.install`. Debian's where that may be done, else Playwright's."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys

from tests.browser import chromium

PATIENCE = 600  # seconds; a package server that cannot be reached may not say so for long


def ways() -> list[list[str]]:
    """The commands that may bring a Chromium, in the order in which to try them."""
    debian = shutil.which("apt-get") and platform.freedesktop_os_release().get("ID") == "debian"
    apt = ["apt-get", "-qq", "-y", "-o", "Acquire::Retries=1"]
    return [
        # Ubuntu's package of that name only points to a snap, which containers cannot run.
        *([["sh", "-c", f"{' '.join(apt)} update && {' '.join(apt)} install --no-install-recommends chromium"]]
          if debian and os.geteuid() == 0 else []),
        [sys.executable, "-m", "playwright", "install", "chromium"],
    ]  # fmt: skip


def main() -> None:
    """Find a Chromium or install one; without one, say so and go on: the tests know what to do."""
    if chromium.find():
        return
    print("No Chromium found: installing one for the browser tests", flush=True)
    for way in ways():
        try:
            subprocess.run(way, check=True, timeout=PATIENCE, capture_output=True, text=True,
                           env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            last = (error.stderr or str(error)).strip().splitlines()[-1:]
            print(f"  {' '.join(way)}: {''.join(last)}", flush=True)
        chromium.find.cache_clear()
        if chromium.find():
            return
    print(f"No Chromium could be installed: {chromium.REMEDY}", flush=True)


if __name__ == "__main__":
    main()
