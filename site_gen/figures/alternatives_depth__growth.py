"""Growth of squared gradients a layer at initialization, by normalization."""

from experiments.results import only, rows
from experiments.studies.alternatives_depth import KIND

TITLE = "At initialization, gradients explode where statistics are over the batch, and nowhere else"
TAGS = ("alternatives", "depth", "gradients")
CLAIMS = ("normalization-explodes",)
ID = "alternatives-depth"

ORDER = (
    *("ghost batches", "batch norm", "batch renormalization", "group norm"),
    *("layer norm", "RMSNorm", "weight normalization", "none"),
)


def data(results):
    """A row for every normalization and run: the factor a layer."""
    return rows(results["growth"].sel(norm=list(ORDER)).transpose("norm", "run"))


def alt(data):
    means = data.groupby("norm")["growth"].mean()
    said = [f"{norm} {means[norm]:.2f}" for norm in ORDER]
    return f"Factor of squared gradients from layer to layer: {', '.join(said)}."


def caption(data):
    return f"""Factor by which squared gradients grow from a layer to the one below, mean over the
    depth, in dense ReLU networks at initialization. A point for each of {data["run"].nunique()}
    paired runs. Batch renormalization has running statistics that are up to date."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.2)
    for lane, norm in enumerate(ORDER):
        values, colour = only(data, norm=norm)["growth"], theme.colour(KIND[norm])
        ax.plot(values, [lane] * len(values), "o", color=colour, alpha=0.5, markersize=5)
        theme.label(ax, values.max(), lane, f"{values.mean():.2f}", colour, dx=8)
    theme.level(ax, x=1)
    names = ["no normalization" if norm == "none" else norm for norm in ORDER]
    ax.set(ylim=(len(ORDER) - 0.4, -0.6), yticks=range(len(ORDER)), yticklabels=names)
    ax.set(xscale="log", xlabel="factor a layer, of squared gradients, at initialization")
    ax.set_xlim(right=4)
    theme.ticks(ax, x=(0.8, 1, 1.5, 2, 3))
    return figure
