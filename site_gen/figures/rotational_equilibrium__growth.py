"""Length of scale-invariant weights under SGD without weight decay."""

from experiments.results import rows

TITLE = "Without weight decay, every step makes the weights longer"
TAGS = ("effective learning rate", "weight decay")
CLAIMS = ("sgd-lengthens-weights",)


def data(results):
    """A row for every rate and step: length, mean over units and runs, and by the squared steps."""
    read = rows(length=results["growth"].mean("run"), theory=results["growth_theory"].mean("run"))
    read = read.rename(columns={"growth_rate": "rate", "growth_step": "step"})
    worst = results["step_error"].max().item()
    return read.assign(largest_step_error=worst, runs=results.sizes["run"])


def alt(data):
    steps = data["step"].max()
    ends = data[data["step"] == steps].set_index("rate")["length"]
    return f"""Length of the weights by step, rising for all of {len(ends)} learning rates: after
    {steps} steps it is {ends.iloc[0]:.2f} at a rate of {ends.index[0]:g} and {ends.iloc[-1]:.1f} at
    a rate of {ends.index[-1]:g}, which made most of it in the first few steps."""


def caption(data):
    return f"""Means over {data["runs"].iloc[0]} runs. Points: measured; lines: the root of the
    first squared length plus $\\eta^2$ times all squared gradients so far. In a single step the two
    sides of Pythagoras differ by at most {data["largest_step_error"].iloc[0]:.0e}. Where growth is
    large it slows down, since long weights have small gradients."""


def draw(data, theme):
    figure, ax = theme.figure()
    curves = list(data[data["step"] > 0].groupby("rate"))
    for (rate, curve), colour in zip(curves, theme.sequence(len(curves)), strict=True):
        chosen = curve[curve["step"].isin({round(10 ** (k / 5)) for k in range(20)})]
        theme.theory(ax, curve["step"], curve["theory"])
        theme.points(ax, chosen, "step", "length", colour)
        theme.label(ax, *curve[["step", "length"]].iloc[-1], f"η = {rate:g}", colour, dx=8)
    ax.set(xscale="log", xlabel="step", xlim=(0.9, 2.2 * data["step"].max()))
    ax.set(yscale="log", ylabel="length of a unit's weights")
    theme.ticks(ax, y=(1, 2, 5, 10))
    ax.minorticks_off()
    return figure
