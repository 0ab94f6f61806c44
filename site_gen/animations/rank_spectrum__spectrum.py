"""The eigenvalues of a batch, in order, layer after layer, with and without batch norm."""

import numpy as np

from experiments.results import only, rows
from site_gen.theme import Animation

TITLE = "Without batch norm one eigenvalue takes all; with it many share"
TAGS = ("depth", "rank", "spectrum")
ID = "rank-collapse-spectrum"
MISSING = {"theory": "the closed form is for batch norm"}

NORMS = {"none": "without batch norm", "batch norm": "with batch norm"}
FRAMES = 64
HOLD = 12  # frames on which the end stands still
FLOOR = 1e-6  # smallest share that is drawn


def data(results):
    """By norm, layer and place in the order: share of the sum, geometric mean over networks, and
    the closed form with batch norm; and the median effective rank of the layer."""
    results = results.sel(norm=list(NORMS)).rename(shown="layer", index="place")
    shares = results["shares"].astype(float).transpose("norm", "layer", "place", "run")
    share = np.exp(np.log(np.maximum(shares, 1e-12)).mean("run")).rename("share")
    rank = (1 / (shares**2).sum("place")).median("run").rename("rank")
    theory = results["predicted_shares"].where(results["norm"] == "batch norm").rename("theory")
    table = rows(share, rank, theory).assign(width=results["width"].item())
    return table.assign(place=table["place"] + 1, runs=results.sizes["run"])


def alt(data):
    last, places = data["layer"].max(), data["place"].max()
    rank = only(data, layer=last).groupby("norm")["rank"].first()
    return f"""Animation: {places} eigenvalues in falling order on a logarithmic axis, from the
    input to layer {last}. Without batch norm all but the first sink out of the picture, and the
    effective rank falls to {rank["none"]:.1f}. With batch norm they come to rest on a curve, at a
    rank of {rank["batch norm"]:.1f}."""


def caption(data):
    return f"""Eigenvalues of a batch's second moments as shares of their sum, layer by layer
    through linear networks of {data["width"].iloc[0]} units. Geometric mean of
    {data["runs"].iloc[0]} networks for each place in the order; the number is the median effective
    rank. Line: the closed form for wide layers."""


def animate(data, theme):
    figure, panels = theme.panels(data, "norm", sharey=True)
    layers, drawn = sorted(data["layer"].unique()), []
    style = {"transform": "axes fraction", "ha": "right", "dx": 0, "size": "large"}
    for ax, norm, of_norm in panels:
        law = only(of_norm[of_norm["theory"] > FLOOR], layer=layers[0])
        theme.theory(ax, law["place"], law["theory"], zorder=1.9)
        (points,) = ax.plot([], [], "o", color=theme.colour(norm), markersize=4.5)
        label = theme.label(ax, 0.97, 0.93, "", theme.ink, **style)
        ax.set(xlabel="eigenvalue, from the largest", xlim=(0, data["place"].max() + 1))
        ax.set(yscale="log", ylim=(FLOOR, 1.6), title=NORMS[norm])
        drawn.append((of_norm[of_norm["share"] > FLOOR], points, label))
    panels[0][0].set(ylabel="share of the sum")

    def update(i):
        layer = layers[round(min(i / (FRAMES - 1), 1) * (len(layers) - 1))]
        for shown, points, label in drawn:
            seen = only(shown, layer=layer)
            points.set_data(seen["place"], seen["share"])
            label.set_text(f"layer {layer}, rank {seen['rank'].iloc[0]:.1f}")

    moving = [artist for _, *artists in drawn for artist in artists]
    return Animation(figure, moving, FRAMES + HOLD, update, fps=10, poster=FRAMES + HOLD - 1)
