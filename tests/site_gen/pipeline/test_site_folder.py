"""Which files of site/ are ours: those that the manifest names, and it may have been damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from site_gen.pipeline import site_folder


@pytest.mark.parametrize(
    ("manifest", "listed"),
    [
        ('["index.html", "a/b.css"]', {"index.html", "a/b.css"}),
        ("null", set()),
        ("3", set()),
        ('{"index.html": 1}', set()),
        ("[", set()),
        ("", set()),
        (
            json.dumps(["../x", "/x", "a/../../x", "", ".", "a//b", "a/", "x\0y", 3, None, "ok"]),
            {"ok"},
        ),
    ],
)
def test_a_manifest_names_files_inside_and_nothing_else(
    tmp_path: Path, manifest: str, listed: set[str]
) -> None:
    (tmp_path / site_folder.MANIFEST).write_text(manifest, encoding="utf-8")
    assert site_folder.listed(tmp_path) == listed


def test_clearing_leaves_what_is_not_listed(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for name in ("a/index.html", "CNAME", ".git/HEAD"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).touch()
    site_folder.claim(site, ["a/index.html", "gone.html"])
    assert site_folder.clear(site) == [".git", "CNAME"]
    assert not (site / "a").exists() and (site / ".git/HEAD").exists()
