"""How normalized values are distributed, batch size by batch size."""

import numpy as np

from experiments.results import only, rows

TITLE = "In batches of four, every normalized value up to √3 is equally likely"
TAGS = ("transform", "batch size", "distribution")
CLAIMS = ("normalized-is-gaussian", "normalized-distribution-is-known")

SHOWN = [2, 3, 4, 5, 8, 64]


def data(results):
    """A row for every shown batch size and bin: densities, measured and averaged over the bin."""
    found = results.sel(batch=SHOWN)
    table = rows(*(found[f"histogram{kind}"] for kind in ("", "_theory", "_gaussian")))
    table.columns = ["batch", "value", "density", "theory", "gaussian"]
    return table.assign(runs=results.sizes["run"])


def alt(data):
    four, last = only(data, batch=4), only(data, batch=SHOWN[-1])
    reach = four["value"].abs() + four["value"].diff().iloc[1] / 2
    inside = four["density"][reach <= np.sqrt(3)]  # bins that lie wholly between the bounds
    return f"""Six histograms of normalized values. Batches of 2: two spikes at −1 and 1; of 3: a
    bowl; of 4: a box with density {inside.mean():.2f} between −{np.sqrt(3):.2f} and
    {np.sqrt(3):.2f}; of 5: a dome; of 8: a bell with cut tails; of {SHOWN[-1]}: nearly the standard
    normal density, {last["density"].max():.2f} at its top."""


def caption(data):
    known = data[data["batch"] > 2]
    off = (known["density"] - known["theory"]).abs().groupby(known["batch"]).mean().max()
    return f"""Areas: normalized values of random Gaussian batches, {data["runs"].iloc[0]} runs
    together. Lines: the closed form, at most {off:.3f} away on average over a panel; dashed: the
    standard normal density. The axes end at 1, where the spikes of $m = 2$ and the walls of $m = 3$
    go on."""


def draw(data, theme):
    figure, axes = theme.figure(rows=2, cols=3, height=4.4, sharex=True, sharey=True)
    for ax, (m, curve) in zip(axes.flat, data.groupby("batch"), strict=True):
        value, edges = curve["value"], np.linspace(-4, 4, len(curve) + 1)
        ax.stairs(curve["density"], edges, fill=True, color=theme.colour("batch norm"), alpha=0.35)
        theme.theory(ax, value, curve["gaussian"], color=theme.muted, linestyle="--")
        theme.theory(ax, value, curve["theory"], linewidth=1.2)
        ax.set(title=f"m = {m}", xlim=(-4, 4), ylim=(0, 1), xticks=range(-4, 5, 2))
        ax.set(xlabel="normalized value x̂", ylabel="density")
        ax.label_outer()
    return figure
