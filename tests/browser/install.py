"""Install missing browsers: Debian's where we may, else Playwright's Chromium."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys

from site_gen.commands import browsers_wanted
from tests.browser import chromium, firefox

PATIENCE = 600  # seconds; a package server out of reach may stay silent for long


def may_use_apt() -> bool:
    """Whether this is Debian and we are root."""
    # Ubuntu's packages of these names only point to snaps, which containers cannot run.
    if not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    try:
        return platform.freedesktop_os_release().get("ID") == "debian"
    except OSError:  # a system that does not say what it is
        return False


def debian(package: str) -> list[list[str]]:
    """The command that installs a package of Debian, where we may use apt."""
    apt = "apt-get -qq -y -o Acquire::Retries=1"
    install = ["sh", "-c", f"{apt} update && {apt} install --no-install-recommends {package}"]
    return [install] if may_use_apt() else []


PLAYWRIGHT = [sys.executable, "-m", "playwright", "install", "chromium"]
# name → how to find it, the commands to try in this order, and what to say if all fail
BROWSERS = {
    "Chromium": (chromium.find, [*debian("chromium"), PLAYWRIGHT], chromium.REMEDY),
    "Firefox": (firefox.find, debian("firefox-esr"), firefox.REMEDY),
}


def main() -> None:
    """Find or install every browser; a missing one is reported, and its tests are left out."""
    if not browsers_wanted():
        return
    for name, (find, commands, remedy) in BROWSERS.items():
        if find() or not commands:
            continue
        for command in commands:
            print(announcement(name, command), flush=True)
            reason = failure(command)
            if reason:
                print(f"  That failed: {reason}", flush=True)
            find.cache_clear()
            if find():
                break
        else:
            print(f"No {name} could be installed: {remedy}", flush=True)


def announcement(name: str, command: list[str]) -> str:
    """Say what will be installed, how, and how to leave it out."""
    if command[0] == "sh":
        package = command[-1].split()[-1]
        how = f"installing Debian's {package} on this system, as root, with apt-get"
    else:
        how = "downloading Playwright's into the home folder, about 150 MB"
    return (
        f"No {name} for the browser tests: {how} (BROWSER=no leaves browsers and their tests out)"
    )


def failure(command: list[str]) -> str | None:
    """Run a command; return why it failed, in one line, or None."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command, check=True, timeout=PATIENCE, capture_output=True, text=True, env=environment
        )
    except subprocess.CalledProcessError as error:
        lines = (error.stderr.strip() or str(error)).splitlines()
        return next((line for line in lines if "rror" in line), lines[-1])
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None


if __name__ == "__main__":
    main()
