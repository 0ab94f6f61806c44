"""The squared gradient on its way down through residual blocks, with and without batch norm."""

from experiments.results import summary
from site_gen.theme.numbers import power_of_ten

TITLE = "Shortcut and batch norm together hold gradients; the shortcut alone doubles them"
TAGS = ("depth", "residual networks", "gradients")
CLAIMS = ("residual-gradients-grow-as-predicted", "shortcuts-stop-the-explosion")

NORMS = {"none": "without batch norm", "batch norm": "with batch norm"}


def data(results):
    """By norm and block: ‖∂L/∂x‖² over the last block's, geometric mean, and the closed form."""
    results = results.isel(batch=-1).sel(norm=list(NORMS))
    squares = results["gradient"].transpose("norm", "block", "run")
    table = summary(squares, name="square", geometric=True)
    theory = results["predicted_gradient"].values.ravel()
    return table.assign(theory=theory, batch=results["batch"].item())


def _times(data):
    """What the gradient has become at the input, in words."""
    first = data[data["block"] == 0].set_index("norm")["square"]
    return {"none": power_of_ten(first["none"]), "batch norm": f"{first['batch norm']:.0f}"}


def alt(data):
    times = _times(data)
    return (
        f"Squared gradient by block on a logarithmic axis, from the last of {data['block'].max()} "
        "blocks down to the input. Without batch norm a straight line up to about "
        f"{times['none']}. With it a curve that is nearly flat in the upper blocks, steepens near "
        f"the input and ends at {times['batch norm']}."
    )


def caption(data):
    return (
        "$\\lVert\\partial L/\\partial x\\rVert^2$ after each block in multiples of that after the "
        "last one, in residual networks that were not trained, for a batch of "
        f"{data['batch'].iloc[0]}. Points: geometric mean of {data['runs'].iloc[0]} networks with "
        "95 % intervals, mostly smaller than the points; lines: the prediction for wide layers."
    )


def draw(data, theme):
    figure, panels = theme.panels(data, "norm")
    last = data["block"].max()
    for ax, norm, rows in panels:
        theme.theory(ax, rows["block"], rows["theory"], zorder=1.9)
        some = rows[(rows["block"] % max(1, last // 16) == 0) | (rows["block"] < last // 16)]
        theme.points(ax, some, "block", "square", norm, markersize=4.5)
        first = rows["square"].iloc[0]
        theme.label(ax, 0, first, f"{_times(data)[norm]} times", norm, dx=10, dy=3)
        ax.set(yscale="log", xlabel="block", title=NORMS[norm], xlim=(-0.02 * last, 1.03 * last))
    panels[0][0].set(ylabel="‖∂L/∂x‖² / that after the last block")
    return figure
