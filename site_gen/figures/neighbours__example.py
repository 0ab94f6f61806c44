"""Where one fixed example lands in training mode, depending on its neighbours."""

from experiments.results import only, rows

TITLE = "In training mode an example’s value depends on its neighbours"
TAGS = ("train and eval", "batch size", "noise")
CLAIMS = ("eval-ignores-neighbours",)
ID = "train-eval-gap-example"
NAMES = ("low", "median", "high")
MISSING = dict.fromkeys(NAMES, "rows of the closed form lie between those that are measured")


def data(results):
    """Median and central 95 % of an example's values; between batch sizes, the theory alone."""
    measured = results["example_value"].mean("run").rename(example_batch="batch")
    expected = results["example_value_theory"].rename(curve_batch="batch")
    columns = {}
    for k, name in enumerate(NAMES):
        columns[name] = measured.isel(quantile=k, drop=True)
        columns[f"{name}_theory"] = expected.isel(quantile=k, drop=True)
    table = rows(**columns)
    table = table[table["batch"] <= results["example_batch"].values[-1]]
    return table.assign(runs=results.sizes["run"]).reset_index(drop=True)


def alt(data):
    ends = data["batch"].min(), data["batch"].max()
    small, large = (only(data, example=1.0, batch=m).iloc[0] for m in ends)
    return f"""Bands around the values 0, 1 and 2 that narrow as batches grow. An example one
    standard deviation above the mean lands between {small["low"]:.2f} and {small["high"]:.2f} in
    batches of {small["batch"]:.0f}, and between {large["low"]:.2f} and {large["high"]:.2f} in
    batches of {large["batch"]:.0f}."""


def caption(data):
    return f"""An example 0, 1 or 2 standard deviations above the mean of a Gaussian population,
    normalized together with neighbours drawn anew each time. Points: median and central 95 % of its
    values in training mode, means of {data["runs"].iloc[0]} runs; bands and lines: the closed form,
    a transformed non-central $t$ distribution. Dotted: its one value in eval mode."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.9)
    colours, batches = theme.sequence(data["example"].nunique()), data.dropna()["batch"].unique()
    for k, (example, curve) in enumerate(data.groupby("example")):
        colour, seen = colours[k], curve.dropna()
        theme.band(ax, curve["batch"], curve["low_theory"], curve["high_theory"], colour)
        theme.theory(ax, curve["batch"], curve["median_theory"], zorder=1.9)
        beside = seen["batch"] * 1.05 ** (k - (len(colours) - 1) / 2)  # where the ranges overlap
        theme.points(ax, seen.assign(batch=beside), "batch", "median", colour)
        theme.level(ax, y=example, color=colour, linestyle=":", zorder=1.8)
        theme.label(ax, batches[-1] * 1.12, example, f"eval mode: {example:g}", colour, dx=6)
    ax.set(xscale="log", xlim=(batches[0] / 1.12, batches[-1] * 1.12), xlabel="batch size m")
    ax.set(ylabel="normalized value x̂")
    theme.ticks(ax, x=batches)
    return figure
