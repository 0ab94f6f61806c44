"""Error of batch norm in half precision, folded and not, by the distance of its input from zero."""

from experiments.results import only, rows

TITLE = "Folding helps or hurts half precision, depending on where the offset comes from"
TAGS = ("deployment", "folding", "precision", "float16")
CLAIMS = ("folding-is-exact", "folding-loses-in-half-precision", "half-precision-error-is-rounding")
ID = "deployment-folding"


def data(results):
    """Every run, offset and origin: the errors of both forms, and one from roundings alone."""
    names = ("offset_found", "unfolded_error", "folded_error", "unfolded_theory")
    return rows(*(results[name] for name in names))


def alt(data):
    far = only(data, offset=data["offset"].max()).groupby("origin").mean()
    return f"""On logarithmic axes the error of the layer with batch norm rises with the offset to
    {far["unfolded_error"]["bias"]:.2g}; folded it stays at {far["folded_error"]["bias"]:.1g} if the
    offset comes from the bias, and rises to {far["folded_error"]["inputs"]:.2g} if it comes from
    the inputs."""


def caption(data):
    return f"""Root mean square error in float16 against exact arithmetic on the same stored
    numbers, as the mean before batch norm moves away from zero. Points: means of
    {data["run"].nunique()} random layers, round if the offset comes from the bias, square if from
    the inputs. Line: the error of rounding, one by one, what the layer with batch norm stores, for
    an offset from the inputs."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    x, means = "offset_found", data[data["offset"] > 0].groupby(["origin", "offset"]).mean()
    bias, inputs = means.loc["bias"], means.loc["inputs"]
    theme.theory(ax, inputs[x], inputs["unfolded_theory"], zorder=1.9)
    for found, form in ((bias, "o"), (inputs, "s")):
        theme.points(ax, found, x, "unfolded_error", "batch norm", fmt=form)
    for found, form in ((bias, "o-"), (inputs, "s-")):
        theme.curve(ax, found, x, "folded_error", "none", fmt=form, linewidth=1)
    left, top = means[x].min(), means["folded_error"].max()
    theme.label(ax, left, top, "folded, offset from the inputs", "none", dx=0)
    theme.label(ax, left, top, "with batch norm, either origin", "batch norm", dx=0, dy=-16)
    last, below = bias.iloc[-1], {"dx": 0, "dy": 12, "ha": "right"}
    theme.label(ax, last[x], last["folded_error"], "folded, offset from the bias", "none", **below)
    ax.set(xscale="log", xlabel="mean over standard deviation before batch norm")
    ax.set(yscale="log", ylabel="error of the output")
    return figure
