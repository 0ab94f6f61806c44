"""How weights of different first length grow with batch norm, and how fast they learn."""

import numpy as np

from experiments.results import nearest, only, rows
from experiments.studies.init_scale import NORMED, SCALED

TITLE = "Short weights grow within a few steps; long ones stay long, and learn slowly"
TAGS = ("initialization", "effective learning rate", "training")
CLAIMS = ("large-weights-learn-slowly", "size-mends-itself")

SHOWN = (0.01, 0.1, 1.0, 10.0, 100.0)


def data(results):
    """A row for every condition with batch norm, size and step: the squared length (geometric
    mean) and the test accuracy (mean)."""
    of = results.sel(condition=[NORMED, SCALED], factor=list(SHOWN))
    length = np.exp(np.log(of["length"]).mean("run")).transpose("condition", "factor", "step")
    return rows(length, of["accuracy"].mean("run")).assign(runs=results.sizes["run"])


def alt(data):
    last = data[data["step"] == data["step"].max()].groupby("condition")["accuracy"]
    low, high = last.min(), last.max()
    first, *_, most = (only(data, condition=NORMED, factor=k)["length"] for k in SHOWN)
    return f"""Three panels over training steps. Squared length of the hidden weights: from k =
    {SHOWN[0]:g} it grows by a factor of {first.iloc[-1] / first.iloc[0]:.0f}, from k =
    {SHOWN[-1]:g} by {most.iloc[-1] / most.iloc[0]:.4f}. Test accuracy: at the end between
    {low[NORMED]:.0%} and {high[NORMED]:.0%} at one rate, and between {low[SCALED]:.0%} and
    {high[SCALED]:.0%} with the rate times k²."""


def caption(data):
    return f"""With batch norm, from $k$ times He's weights. Left: squared length of all hidden
    weights over the one expected of He's. Middle: test accuracy at one learning rate. Right: the
    same with the rate of the hidden weights multiplied by $k^2$; the lines lie on top of each
    other. Means of {data["runs"].iloc[0]} paired runs."""


def draw(data, theme):
    figure, (length, plain, scaled) = theme.figure(cols=3)
    for factor, colour in zip(SHOWN, theme.sequence(len(SHOWN)), strict=True):
        normed, by_rate = (only(data, condition=one, factor=factor) for one in (NORMED, SCALED))
        theme.curve(length, normed, "step", "length", colour)
        theme.curve(plain, normed, "step", "accuracy", colour)
        theme.curve(scaled, by_rate, "step", "accuracy", colour)
        small, later = factor < 1, normed[normed["step"] > 0]
        step, y = nearest(later, step=10)[["step", "length"]]
        place = {"dx": 0, "dy": -9 if small else 9, "ha": "center"}
        theme.label(length, step, y, f"k = {factor:g}", colour, **place)
        if factor in (0.1, 1.0, 100.0):
            step, y = nearest(later, step=17)[["step", "accuracy"]]
            place = {"dx": -4, "dy": 8, "ha": "right"} if small else {"dx": 4, "dy": -8}
            text = f"{factor:g}" if factor < 100 else "10 and 100"
            theme.label(plain, step, y, text, colour, **place)
    length.set(yscale="log", title="squared length / He’s", yticks=[1e-4, 1e-2, 1, 1e2, 1e4])
    plain.set(title="accuracy, one rate", ylim=(0, 1))
    scaled.set(title="accuracy, rate × k²", ylim=(0, 1))
    for ax in (length, plain, scaled):
        ax.set(xscale="symlog", xlim=(0, data["step"].max() * 1.2), xlabel="training step")
        theme.ticks(ax, x=(0, 10, 100))
    length.minorticks_off()
    return figure
