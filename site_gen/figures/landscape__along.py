"""Loss and gradient along the gradient, with and without batch norm, at two rates."""

import numpy as np

from experiments.results import only, rows

TITLE = (
    "Along the gradient the loss varies less with batch norm where the steps are large, not where "
    "they are small"
)
TAGS = ("landscape", "gradients", "learning rates")
CLAIMS = ("bn-smooths-the-landscape",)

NAMES = {"none": "without", "batch norm": "batch norm"}


def data(results):
    """Range of the loss and change of the gradient by condition, rate and step: geometric means."""
    of = results[["loss", "lowest", "highest", "change"]].sel(condition=list(NAMES))
    means = np.exp(np.log(of).mean("run"))
    return rows(*means.values()).assign(runs=results.sizes["run"])


def alt(data):
    small, large = data["rate"].min(), data["rate"].max()
    end = only(data, step=data["step"].max()).set_index(["condition", "rate"])
    width = (end["highest"] - end["lowest"]).map("{:.2g}".format)
    return f"""Four panels over training steps. Top: the band of losses along the gradient; at the
    end it is {width["none", large]} wide without and {width["batch norm", large]} with batch norm
    at a rate of {large:g}, and {width["none", small]} and {width["batch norm", small]} at
    {small:g}. Bottom: the largest change of the gradient."""


def caption(data):
    return f"""At some steps of training, the loss of a batch is followed against its own gradient
    from half to four times the learning step. Top: lowest to highest loss on the way, in nats;
    bottom: largest change of the gradient, $\\max \\lVert \\nabla L(x) - \\nabla L(x - s g)
    \\rVert$. Geometric means of {data["runs"].iloc[0]} paired runs; logarithmic scales."""


def draw(data, theme):
    rates = sorted(data["rate"].unique())
    figure, axes = theme.figure(2, len(rates), 5.2, sharex=True, sharey="row", squeeze=False)
    for (top, bottom), rate in zip(axes.T, rates, strict=True):
        for norm, name in NAMES.items():
            of, plain = only(data, condition=norm, rate=rate), norm == "none"
            theme.band(top, of["step"], of["lowest"], of["highest"], norm)
            for edge in ("lowest", "highest"):
                theme.curve(top, of, "step", edge, norm, linewidth=1)
            at, (edge, dy) = len(of) // 2, ("highest", 10) if plain else ("lowest", -11)
            theme.label(top, *of.iloc[at][["step", edge]], name, norm, ha="center", dx=0, dy=dy)
            theme.curve(bottom, of, "step", "change", norm)
            # where there is room for a label: the lines cross at the smaller rate
            at = len(of) // (2 if rate > rates[0] else 4 if plain else 3)
            at, dy = of.iloc[at][["step", "change"]], 13 if plain or rate == rates[0] else -12
            theme.label(bottom, *at, name, norm, ha="center", dx=0, dy=dy)
        top.set(yscale="log", title=f"learning rate {rate:g}", ymargin=0.12)
        bottom.set(yscale="log", xlabel="training step", ymargin=0.12)
    axes[0, 0].set_ylabel("loss along the gradient")
    axes[1, 0].set_ylabel("change of the gradient")
    return figure
