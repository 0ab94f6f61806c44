"""Install a Chromium if there is none: Debian's where that may be done, else Playwright's. `make test` runs it."""

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
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    # Ubuntu's package of that name only points to a snap, which containers cannot run.
    if not (debian and os.geteuid() == 0):
        return [playwright]
    apt = "apt-get -qq -y -o Acquire::Retries=1"
    return [["sh", "-c", f"{apt} update && {apt} install --no-install-recommends chromium"], playwright]


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
            spoke = isinstance(error, subprocess.CalledProcessError) and error.stderr.strip()
            told = (spoke or str(error)).splitlines()
            reason = next((line for line in told if "rror" in line), told[-1])
            print(f"  {way[-1] if way[0] == 'sh' else 'playwright install chromium'}: {reason}", flush=True)
        chromium.find.cache_clear()
        if chromium.find():
            return
    print(f"No Chromium could be installed: {chromium.REMEDY}", flush=True)


if __name__ == "__main__":
    main()
