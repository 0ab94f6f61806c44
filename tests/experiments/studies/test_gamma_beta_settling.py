"""The study reads what it says it reads of the path that γ and β take."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from experiments.studies import gamma_beta_settling as study
from tests import quick

SETUP = study.QUICK


def test_early_late_and_settled_are_parts_of_the_path() -> None:
    results = quick.results("gamma_beta_settling")
    path, away, units = results["path_length"], results["distance"], SETUP.hidden[-1]
    assert (path.diff("step") > 0).all() and not path.sel(step=0).any()
    assert (away <= np.sqrt(units) * path + 1e-9).all()
    # the whole path is at least early and late together
    length = results["step_length"]
    early, late = length.sel(window="early"), length.sel(window="late")
    assert (early * SETUP.early + late * SETUP.late <= path.sel(step=SETUP.steps) + 1e-9).all()
    # there and back is a path without a net change
    assert (results["late_net"] <= late + 1e-9).all()
    asked = round(SETUP.settled * SETUP.steps)
    share = away.sel(step=asked) / away.sel(step=SETUP.steps)
    np.testing.assert_allclose(results["settled"], share.transpose(*results["settled"].dims))


def test_the_film_shows_the_first_run_on_the_same_path() -> None:
    results = quick.results("gamma_beta_settling")
    film = results["film"].dropna("rate", how="all")
    assert film["rate"].size == 3
    start = film.sel(frame_step=0)
    assert (start.sel(parameter="gamma") == 1).all() and (start.sel(parameter="beta") == 0).all()
    units = SETUP.hidden[-1]
    moved = (film.sel(frame_step=SETUP.steps) - start).isel(unit=slice(-units, None))
    away = results["distance"].isel(layer=-1, run=0, step=-1).sel(rate=film["rate"])
    np.testing.assert_allclose(
        np.sqrt(np.square(moved).mean("unit")).transpose(*away.dims), away, rtol=1e-5
    )


def test_equal_times_are_read() -> None:
    for setup in (study.QUICK, study.FULL, study.PAPER):
        (point, *_) = study.points(setup).values()
        equal = study.equal_steps(setup.rates, setup.steps)
        for rate, step in equal.items():
            assert step in point.keywords["at"]
            assert rate * step == pytest.approx(setup.rates[0] * setup.steps)
        assert {setup.rates[0], setup.rates[len(setup.rates) // 2]} <= set(equal)


def test_claims_find_the_same_equal_time_in_results() -> None:
    results = quick.results("gamma_beta_settling")
    equal = study.equal_steps(SETUP.rates, SETUP.steps)
    assert study.same_time(results) == equal[study.middle(results)]


def test_a_larger_rate_makes_longer_steps() -> None:
    length = quick.results("gamma_beta_settling")["step_length"].sel(window="early").mean("run")
    ordered = [length.sel(rate=rate) for rate in SETUP.rates]
    assert all((b > 1.5 * a).all() for a, b in pairwise(ordered))
