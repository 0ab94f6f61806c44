"""The squared gradient on its way down through residual blocks, with and without batch norm."""

from experiments.results import summary
from site_gen.theme.numbers import power_of_ten

TITLE = "Shortcut and batch norm together hold gradients; the shortcut alone doubles them"
TAGS = ("depth", "residual networks", "gradients")
CLAIMS = ("residual-gradients-grow-as-predicted", "shortcuts-stop-the-explosion")


def data(results):
    """By norm and block: ‖∂L/∂x‖² over the last block's, geometric mean, and the closed form."""
    results = results.isel(batch=-1).sel(norm=["none", "batch norm"])
    table = summary(results["gradient"], name="square", geometric=True)
    theory = results["predicted_gradient"].values.ravel()
    return table.assign(theory=theory, batch=results["batch"].item())


def _times(data):
    """What the gradient has become at the input, in words: without and with batch norm."""
    none, bn = data.loc[data["block"] == 0, "square"]
    return power_of_ten(none), f"{bn:.0f}"


def alt(data):
    none, bn = _times(data)
    return f"""Squared gradient by block on a logarithmic axis, from the last of
    {data["block"].max()} blocks down to the input. Without batch norm a straight line up to about
    {none}. With it a curve that is nearly flat in the upper blocks, steepens near the input and
    ends at {bn}."""


def caption(data):
    return f"""$\\lVert\\partial L/\\partial x\\rVert^2$ after each block in multiples of that after
    the last one, in residual networks that were not trained, for a batch of
    {data["batch"].iloc[0]}. Points: geometric mean of {data["runs"].iloc[0]} networks with 95 %
    intervals, mostly smaller than the points; lines: the prediction for wide layers."""


def draw(data, theme):
    figure, panels = theme.panels(data, "norm")
    last = data["block"].max()
    for (ax, norm, rows), times in zip(panels, _times(data), strict=True):
        theme.theory(ax, rows["block"], rows["theory"], zorder=1.9)
        some = rows[(rows["block"] % max(1, last // 16) == 0) | (rows["block"] < last // 16)]
        theme.points(ax, some, "block", "square", norm, markersize=4.5)
        theme.label(ax, 0, rows["square"].iloc[0], f"{times} times", norm, dx=10, dy=3)
        title = "without batch norm" if norm == "none" else "with batch norm"
        ax.set(yscale="log", title=title, xlabel="block", xlim=(-0.02 * last, 1.03 * last))
    panels[0][0].set(ylabel="‖∂L/∂x‖² / that after the last block")
    return figure
