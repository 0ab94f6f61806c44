"""Spectra are whole, and agree with the effective rank."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.studies import rank_spectrum as study
from tests import quick


def test_spectra_and_ranks_agree() -> None:
    """The rank study has networks of this width, with the same weights and batches."""
    shares, rank = quick.results("rank_spectrum")["shares"], quick.results("rank_collapse")["rank"]
    shares = shares.astype(float)
    assert shares.sum("index").values == pytest.approx(1, abs=1e-5)
    both = np.intersect1d(shares["shown"], rank["layer"])
    assert len(both) > 4
    found = 1 / (shares.sel(shown=both) ** 2).sum("index")
    of = rank.sel(kind="linear", width=study.QUICK.width, layer=both, norm=list(study.NORMS))
    of = of.transpose("layer", "norm", "run")
    assert found.transpose("shown", "norm", "run").values == pytest.approx(of.values, rel=1e-4)


def test_eigenvalues_on_a_semicircle_are_at_no_distance_from_it() -> None:
    """Their shares are the masses that the semicircle has around them; and others are at one."""
    results = quick.results("rank_spectrum")
    centre, radius = 0.05, 0.04
    size = results["shares"].sizes["index"]
    for stretch, near in ((1.0, True), (0.5, False)):
        # values at which a share of the sum, (k + ½)/n, is reached
        t = np.linspace(-1, 1, 200_001)
        mass = np.cumsum(np.sqrt(1 - t**2))
        sizes = centre + stretch * radius * np.interp(np.linspace(0, 1, 4001), mass / mass[-1], t)
        # as many eigenvalues near a size as the mass there over the size
        number = np.cumsum(1 / sizes)
        values = np.interp((np.arange(size) + 0.5) / size, number / number[-1], sizes)
        changed = results.assign(
            shares=0 * results["shares"].astype(float) + values, centre=("width", [centre])
        ).assign(radius=("width", [radius]))
        far = study.distance(changed).max() * (centre + radius)
        assert far < 1.5 / size if near else far > 0.05
        assert study.spread(changed) * (centre + radius) == pytest.approx(stretch - 1, abs=0.1)


def test_depths() -> None:
    shown = quick.results("rank_spectrum")["shown"].values
    assert shown[0] == 0 and shown[-1] == study.QUICK.layers and (np.diff(shown) > 0).all()
