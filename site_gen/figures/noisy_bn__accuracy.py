"""Test accuracy through training with and without batch norm, with and without noise."""

from experiments.results import only, summary

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
    return f"""Test accuracy against training steps; each line ends where its training does. The
    last values: {said}."""


def caption(data):
    steps = data.groupby("norm")["step"].max()
    noisy = only(data[data["size"] > 0], norm="none")["step"].max()
    return f"""Accuracy on the same test images, in inference mode, so without noise. Means of
    {data["runs"].max()} runs with 95 % bands; solid without noise, the more broken the larger the
    noise. Networks with batch norm are trained for {steps["batch norm"]} steps, that without for
    {steps["none"]}, and that without but with noise for {noisy}."""


def draw(data, theme):
    figure, panels = theme.panels(data[data["step"] > 0], "norm", height=3.8, sharey=True)
    styles = dict(zip(sorted(data["size"].unique()), STYLES, strict=False))
    for ax, norm, of_norm in panels:
        for size, rows in of_norm.groupby("size"):
            line = theme.curve(ax, rows, "step", "accuracy", norm, fmt=styles[size])
            line.set_label(f"noise {size:g}" if size else "no noise")
        ax.legend(loc="upper left" if norm == "none" else "lower right", handlelength=3.2)
        ax.set(xscale="log", xlim=(0.9, 1.1 * data["step"].max()))
        ax.set(xlabel="training steps", title=LABELS[norm])
    panels[0][0].set(ylabel="test accuracy", ylim=(0, 1))
    return figure
