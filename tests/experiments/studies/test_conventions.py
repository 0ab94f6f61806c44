"""The stored outputs of the frameworks mean what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments.data import conventions as golden
from experiments.engine.standardize import FLAX, KERAS, PYTORCH
from experiments.measures.frameworks import VARIANTS
from site_gen.paths import DOCS
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("conventions")


def test_the_example_by_hand(results) -> None:
    var = results["example_running_var"].to_series()
    assert var["PyTorch", 0.1] == pytest.approx(0.9 + 0.1 * 5 / 3, abs=1e-12)
    for name in VARIANTS[1:]:
        assert var[name, 0.9] == pytest.approx(1.025, abs=1e-6), name
        assert var[name, 0.1] == pytest.approx(1.225, abs=1e-6), name


@pytest.mark.parametrize(
    ("name", "ours"), [("PyTorch", PYTORCH), ("Keras on JAX", KERAS), ("Flax nnx", FLAX)]
)
def test_the_engine_carries_the_frameworks_defaults(results, name: str, ours) -> None:
    at = results.sel(framework=name, setting="default")
    assert ours.eps == pytest.approx(at["eps"].item(), rel=1e-2)
    assert ours.rate == pytest.approx(at["new_weight"].item(), rel=1e-6)
    assert ours.unbiased == (results["factor"].sel(framework=name, size=4).item() > 1.1)


def test_the_stored_file_is_read_only_and_knows_its_versions() -> None:
    arrays = golden.load()
    with pytest.raises(ValueError, match="read-only"):
        arrays["y"][...] = 0
    versions = {part for line in arrays["version"] for part in str(line).split(", ")}
    requirements = (Path(__file__).with_name("requirements-conventions.txt")).read_text(
        encoding="utf-8"
    )
    assert versions <= set(re.findall(r"^\w+==\S+", requirements, re.M)) | {
        line.replace("==", " ") for line in re.findall(r"^\w+==\S+", requirements, re.M)
    }
    page = (DOCS / "inference/conventions.md").read_text(encoding="utf-8")
    assert {version for version in versions if not version.startswith("numpy")} <= set(
        re.findall(r"`(\w+ [\d.]+)`", page)
    )


@pytest.mark.parametrize(
    ("content", "message"), [(None, "is missing"), (b"not the data", "has SHA-256")]
)
def test_a_missing_or_changed_file_is_named_with_its_remedy(
    tmp_path, monkeypatch, content, message
) -> None:
    monkeypatch.setattr(golden, "__file__", str(tmp_path / "conventions.py"))
    if content is not None:
        (tmp_path / golden.BUNDLE).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        golden.load.__wrapped__()


def test_readme_names_the_hash() -> None:
    assert golden.BUNDLE_SHA256 in Path(golden.__file__).with_name("README.md").read_text(
        encoding="utf-8"
    )
