"""Average of the devices' variances over that of the whole batch, for equal and unequal shards."""

import numpy as np
import pandas as pd

from experiments.results import only, rows

TITLE = "Averaged variances of shards are too small, by closed forms"
TAGS = ("deployment", "several devices", "synchronized statistics")
CLAIMS = (
    "synchronized-is-whole-batch",
    "average-the-variances",
    "average-variance-closed-form",
    "unequal-shards-average",
)
ID = "deployment-shards"

DISTRIBUTIONS = {
    "same": ("batch norm", "one distribution"),
    "shifted": ("input", "shifted devices"),
}


def data(results):
    """Rows for k equal devices, and for two devices with so many samples on the second."""
    found = []
    for kind, of, dim in (("equal", "average", "shards"), ("uneven", "uneven", "second")):
        table = rows(ratio=results[f"{of}_ratio"], theory=results[f"{of}_theory"])
        found.append(table.rename(columns={dim: "value"}).assign(kind=kind))
    return pd.concat(found, ignore_index=True).fillna({"distribution": "same"})


def alt(data):
    means = data.groupby(["kind", "distribution", "value"])["ratio"].mean()
    k = only(data, kind="equal")["value"].max()
    return f"""Left: the ratio falls from 1 on one device to {means["equal", "same", k]:.2f} on {k},
    and to {means["equal", "shifted", k]:.2f} if the devices' data differ. Right: it falls to
    {means["uneven", "same", 1]:.2f} as the second of two devices holds a single sample."""


def caption(data):
    return f"""Plain average of the devices' variances over the variance of the whole batch;
    {data["run"].nunique()} runs. Left: equal shards; lines $(m-k)/(m-1)$, and the same with the
    devices' means one standard deviation apart. Right: two devices; line $(1 - 1/h)/(1 - 1/m)$ with
    $h$ the harmonic mean of the two sizes. Synchronized statistics stand at 1."""


def draw(data, theme):
    figure, panels = theme.panels(data, "kind", height=3.4, sharey=True)
    for ax, kind, shown in panels:
        theme.level(ax, y=1, color=theme.colour("neutral"), zorder=1.5)
        for name, found in shown.groupby("distribution"):
            colour, words = DISTRIBUTIONS[name]
            line = found.groupby("value")["theory"].first()
            theme.theory(ax, line.index, line, zorder=1.9)
            theme.points(ax, found, "value", "ratio", colour, alpha=0.5)
            if kind == "equal":
                middle = line.index[len(line) // 2]
                theme.label(ax, middle, line[middle], words, colour, dx=0, dy=-16, ha="right")
        ax.set_xscale("log", base=2)
        theme.ticks(ax, x=[v for v in sorted(shown["value"].unique()) if np.log2(v) % 1 == 0])
    (left, *_), (right, *_) = panels
    left.set(xlabel="equal devices k", ylabel="averaged over true variance", ylim=(0, 1.1))
    right.set(xlabel="samples on the second of two devices")
    return figure
