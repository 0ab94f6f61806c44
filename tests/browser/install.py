"""Install the browsers that are missing: Debian's where that may be done, else Playwright's Chromium. `make test` runs it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys

from tests.browser import chromium, firefox

PATIENCE = 600  # seconds; a package server that cannot be reached may not say so for long


def debian(package: str) -> list[list[str]]:
    """The command that installs a package of Debian, where that may be done."""
    # Ubuntu's packages of these names only point to snaps, which containers cannot run.
    here = shutil.which("apt-get") and platform.freedesktop_os_release().get("ID") == "debian"
    apt = "apt-get -qq -y -o Acquire::Retries=1"
    install = ["sh", "-c", f"{apt} update && {apt} install --no-install-recommends {package}"]
    return [install] if here and os.geteuid() == 0 else []


PLAYWRIGHT = [sys.executable, "-m", "playwright", "install", "chromium"]
# name → where to look, the commands to try in this order, and what to say if none helps
BROWSERS = {
    "Chromium": (chromium.find, [*debian("chromium"), PLAYWRIGHT], chromium.REMEDY),
    "Firefox": (firefox.find, debian("firefox-esr"), firefox.REMEDY),
}


def main() -> None:
    """Find every browser or install it; without one, say so and go on: the tests know what to do."""
    for name, (find, ways, remedy) in BROWSERS.items():
        if find() or not ways:
            continue
        print(f"No {name} found: installing one for the browser tests", flush=True)
        for way in ways:
            try:
                subprocess.run(way, check=True, timeout=PATIENCE, capture_output=True, text=True,
                               env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})  # fmt: skip
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                spoke = isinstance(error, subprocess.CalledProcessError) and error.stderr.strip()
                told = (spoke or str(error)).splitlines()
                reason = next((line for line in told if "rror" in line), told[-1])
                print(
                    f"  {way[-1] if way[0] == 'sh' else 'playwright install chromium'}: {reason}", flush=True
                )
            find.cache_clear()
            if find():
                break
        else:
            print(f"No {name} could be installed: {remedy}", flush=True)


if __name__ == "__main__":
    main()
