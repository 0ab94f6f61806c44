"""Files that the documents for contributors name are there."""

from __future__ import annotations

import re

import pytest

from site_gen.paths import ROOT

NAMED = re.compile(r"[`(]([\w.-]+(?:/[\w.-]+)*\.(?:py|md|js|json|toml|yml|mplstyle|txt|png))[`)]")
OURS = (
    "experiments",
    "site_gen",
    "docs",
    "tests",
    "pages",
    "media",
    "pipeline",
    "theme",
    "simulators",
)


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "experiments/data/README.md"])
def test_a_file_that_is_named_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    found = {name for name in NAMED.findall(text) if name.partition("/")[0] in OURS and "/" in name}
    assert found
    assert sorted(name for name in found if not (ROOT / name).is_file()) == []
