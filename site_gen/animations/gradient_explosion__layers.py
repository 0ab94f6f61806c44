"""A gradient comes down through a deep network with batch norm, for larger and larger batches."""

import numpy as np

from experiments.results import only, rows
from site_gen.theme import Animation
from site_gen.theme.numbers import power_of_ten

TITLE = "Larger batches slow the explosion, and with ReLU they do not stop it"
TAGS = ("depth", "gradients", "batch size")

TITLES = {"relu": "ReLU", "linear": "no activation"}
FRAMES = 100  # shared by the batch sizes
HOLD = 20  # frames on which the end stands still
REST = 0.3  # share of a batch size's frames on which its finished curve stands still


def data(results):
    """By activation, batch size and layer: the squared gradient, geometric mean; the prediction."""
    square = np.exp(results["log_square"].mean("run")).sel(activation=list(TITLES))
    theory = results["predicted"] ** (results["layer"].max() - results["layer"])
    square = square.transpose("activation", "batch", "layer").rename("square")
    return rows(square, theory=theory).assign(runs=results.sizes["run"])


def alt(data):
    small, large = data["batch"].min(), data["batch"].max()
    second = only(data, layer=2).set_index(["activation", "batch"])["square"]
    return f"""Animation: curves of the squared gradient are drawn from layer {data["layer"].max()}
    down to layer 1, for batches from {small} to {large}. With ReLU it grows to about
    {power_of_ten(second["relu", small])} times its size at a batch of {small} and
    {power_of_ten(second["relu", large])} at {large}; without an activation to
    {power_of_ten(second["linear", small])} and {second["linear", large]:.1f}."""


def caption(data):
    return f"""$\\lVert\\partial L/\\partial z\\rVert^2$ in multiples of the last layer's as it is
    carried down through {data["layer"].max()} layers with batch norm, in random networks that were
    not trained. Thick: geometric mean of {data["runs"].iloc[0]} networks; thin: the prediction for
    wide layers. The first layer differs because its input is not yet an activation."""


def animate(data, theme):
    figure, panels = theme.panels(data, "activation", sharey=True)
    batches, last = sorted(data["batch"].unique()), data["layer"].max()
    curves, labels = [], []
    for ax, activation, found in panels:
        for k, colour in enumerate(theme.sequence(len(batches))):
            of = only(found, batch=batches[k])
            law = theme.theory(ax, of["layer"], of["theory"])
            (line,) = ax.plot([], [], color=colour, linewidth=2.4)
            (head,) = ax.plot([], [], "o", color=colour)
            curves.append((k, of.iloc[::-1][["layer", "square"]].to_numpy(), line, law, head))
        place = {"transform": "axes fraction", "ha": "right", "dx": 0, "size": "large"}
        labels.append(theme.label(ax, 0.97, 0.93, "", theme.ink, **place))
        ax.set(yscale="log", ylim=(0.2, 5 * data["square"].max()), title=TITLES[activation])
        ax.set(xlim=(0, last + 1), xlabel="layer")
    panels[0][0].set(ylabel="‖∂L/∂z‖² / that of the last layer")
    each = FRAMES / len(batches)

    def update(i):
        now = min(int(i / each), len(batches) - 1)
        done = min(1.0, (i + 1 - now * each) / (each * (1 - REST)))
        for k, values, line, law, head in curves:
            shown = last if k < now else max(1, round(done * last)) if k == now else 0
            line.set(data=values[:shown].T, alpha=1 if k == now else 0.45)
            head.set(data=values[shown - 1 : shown].T, visible=k == now)
            law.set(visible=k == now)
        for label in labels:
            label.set_text(f"batch of {batches[now]}")

    _, _, lines, laws, heads = zip(*curves, strict=True)
    moving = [*lines, *laws, *heads, *labels]
    return Animation(figure, moving, FRAMES + HOLD, update, fps=20, poster=FRAMES + HOLD - 1)
