"""Late statistics are good, and early ones lag."""

from tests import quick


def test_early_statistics_lag_and_late_ones_do_not() -> None:
    results = quick.results("running_in_training")
    lost = (results["precise_accuracy"] - results["accuracy"]).mean("run")
    assert lost.sel(step=30, rate=0.01) > 0.03 > abs(lost.sel(step=1000, rate=0.1))
