"""The running statistics study keeps averages as the engine does, and its truth is the training set's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from experiments.data import mnist
from experiments.studies import running_statistics as study
from tests import quick

SETUP = replace(study.QUICK, rates=(0.1, 0.5), steps=(1, 7), width=8, runs=3)


def read(setup, runs, steps, what):
    return study._train(setup, runs, steps, max(steps), what)


def test_averages_are_the_engines() -> None:
    """At the rate that the network is built with, the study's averages are the state that the engine keeps."""

    def difference(net, moment, averages):
        kept = averages.state(0, len(net.layers))
        return np.array(
            [
                np.abs(kept[i][key] / layer[key] - 1).max()
                for i, layer in enumerate(moment.state)
                for key in layer
            ]
        )

    assert read(SETUP, range(3), (7,), difference)[7] == pytest.approx(0, abs=1e-5)


def test_the_population_is_the_training_set() -> None:
    def difference(net, moment, averages):
        population, x = study._population(net, moment), mnist.load().train_x.astype(float)
        seen = np.stack([x @ weight.astype(float) for weight in moment.params[0]["weight"]])
        mean_off = np.abs(population[1]["running_mean"] - seen.mean(axis=1)).max()
        return np.array(
            [mean_off, np.abs(population[1]["running_var"] / seen.var(axis=1) - 1).max()]
        )

    assert read(SETUP, range(3), (3,), difference)[3] == pytest.approx(0, abs=1e-4)


def test_a_run_does_not_depend_on_its_group() -> None:
    together = study.run(study.Point("training", 0, 3, SETUP))
    alone = study.run(study.Point("training", 1, 2, SETUP))
    for name in ("accuracy", "loss", "precise_accuracy", "mean_error", "std_ratio"):
        assert np.array_equal(together[name].sel(run=1), alone[name].sel(run=1)), name


def test_evaluating_does_not_change_training() -> None:
    def weight(net, moment, averages):
        return moment.params[0]["weight"]

    def weight_after_evaluating(net, moment, averages):
        study._test(net, moment.params, study._population(net, moment))
        return moment.params[0]["weight"]

    plain, evaluated = (
        read(SETUP, range(2), (2, 5), what) for what in (weight, weight_after_evaluating)
    )
    assert np.array_equal(plain[5], evaluated[5]) and not np.array_equal(plain[2], plain[5])


def test_the_stream_follows_its_closed_forms() -> None:
    results = quick.results("running_statistics")
    off = results["ema_mean"].mean("stream_run") - results["ema_mean_theory"]
    samples = results.sizes["stream_run"] * study.QUICK.stream_features
    assert (
        np.abs(off / np.sqrt(results["ema_variance_theory"] / samples)).max() < 5
    )  # standard errors
    ratio = results["ema_variance"].mean("stream_run") / results["ema_variance_theory"]
    assert np.abs(ratio - 1).max() < 6 * np.sqrt(2 / samples)
    assert results["steps_to_one_percent"].equals(results["steps_to_one_percent_theory"])
    assert results["steps_to_one_percent"].sel(stream_rate=[0.1, 0.01]).values.tolist() == [44, 459]


def test_early_statistics_lag_and_late_ones_do_not() -> None:
    results = quick.results("running_statistics")
    lost = (results["precise_accuracy"] - results["accuracy"]).mean("run")
    assert lost.sel(step=30, rate=0.01) > 0.03 > abs(lost.sel(step=1000, rate=0.1))
