"""Share of runs that learn, by learning rate and depth, without and with batch norm."""

import numpy as np

from experiments.results import only, rows

TITLE = "Batch norm widens the range of rates that train, the more the deeper the network"
TAGS = ("learning rates", "depth", "training")
CLAIMS = ("no-rate-is-too-high-with-bn", "higher-rates-are-the-cause")

PANELS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results):
    """A row for every norm, depth and rate: shares of runs that learned and that diverged, and
    the mean test accuracy."""
    means = results[["learned", "diverged", "accuracy"]].mean("run")
    table = rows(*means.data_vars.values()).assign(runs=results.sizes["run"])
    return table.sort_values(["norm", "depth", "rate"], ignore_index=True)


def trained(data, norm, depth):
    rates = only(data, norm=norm, depth=depth).query("learned > 0.5")["rate"]
    return f"{rates.min():g} to {rates.max():g}" if len(rates) else "none"


def alt(data):
    said = [
        f"{m} layers, {trained(data, 'none', m)} without and {trained(data, 'batch norm', m)} with "
        "batch norm"
        for m in data["depth"].unique()
    ]
    return f"""Two heat maps of the share of runs that learn, by depth and learning rate. More than
    half of the runs learn at these rates: {"; ".join(said)}."""


def caption(data):
    crossed = (data["diverged"] > 0).groupby(data["norm"])
    gone = [f"{PANELS[norm]} {crossed.sum()[norm]} of {crossed.size()[norm]}" for norm in PANELS]
    return f"""Cells: test accuracy in per cent, mean of {data["runs"].iloc[0]} runs; the further a
    cell's colour is from the paper's, the more of them learned at all. A cross: in some runs the
    loss left all bounds (cells with a cross: {", ".join(gone)}); they count as not having
    learned."""


def draw(data, theme):
    figure, axes = theme.figure(rows=2, height=4.8, sharex=True)
    for ax, (norm, title) in zip(axes, PANELS.items(), strict=True):
        table = data[data["norm"] == norm].set_index(["depth", "rate"])
        learned = table["learned"].unstack()
        ax.imshow(learned, cmap=theme.cmap, vmin=0, vmax=1, origin="lower", aspect="auto")
        for row, column in np.ndindex(learned.shape):
            cell = table.loc[(learned.index[row], learned.columns[column])]
            text = f"{100 * cell['accuracy']:.0f}" + (" ×" if cell["diverged"] > 0 else "")
            colour = theme.legible(theme.cmap(float(cell["learned"])))
            ax.text(column, row, text, ha="center", va="center", color=colour)
        ax.set_xticks(range(len(learned.columns)), [f"{rate:g}" for rate in learned.columns])
        ax.set_yticks(range(len(learned.index)), [str(depth) for depth in learned.index])
        ax.set(title=title, ylabel="hidden layers")
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    axes[-1].set_xlabel("learning rate")
    return figure
