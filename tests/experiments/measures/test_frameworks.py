"""The stored arrays are in the order of the variants, and a wrong convention is noticed."""

from __future__ import annotations

import pytest

from experiments.data.conventions import load
from experiments.measures import frameworks

PRECISE = [name for name in frameworks.VARIANTS if name not in frameworks.FRAMEWORKS["Keras"]]


def test_variants_are_in_the_order_of_the_file() -> None:
    keras = [f"keras-{backend}" for backend in ("jax", "torch", "numpy")]
    flax = ["flax-linen", "flax-linen-two-pass", "flax-nnx"]
    assert list(load()["framework"]) == ["pytorch", *keras, *flax, "onnx"]


@pytest.mark.parametrize("name", PRECISE)
@pytest.mark.parametrize("setting", ["default", "low", "high"])
@pytest.mark.parametrize("wrong", ["rate", "unbiased", "eps"])
def test_a_wrong_convention_is_noticed(
    name: str, setting: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = frameworks.Convention

    def convention(eps: float, rate: float, unbiased: bool):
        changed = {"rate": 1 - rate, "unbiased": not unbiased, "eps": 1.01 * eps}
        given = {"eps": eps, "rate": rate, "unbiased": unbiased}
        return right(**given | {wrong: changed[wrong]})

    assert max(frameworks.over_bound(name, "float64", setting)) < 1
    monkeypatch.setattr(frameworks, "Convention", convention)
    assert max(frameworks.over_bound(name, "float64", setting)) > 1
