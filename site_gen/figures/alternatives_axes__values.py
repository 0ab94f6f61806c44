"""Which values an output depends on, for each normalization, in training, in evaluation, and going
backward."""

from matplotlib.patches import Rectangle

from experiments.results import rows
from experiments.studies.alternatives_axes import KIND

TITLE = (
    "What one output depends on: some normalizations look across the batch, some across the sample"
)
TAGS = ("alternatives", "batch statistics", "layer norm")
CLAIMS = ("bn-is-regular-everywhere", "no-batch-no-gap", "renormalization-closes-the-gap")
ID = "alternatives-axes"

ORDER = (
    *("none", "weight normalization", "layer norm"),
    *("batch norm", "ghost batches", "RMSNorm"),
    *("batch renormalization", "instance norm", "group norm"),
)
STEP = 2.5  # from one channel or sample, drawn as a square of two by two pixels, to the next


def data(results):
    """A row for every normalization and value: whether the first output depends on it, by mode."""
    depends = results["depends"].transpose("norm", "sample", "channel", "pixel", "mode")
    return rows(*depends.to_dataset("mode").data_vars.values())


def alt(data):
    counts = data.groupby("norm")["training"].sum()
    said = [f"{norm} {counts[norm]}" for norm in ORDER]
    return f"""Nine grids of {len(data) // 9} values, samples by channels and pixels. Values that
    the first output depends on in training: {", ".join(said)}."""


def caption(data):
    samples, channels, pixels = (data[name].nunique() for name in ("sample", "channel", "pixel"))
    return f"""Measured: in an array of {samples} samples (rows) of {channels} channels of {pixels}
    pixels, every value was changed in turn. Filled: the output at the ringed place changes, in
    training. Dot: it changes in evaluation too. Outlined: the value's place counts in the gradient
    only. Batch renormalization is within its limits here. Ghosts hold {samples // 2} samples, group
    norm has 2 groups."""


def draw(data, theme):
    figure, axes = theme.figure(3, 3, height=6.0)
    for ax, norm in zip(axes.ravel(), ORDER, strict=True):
        values = data[data["norm"] == norm]
        for value in values.itertuples():
            _square(ax, value, theme, theme.colour(KIND[norm]))
        ringed = {"fill": False, "color": theme.ink, "linewidth": 1.6}
        ax.add_patch(Rectangle((-0.12, -0.12), 1.12, 1.12, **ringed))
        right, bottom = ((values[name].max() + 1) * STEP for name in ("channel", "sample"))
        ax.set(xlim=(-0.4, right), ylim=(bottom, -0.4), xticks=[], yticks=[])
        ax.set(title="no normalization" if norm == "none" else norm, aspect="equal")
        ax.grid(False)
        ax.spines[:].set_visible(False)
    axes[1, 0].set_ylabel("samples")
    axes[2, 1].set_xlabel("channels, with their pixels")
    return figure


def _square(ax, value, theme, colour):
    """One value of the array, and what depends on it."""
    x, y = value.channel * STEP + value.pixel % 2, value.sample * STEP + value.pixel // 2
    fill = colour if value.training else theme.grid
    ax.add_patch(Rectangle((x, y), 0.88, 0.88, facecolor=fill, linewidth=0))
    if value.gradient and not value.training:
        outline = {"fill": False, "color": colour, "linewidth": 1.2}
        ax.add_patch(Rectangle((x + 0.1, y + 0.1), 0.68, 0.68, **outline))
    if value.evaluation:
        ax.plot(x + 0.44, y + 0.44, "o", color=theme.paper, markersize=2.6)
