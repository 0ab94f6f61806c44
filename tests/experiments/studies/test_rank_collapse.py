"""The rank study says what its page says, at any widths and batch sizes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from experiments import study
from experiments.studies import rank_collapse
from experiments.theory import depth as theory
from tests import quick


@pytest.fixture(scope="module")
def results():
    return quick.results("rank_collapse")


def test_ranks_are_what_they_are_said_to_be(results) -> None:
    """The first layers of one network in plain NumPy, from the study's own streams."""
    setup = rank_collapse.QUICK
    width = setup.widths[0]
    data, weights = np.random.SeedSequence((setup.seed, width, 2)).spawn(2)
    x = (
        np.random.default_rng(data)
        .standard_normal((setup.samples, width), np.float32)
        .astype(float)
    )
    rng = np.random.default_rng(weights)
    drawn = [rng.standard_normal((width, width), np.float32).astype(float) for _ in range(3)]
    for kind in rank_collapse.KINDS:
        for norm in rank_collapse.NORMS:
            h = x
            for layer, weight in enumerate(drawn, start=1):
                z = h @ weight
                if norm == "batch norm":
                    z = (z - z.mean(axis=0)) / z.std(axis=0)
                squares = np.linalg.svd(z, compute_uv=False) ** 2
                found = float(
                    results["rank"].sel(kind=kind, norm=norm, width=width, run=2, layer=layer)
                )
                assert found == pytest.approx(squares.sum() ** 2 / np.sum(squares**2), rel=1e-4), (
                    kind,
                    norm,
                )
                h = np.maximum(z, 0) if kind == "relu" else z


def test_growth_is_that_of_the_singular_values() -> None:
    """Σ over directions of ln R_ii is ln |det| of the product, and the first is ln ‖W … W e‖, both without any QR."""
    setup = dataclasses.replace(rank_collapse.QUICK, layers=4, runs=2)
    found = rank_collapse._product(setup)["growth"].values * setup.layers
    for r, seed in enumerate(np.random.SeedSequence((setup.seed, 0)).spawn(2)):
        rng, product = np.random.default_rng(seed), np.eye(setup.product_width)
        for _ in range(setup.layers):
            product = rng.standard_normal(product.shape) / np.sqrt(setup.product_width) @ product
        assert found[r].sum() == pytest.approx(np.linalg.slogdet(product)[1])
        assert found[r, 0] == pytest.approx(np.log(np.linalg.norm(product[:, 0])))


def test_spectra_and_ranks_agree(results) -> None:
    shares = results["shares"].astype(float)
    assert shares.sum("index").values == pytest.approx(1, abs=1e-5)
    both = sorted(set(results["shown"].values.tolist()) & set(results["layer"].values.tolist()))
    assert len(both) > 4
    widest = results["rank"].sel(kind="linear", width=results.attrs["widest"], layer=both)
    found = (
        (1 / (shares.sel(shown=both) ** 2).sum("index")).transpose("norm", "run", "shown").values
    )
    assert found == pytest.approx(widest.transpose("norm", "run", "layer").values, rel=1e-4)


def test_the_law_holds_at_other_settings() -> None:
    """Other widths and batch sizes than in the full profile, fewer layers and runs."""
    setup = dataclasses.replace(
        rank_collapse.FULL,
        widths=(50, 100),
        samples=40,
        batches=(4, 10, 20),
        layers=160,
        skipped=60,
        runs=6,
    )
    results = study.combine(
        {k: rank_collapse.run(p) for k, p in rank_collapse.points(setup).items()}
    )
    assert rank_collapse._furthest(results).high < 1
    slope = rank_collapse._slope(results).estimate
    assert slope == pytest.approx(1, abs=0.15)


def test_a_wrong_law_is_noticed(results, monkeypatch) -> None:
    setup = dataclasses.replace(
        rank_collapse.FULL,
        widths=(100,),
        samples=40,
        batches=(10, 20),
        layers=120,
        skipped=40,
        runs=6,
    )
    monkeypatch.setattr(theory, "batch_norm_rank", lambda width, n: n / (1 + n**2 / (2 * width)))
    results = study.combine(
        {k: rank_collapse.run(p) for k, p in rank_collapse.points(setup).items()}
    )
    assert rank_collapse._furthest(results).low > 1


def test_readings() -> None:
    setup = dataclasses.replace(rank_collapse.QUICK, layers=20, every=8)
    assert rank_collapse.readings(setup).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 16]
    shown = rank_collapse.shown(rank_collapse.FULL)
    assert shown[0] == 0 and shown[-1] == rank_collapse.FULL.layers and (np.diff(shown) > 0).all()
