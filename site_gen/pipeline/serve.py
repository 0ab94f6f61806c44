"""Serve the site and rebuild what a changed source concerns; the browser reloads by itself."""

from __future__ import annotations

import queue
import subprocess
import sys

from rich.console import Console
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from site_gen import paths
from site_gen.pipeline.site import CONFIG, environment

WATCHED = ("docs", "experiments", "site_gen")
QUIET = 0.3  # seconds without a further change before building, so that saving many files builds once


class _Changes(FileSystemEventHandler):
    """Puts the path of every changed source into a queue."""

    def __init__(self) -> None:
        self.paths: queue.Queue[str] = queue.Queue()

    def on_any_event(self, event: FileSystemEvent) -> None:
        path = str(event.src_path)
        passing = event.is_directory or "__pycache__" in path or path.endswith((".part", "~", ".swp"))
        if event.event_type in ("modified", "created", "deleted", "moved") and not passing:
            self.paths.put(path)

    def wait(self) -> None:
        """Block until something changed and then stayed still for a moment."""
        self.paths.get()
        while True:
            try:
                self.paths.get(timeout=QUIET)
            except queue.Empty:
                return


def run(profile: str, console: Console) -> int:
    """Build, serve on http://127.0.0.1:8000/, and keep building until Ctrl-C.

    Every build is a process of its own, so that changed code is loaded anew; MkDocs watches the rendered pages.
    """
    name, _, seed = profile.partition("-seed-")
    build = [
        sys.executable,
        "-m",
        "site_gen",
        "pages",
        "--profile",
        name,
        *(["--seed", seed] if seed else []),
    ]
    if subprocess.run(build, cwd=paths.ROOT, check=False).returncode:
        return 1
    changes = _Changes()
    observer = Observer()
    for folder in WATCHED:
        observer.schedule(changes, str(paths.ROOT / folder), recursive=True)
    observer.start()
    server = subprocess.Popen([sys.executable, "-m", "mkdocs", "serve", "--config-file", str(CONFIG)], cwd=paths.ROOT,
                              env=environment())  # fmt: skip
    try:
        while server.poll() is None:
            changes.wait()
            console.rule("a source changed")
            subprocess.run(build, cwd=paths.ROOT, check=False)
    finally:
        observer.stop()
        server.terminate()
        server.wait()
    return 0
