"""Modes differ where there are batch statistics, and nowhere else."""

from __future__ import annotations

from experiments.studies import non_iid
from tests import quick


def test_only_batch_norm_has_modes() -> None:
    accuracy = quick.results("non_iid")["accuracy"]
    for norm in non_iid.NORMS:
        of_norm = accuracy.sel(norm=norm)
        same = of_norm == of_norm.sel(mode="evaluation")
        assert bool(same.all()) == (norm != "batch norm")
