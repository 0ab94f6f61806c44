"""`test`, `nightly` and `bench`: pytest, with the site and the browsers that it needs."""

from __future__ import annotations

import os
import subprocess
import sys

from site_gen.commands import browsers_wanted
from site_gen.environment.variables import ROOT

# One more than there are cores: browsers and builds wait now and then.
PYTEST = ("-m", "pytest", "-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal")
# An empty expression lifts the `-m "not nightly"` of pyproject.toml.
EVERYTHING = ("-m", "")
BENCH = ("-m", "pytest", "tests/benchmarks", "-o", "python_files=bench_*.py", "--benchmark-only")


def run(arguments: list[str]) -> int:
    """Run `test`, `nightly` or `bench`; options go to `site`, those after `--` to pytest."""
    name, *rest = arguments
    at = rest.index("--") if "--" in rest else len(rest)
    options, extra = rest[:at], rest[at + 1 :]
    if name == "bench":
        return _python(*BENCH, *extra)
    if browsers_wanted():
        status = _python("-m", "tests.browser.install")
        if status:
            return status
    else:
        extra = ["--ignore=tests/browser", *extra]
    # If the site cannot be built, it is still worth knowing which tests fail, and the reverse.
    built = _python("-m", "site_gen", "site", *options)
    if built == 130:  # Ctrl-C
        return built
    tested = _python(*PYTEST, *(EVERYTHING if name == "nightly" else ()), *extra)
    if tested:
        return tested
    if built:
        print("All tests passed, but the site could not be built: see above.", file=sys.stderr)
    return built


def _python(*arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode
