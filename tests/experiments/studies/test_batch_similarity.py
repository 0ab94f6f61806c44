"""What is read of alike batches, and how rates are told apart."""

from __future__ import annotations

import numpy as np

from experiments.runs import Runs
from experiments.studies import batch_similarity as study
from experiments.study import call
from tests import quick


def test_the_same_batch_does_not_differ_from_itself_in_the_results() -> None:
    between = quick.results("batch_similarity")["between"].sel(rate=study.QUICK.rate)
    assert (between.sel(kind="one batch") == 0).all()
    means = between.sel(norm="none", when="before").mean("run")
    assert means.sel(kind="balanced") < means.sel(kind="two digits") < means.sel(kind="one digit")


def test_one_batch_is_learned_and_read_on_itself() -> None:
    """The loss that is read is that of the batch which is trained on: it falls at every step."""
    setup = study.Setup(hidden=(6, 6), batch=30, compared=3, probe=20)
    at, runs = tuple(range(31)), Runs(22, 3)
    given = {"kind": "one batch", "norm": "batch norm", "rate": 0.05, "at": at, "runs": runs}
    losses = call(study.learn, setup, **given)()["loss"].squeeze(drop=True)
    assert (losses.diff("step") < 0).all()


def test_rates_are_told_apart_in_results() -> None:
    results = quick.results("batch_similarity")
    assert study.MAIN_RATE(results) == study.QUICK.rate
    assert study.SECOND_RATE(results) == study.QUICK.second_rate
    second = study.steps_to("one batch", "none", study.SECOND_RATE)(results)
    assert second.sizes == {"run": study.QUICK.runs} and np.isfinite(second).all()
