"""How far folding moves the logits of trained networks, by precision."""

import numpy as np

from experiments.results import rows
from experiments.studies.folded_networks import PRECISIONS
from experiments.theory.inference import unit_round_off

TITLE = "Folding moves the logits of trained networks by round-off"
TAGS = ("deployment", "folding", "precision")
CLAIMS = ("folding-changes-predictions",)
ID = "deployment-precision"

SHOWN = PRECISIONS[::-1]  # from the largest errors to the smallest


def data(results):
    """Every network and precision: largest distance of a logit, predictions changed, round-off."""
    found = rows(results["logit_distance"], results["changed"])
    return found.assign(unit=found["precision"].map(unit_round_off))


def alt(data):
    worst = data.groupby("precision")["logit_distance"].max()
    said = ", ".join(f"{worst[name]:.0e} in {name}" for name in SHOWN)
    return f"""On a logarithmic axis the largest distances of logits lie some multiples above the
    unit round-off: up to {said}."""


def caption(data):
    changed = data.groupby("precision")["changed"].mean()
    said = ", ".join(f"{changed[name]:.3%} in {name}" for name in SHOWN)
    return f"""Largest distance between logits with batch norm and folded, over all test images; one
    point for each of {data["run"].nunique()} networks. Lines: the unit round-off $u$. Predictions
    that change: {said}."""


def draw(data, theme):
    figure, ax = theme.figure(height=2.8)
    heights = 0.2 * (data["run"] / data["run"].max() - 0.5)
    for k, name in enumerate(SHOWN):
        found = data.assign(height=k + heights)[data["precision"] == name]
        theme.points(ax, found, "logit_distance", "height", "batch norm", alpha=0.6)
        unit = found["unit"].iloc[0]
        theme.theory(ax, [unit, unit], [k - 0.35, k + 0.35])
        theme.label(ax, unit, k, "u", "theory", dx=-5, ha="right", weight="normal")
    ax.set(xscale="log", xlabel="largest distance of a logit", xlim=(1e-17, 1), ylim=(-0.6, 2.6))
    ax.set_yticks(np.arange(len(SHOWN)), SHOWN)
    return figure
