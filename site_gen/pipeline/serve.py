"""Serve the site, and rebuild what depends on a changed source; browsers reload by themselves."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from experiments.profile import Profile
from site_gen import files, paths
from site_gen.errors import BuildError
from site_gen.pipeline import session
from site_gen.pipeline.cluster import free

HOST = "127.0.0.1"
WATCHED = ("docs", "experiments", "site_gen", "mkdocs.yml")
LOOK = 0.2  # seconds between looks at the sources


def run(profile: Profile, port: int) -> int:
    """Build, serve on this machine alone, and keep building until Ctrl-C or SIGTERM.

    Raises
    ------
    BuildError
        If the port is taken.
    """
    from mkdocs.livereload import LiveReloadServer

    free(port)
    builds = _Builds(profile)
    server = LiveReloadServer(builds.changed, HOST, port, str(paths.SITE), polling_interval=LOOK)

    def end(number: int, frame: Any) -> None:
        # The exception ends whatever runs now. Python ignores one raised in a finalizer; then the
        # shutdown ends the loop.
        threading.Thread(target=server.shutdown).start()
        raise KeyboardInterrupt

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # `nohup` ignores SIGHUP, which must stay so
        if number and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, end)
    try:
        if builds.whole().wait():
            return 1
        free(port)  # a first build takes minutes
        logging.basicConfig(level=logging.WARNING)
        for name in WATCHED:
            server.watch(str(paths.ROOT / name))
        try:
            print(f"Serving on http://{HOST}:{port}/. Ctrl-C ends it.", flush=True)
            server.serve()
        finally:
            server.shutdown()
    except KeyboardInterrupt:
        print("\nStopped.")
    finally:
        builds.stop()
    return 0


class _Builds:
    """Rebuilds: a changed page at once; the site in a new process, which loads changed code."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.process: subprocess.Popen | None = None
        self.seen = self._look()

    def whole(self) -> subprocess.Popen:
        """Start a build of the whole site; it takes over from one still running."""
        self.stop()
        changes = " ".join(map(str, self.profile.changes))
        options = ["--profile", self.profile.name, "--set", changes]
        if self.profile.seed is not None:
            options += ["--seed", str(self.profile.seed)]
        python = [sys.executable, "-X", f"{session.PARENT}={os.getpid()}"]
        self.process = subprocess.Popen(
            [*python, "-m", "site_gen", "site", *options], cwd=paths.ROOT
        )
        return self.process

    def stop(self) -> None:
        """End a running build."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def changed(self) -> None:
        """A source changed: called by the server, which then has browsers reload."""
        before, self.seen = self.seen, self._look()
        changed = [
            name
            for name in before.keys() | self.seen.keys()
            if before.get(name) != self.seen.get(name)
        ]
        if not changed:
            return
        pages = [
            name.removeprefix("docs/")
            for name in changed
            if name.startswith("docs/") and name.endswith(".md")
        ]
        print(
            f"Changed: {', '.join(sorted(changed)[:3])}{' …' if len(changed) > 3 else ''}",
            flush=True,
        )
        if len(pages) == len(changed) and all(
            name in before and name in self.seen for name in changed
        ):
            self.stop()
            try:
                for name in pages:
                    _alone(self.profile, name)
            except BuildError as error:
                print(f"error: {error}", file=sys.stderr)
                return
            threading.Thread(target=self.whole().wait, daemon=True).start()
        else:
            self.whole().wait()

    @staticmethod
    def _look() -> dict[str, int]:
        found = {}
        for name in WATCHED:
            top = paths.ROOT / name
            for path in [top] if top.is_file() else paths.sources(top):
                with suppress(OSError):  # an editor renames while it saves
                    found[paths.relative(path)] = path.stat().st_mtime_ns
        return found


def _alone(profile: Profile, page: str) -> None:
    """Render one page and put it into the site, as the whole build will."""
    from site_gen.pages import mkdocs
    from site_gen.pipeline import stages
    from site_gen.pipeline.plan import plan
    from site_gen.pipeline.record import Record
    from site_gen.pipeline.run import State

    record = Record(paths.RECORD)
    hashes = files.Hashes(record.get("files"))
    found = plan(profile, record, hashes)
    if "site" not in found.units:
        raise BuildError("\n".join(dict.fromkeys(found.broken.values())))
    state = State(list(found.units.values()), record, hashes)
    unit = found.units["pages"]
    inputs = {name: files.read(paths.ROOT / path) for name, path in unit.inputs.items()}
    inputs |= state.listing(unit)
    rendered = stages.page(page, *unit.arguments, inputs)
    html = next(
        one for one in found.units.values() if one.kind == "html" and page in one.arguments[0]
    )
    block, _, names, url = html.arguments
    others = tuple(name for name in (*names, *block) if name != page)
    sources = {
        name: files.read(paths.ROOT / path)
        for name, path in html.inputs.items()
        if not name.startswith("docs/")
    }
    made = mkdocs.build((page,), False, others, url, sources | {f"docs/{page}": rendered})
    target = mkdocs.page_of(page)
    files.write_if_changed(Path(paths.SITE, target), made[target])
