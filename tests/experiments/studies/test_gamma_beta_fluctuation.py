"""Conditions differ in what they are called by, and rates are in their order."""

from __future__ import annotations

from experiments.studies import gamma_beta_fluctuation as study
from tests import quick

USUAL = f"rate {study.QUICK.middle:g}"


def test_rates_are_in_the_order_of_numbers() -> None:
    results = quick.results("gamma_beta_fluctuation")
    for order in (slice(None), slice(None, None, -1)):
        some = results.isel(condition=order)
        assert [study.rate_of(name) for name in study.at_rates(some)] == list(study.QUICK.rates)
    assert study.usual(results) == USUAL
    assert study.rate_of(study.largest(results)) == max(study.QUICK.rates)
    assert study.rate_of(study.last_but_one(results)) == sorted(study.QUICK.rates)[-2]


def test_the_usual_rate_is_the_one_at_which_order_and_size_change() -> None:
    for setup in (study.QUICK, study.FULL, study.PAPER):
        assert setup.middle == sorted(setup.rates)[len(setup.rates) // 2]


def test_batches_of_one_class_teach_less() -> None:
    accuracy = quick.results("gamma_beta_fluctuation")["accuracy"].mean("run")
    usual = accuracy.sel(condition=USUAL)
    assert accuracy.sel(condition="not shuffled") < usual - 0.2
