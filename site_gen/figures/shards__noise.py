"""Noise of a device's own statistics against the number of devices."""

from experiments.results import only, rows

TITLE = "Without synchronization statistics are as noisy as those of a batch the size of a shard"
TAGS = ("deployment", "several devices", "synchronized statistics")
CLAIMS = ("own-shard-noise",)
ID = "deployment-noise"


def data(results):
    """Every run, statistic and number of devices: its standard deviation, and the closed form."""
    return rows(results["noise"], results["noise_theory"])


def alt(data):
    means, k = data.groupby(["statistic", "shards"])["noise"].mean(), data["shards"].max()
    mean, variance = means["mean"], means["variance"]
    return f"""From one device to {k} the noise of a device's mean rises from {mean[1]:.2f} to
    {mean[k]:.2f} standard deviations, that of its variance from {variance[1]:.2f} to
    {variance[k]:.2f} of its expectation."""


def caption(data):
    return f"""Standard deviation, over devices and units, of the statistics that a device takes of
    its own shard of a Gaussian batch; {data["run"].nunique()} runs. Lines: $\\sqrt{{k/m}}$ for the
    mean and $\\sqrt{{2/(m/k - 1)}}$ for the variance."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.2)
    for name, colour, words, dy, ha in (
        ("mean", "batch norm", "mean, in standard deviations", -14, "left"),
        ("variance", "none", "variance, over its expectation", 14, "right"),
    ):
        found = only(data, statistic=name)
        line = found.groupby("shards")["noise_theory"].first()
        theme.theory(ax, line.index, line, zorder=1.9)
        theme.points(ax, found, "shards", "noise", colour, alpha=0.5)
        theme.label(ax, 4, line[4], words, colour, dx=0, dy=dy, ha=ha)
    ax.set_xscale("log", base=2)
    ax.set(yscale="log", xlabel="devices", ylabel="noise of a device's statistic")
    theme.ticks(ax, x=line.index)
    return figure
