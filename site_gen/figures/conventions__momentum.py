"""Weight of a new batch against the momentum that was passed, for each framework."""

import numpy as np
import pandas as pd

from experiments.results import only, rows

TITLE = "Momentum counts the new batch in PyTorch and the old average elsewhere"
TAGS = ("conventions", "momentum", "epsilon")
CLAIMS = ("momentum-means-the-same", "epsilon-is-the-same")
MISSING = {"eps": "an example of a momentum is no run, and has no ε"}

SHOWN = {
    "PyTorch": ("PyTorch", "batch norm"),
    "Keras on JAX": ("Keras", "none"),
    "Flax linen": ("Flax", "layer norm"),
    "ONNX": ("ONNX", "group norm"),
}


def data(results):
    """A row for every framework and momentum: weight of the new batch; and ε, where it shows."""
    steps = rows(*(results[name] for name in ("momentum", "new_weight", "eps")))
    example = rows(results["example_weight"].rename("new_weight"))
    example = example.rename(columns={"example_momentum": "momentum"}).assign(setting="example")
    return pd.concat([steps, example], ignore_index=True)


def alt(data):
    tenth = only(data, momentum=0.1).groupby("framework")["new_weight"].first()
    return f"""Four panels. For PyTorch the points lie on the rising diagonal, for Keras, Flax and
    ONNX on the falling one: momentum 0.1 gives a new batch the weight {tenth["PyTorch"]:.1f} in
    PyTorch and {tenth["Keras on JAX"]:.1f} in the others."""


def caption(data):
    line = data["momentum"].where(data["framework"] == "PyTorch", 1 - data["momentum"])
    off = np.abs(data["new_weight"] - line).max()
    return f"""Weight of a new batch in the running mean, measured, against the momentum that was
    passed; rings: defaults, whose ε was measured as well. Lines: the momentum, and one minus it; no
    point of the {data["framework"].nunique()} variants is farther than {off:.0e} from its line."""


def draw(data, theme):
    figure, axes = theme.figure(cols=4, height=2.7, sharey=True)
    x, y = "momentum", "new_weight"
    for ax, (framework, (name, colour)) in zip(axes, SHOWN.items(), strict=True):
        found = only(data, framework=framework)
        default = only(found, setting="default")
        for line in ([0, 1], [1, 0]):
            theme.theory(ax, [0, 1], line, alpha=0.6, zorder=1.9)
        theme.points(ax, found, x, y, colour)
        theme.points(ax, default, x, y, colour, markersize=11, fillstyle="none")
        eps, momentum = default["eps"].iloc[0], default[x].iloc[0]
        title = f"{name}\ndefault {momentum:.2g}, ε 1e{np.log10(eps):.0f}"
        ax.set_title(title, color=theme.colour(colour))
        ax.set(xlim=(-0.06, 1.06), ylim=(-0.06, 1.06), aspect="equal", xlabel="momentum")
        ax.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes[0].set_ylabel("weight of the new batch")
    return figure
