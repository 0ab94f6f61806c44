"""What CONTRIBUTING.md shows works as it stands there."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from experiments import contract
from experiments.judge import judge
from experiments.profile import Profile
from experiments.results import combine
from experiments.study import work
from site_gen.paths import ROOT


def test_the_study_from_top_to_bottom_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(# experiments/studies/.*?)```", text, flags=re.DOTALL)
    path = tmp_path / "momentum_and_width.py"
    path.write_text(code.partition("\n")[2], encoding="utf-8")
    spec = importlib.util.spec_from_file_location("experiments.studies.momentum_and_width", path)
    study = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, study)
    spec.loader.exec_module(study)
    contract.check_declared(study)
    results = combine({key: point() for key, point in work(study, study.QUICK).items()})
    contract.check_measured(study, results)
    measured = judge(study, results, Profile("quick"))
    assert list(measured["values"]) == ["gain"] and len(measured["claims"]) == 1
