"""Weight of a new batch against the momentum that was passed, for each framework."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from site_gen.theme import Theme

TITLE = "Momentum counts the new batch in PyTorch and the old average elsewhere"
TAGS = ("conventions", "momentum", "epsilon")
CLAIMS = ("momentum-means-the-same", "epsilon-is-the-same")
MISSING = {"eps": "an example of a momentum is no run, and has no ε"}

SHOWN = {"PyTorch": ("PyTorch", "batch norm"), "Keras on JAX": ("Keras", "none"), "Flax linen": ("Flax", "layer norm"),
         "ONNX": ("ONNX", "group norm")}  # fmt: skip


def data(results: xr.Dataset) -> pd.DataFrame:
    """One row for every framework and momentum: the weight of the new batch; and ε, where the run tells it."""
    steps = results[["momentum", "new_weight", "eps"]].to_dataframe().reset_index()
    example = results["example_weight"].to_dataframe(name="new_weight").reset_index()
    example = example.rename(columns={"example_momentum": "momentum"}).assign(setting="example")
    columns = ["framework", "setting", "momentum", "new_weight", "eps"]
    return pd.concat([steps, example], ignore_index=True)[columns]


def _default(data: pd.DataFrame, framework: str) -> pd.Series:
    return data[(data["framework"] == framework) & (data["setting"] == "default")].iloc[0]


def _weight(data: pd.DataFrame, framework: str, momentum: float) -> float:
    rows = data[(data["framework"] == framework) & np.isclose(data["momentum"], momentum)]
    return float(rows["new_weight"].iloc[0])


def alt(data: pd.DataFrame) -> str:
    return (f"Four panels. For PyTorch the points lie on the rising diagonal, for Keras, Flax and ONNX on the falling one: momentum 0.1 "
            f"gives a new batch the weight {_weight(data, 'PyTorch', 0.1):.1f} in PyTorch and "
            f"{_weight(data, 'Keras on JAX', 0.1):.1f} in the others.")  # fmt: skip


def caption(data: pd.DataFrame) -> str:
    ours = data["momentum"].where(data["framework"] == "PyTorch", 1 - data["momentum"])
    off = np.abs(data["new_weight"] - ours).max()
    return (f"Weight of a new batch in the running mean, measured, against the momentum that was passed; rings: defaults, whose ε was measured as well. "
            f"Lines: the momentum, and one minus it; no point of the {data['framework'].nunique()} variants is farther than {off:.0e} from "
            f"its line.")  # fmt: skip


def draw(data: pd.DataFrame, theme: Theme) -> Figure:
    figure, axes = theme.figure(cols=4, height=2.7, sharey=True)
    for ax, (framework, (name, condition)) in zip(axes, SHOWN.items(), strict=True):
        rows, default, colour = (
            data[data["framework"] == framework],
            _default(data, framework),
            theme.colour(condition),
        )
        for line in ([0, 1], [1, 0]):
            ax.plot([0, 1], line, color=theme.colour("theory"), linewidth=1, alpha=0.6, zorder=1.9)
        ax.plot(rows["momentum"], rows["new_weight"], "o", color=colour)
        ax.plot(
            default["momentum"],
            default["new_weight"],
            "o",
            color=colour,
            markersize=11,
            fillstyle="none",
        )
        ax.set(
            xlim=(-0.06, 1.06),
            ylim=(-0.06, 1.06),
            aspect="equal",
            xlabel="momentum",
            xticks=[0, 0.5, 1],
            yticks=[0, 0.5, 1],
        )
        exponent = int(np.round(np.log10(default["eps"])))
        ax.set_title(f"{name}\ndefault {default['momentum']:.2g}, ε 1e{exponent}", color=colour)
    axes[0].set_ylabel("weight of the new batch")
    return figure
