"""How far the output of undone batch norm is from its input, against the batch size."""

import pandas as pd

from experiments.results import only, rows, summary
from site_gen.theme.numbers import percent

TITLE = "With batch statistics γ and β cannot undo batch norm"
TAGS = ("gamma and beta", "batch size")
CLAIMS = ("gamma-beta-undo-it", "undo-error-is-known", "training-finds-the-undo")
MISSING = {"theory": "only Gaussian inputs have a closed form"}

BEST = "gaussian, best γ and β"


def data(results):
    """A row for every kind of input and batch size: the mean over runs and closed forms."""
    leading = rows(large_batch=results["error_large_batch"])
    table = summary(results["error"]).merge(leading, on=["distribution", "batch"])
    gaussian = table["distribution"] == "gaussian"
    known = {name: results[f"{name}error_theory"].to_series() for name in ("", "best_")}
    table.loc[gaussian, "theory"] = table["batch"].map(known[""])
    best = summary(results["best_error"].sel(distribution="gaussian"), name="error")
    best = best.assign(distribution=BEST, large_batch=table.loc[gaussian, "large_batch"].values)
    best["theory"] = best["batch"].map(known["best_"])
    table = pd.concat([table, best], ignore_index=True)
    return table.rename(columns={"distribution": "input"})


def alt(data):
    smallest, largest = data["batch"].min(), data["batch"].max()
    at = data.set_index(["input", "batch"])["error"]
    return f"""On logarithmic axes the squared error falls nearly in a straight line, for Gaussian
    inputs from {at["gaussian", smallest]:.2f} of the variance in batches of {smallest} to
    {at["gaussian", largest]:.4f} in batches of {largest}; the best γ and β reach
    {at[BEST, smallest]:.2f} and {at[BEST, largest]:.4f}. Exponential inputs lie above, uniform ones
    below."""


def caption(data):
    known = data.dropna(subset="theory")
    off = (known["error"] / known["theory"] - 1).abs().max()
    return f"""Mean squared difference between the input and what batch norm with $\\gamma =
    \\sigma$, $\\beta = \\mu$ puts out in training mode. Points: {data["runs"].iloc[0]} runs with 95
    % intervals, mostly smaller than the points; lines: the exact expectation for Gaussian inputs,
    at most {percent(off, 1)} away; dashed: $(\\kappa+3)/(4m)$ for inputs of kurtosis $\\kappa$,
    which is $3/(2m)$ for a Gaussian."""


def draw(data, theme):
    figure, ax = theme.figure(height=4.0)
    for name, condition, form, dy in (
        ("exponential", "none", "o", 0),
        ("gaussian", "batch norm", "o", 12),
        (BEST, "truth", "d", -1),
        ("uniform", "layer norm", "o", -11),
    ):
        curve, colour = only(data, input=name), theme.colour(condition)
        if curve.empty:
            continue
        batch, last = curve["batch"], curve.iloc[-1]
        theme.theory(ax, batch, curve["theory"], zorder=1.9)
        if name != BEST:
            dashed = {"color": colour, "linestyle": "--", "zorder": 1.8}
            theme.theory(ax, batch, curve["large_batch"], **dashed)
        theme.points(ax, curve, "batch", "error", colour, fmt=form)
        text = name.replace("gaussian", "Gaussian")
        theme.label(ax, last["batch"], last["error"], text, colour, dx=9, dy=dy)
    ax.set(xscale="log", xlabel="batch size m")
    ax.set(yscale="log", ylim=(0.0025, 2), ylabel="squared error / variance")
    theme.ticks(ax, x=sorted(data["batch"].unique()), y=(0.01, 0.1, 1))
    return figure
