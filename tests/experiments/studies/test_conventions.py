"""The stored outputs of the frameworks mean what the page says, and a wrong convention is noticed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from experiments.data import conventions as golden
from experiments.engine.standardize import FLAX, KERAS, PYTORCH
from experiments.studies import conventions
from site_gen.paths import DOCS
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("conventions")


def outcomes(results, claim_id: str) -> list:
    claim = next(claim for claim in conventions.CLAIMS if claim.id == claim_id)
    return [case.holds(case.measure(results)) for case in claim.cases]


def test_the_example_by_hand(results) -> None:
    var = results["example_running_var"].to_series()
    assert var["PyTorch", 0.1] == pytest.approx(0.9 + 0.1 * 5 / 3, abs=1e-12)
    for name in (*conventions.KERAS, *conventions.FLAX, "ONNX"):
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


@pytest.mark.parametrize("wrong", ["rate", "unbiased", "eps"])
def test_a_wrong_convention_is_noticed(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = conventions.Convention

    def convention(eps, rate, unbiased):
        change = (
            {"rate": 1 - rate}
            if wrong == "rate"
            else {"unbiased": not unbiased}
            if wrong == "unbiased"
            else {"eps": 1.01 * eps}
        )
        return right(**({"eps": eps, "rate": rate, "unbiased": unbiased} | change))

    monkeypatch.setattr(conventions, "Convention", convention)
    error = conventions.run(quick.points("conventions")["steps"])["error"].sel(precision="float64")
    precise = [name for name in error["framework"].values if name not in conventions.KERAS]
    assert (error.max(["quantity", "setting"]).sel(framework=precise) > 1).all()


def test_keras_computes_in_float32_and_the_others_do_not(results) -> None:
    assert outcomes(results, "float64-is-float64") == [True, False, True, True]


def test_one_pass_loses_the_variance_and_two_do_not(results) -> None:
    off = np.abs(results["variance_ratio"].sel(offset=1000.0) - 1).to_series()
    for name in (*conventions.NAMES.values(), conventions.OURS):
        assert (off[name] > 0.01) == (name in conventions.ONE_PASS), name


def test_the_stored_file_is_read_only_and_knows_its_versions() -> None:
    arrays = golden.load()
    with pytest.raises(ValueError, match="read-only"):
        arrays["y"][...] = 0
    assert list(arrays["framework"]) == list(conventions.NAMES)
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
