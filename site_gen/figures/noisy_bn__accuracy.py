"""Test accuracy through training with and without batch norm, with and without noise."""

from experiments.results import summary

TITLE = "With noise at every step batch norm still learns in a fraction of the steps"
TAGS = ("noise", "training speed", "internal covariate shift")

LABELS = {"none": "without batch norm", "batch norm": "with batch norm"}
STYLES = ("-", "--", "-.", ":")  # by size


def data(results):
    """Mean accuracy over runs, by network, size of the noise and step."""
    return summary(results["accuracy"].sel(norm=list(LABELS))).dropna()


def alt(data):
    ends = data.groupby(["norm", "size"], sort=False)["accuracy"].last()
    said = ", ".join(
        f"{LABELS[norm]} {end:.2f} {f'with noise of size {size:g}' if size else 'without noise'}"
        for (norm, size), end in ends.items()
    )
    return (
        "Test accuracy against training steps; each line ends where its training does. "
        f"The last values: {said}."
    )


def caption(data):
    plain = data["norm"] == "none"
    noisy = data.loc[plain & (data["size"] > 0), "step"].max()
    return (
        "Accuracy on the same test images, in inference mode, so without noise. Means of "
        f"{data['runs'].max()} runs with 95 % bands; solid without noise, the more broken the "
        "larger the noise. Networks with batch norm are trained for "
        f"{data.loc[~plain, 'step'].max()} steps, that without for {data['step'].max()}, and that "
        f"without but with noise for {noisy}."
    )


def draw(data, theme):
    read, last = data[data["step"] > 0], data["step"].max()
    styles = dict(zip(sorted(data["size"].unique()), STYLES, strict=False))
    figure, panels = theme.panels(read, "norm", height=3.8, sharey=True)
    for ax, norm, of_norm in panels:
        for size, rows in of_norm.groupby("size"):
            line = theme.curve(ax, rows, "step", "accuracy", norm, fmt=styles[size])
            line.set_label(f"noise {size:g}" if size else "no noise")
        ax.set(xscale="log", xlabel="training steps", title=LABELS[norm], xlim=(0.9, 1.1 * last))
        corner = "upper left" if norm == "none" else "lower right"
        ax.legend(loc=corner, frameon=False, handlelength=3.2)
    panels[0][0].set(ylabel="test accuracy", ylim=(0, 1))
    return figure
