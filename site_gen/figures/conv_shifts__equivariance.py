"""A digit's normalized feature map before and after the digit moves."""

import numpy as np

from experiments.results import rows

TITLE = "With statistics for each channel, what comes out moves with the picture"
TAGS = ("transform", "convolution", "shifts")
CLAIMS = (
    "channel-statistics-keep-shifts",
    "pixel-statistics-break-shifts",
    "two-parameters-per-channel",
)
ID = "conv-statistics-equivariance"

NAMES = {"channel": "per channel", "pixel": "per pixel"}
COLUMNS = {"before": "normalized", "after": "digit moved", "difference": "what does not match"}


def data(results):
    """A row for every pixel of every picture."""
    return rows(results["picture"].rename("value")).dropna(ignore_index=True)


def _image(data, whose, which):
    rows = data[(data["whose"] == whose) & (data["which"] == which)]
    return rows.pivot(index="row", columns="column", values="value").to_numpy()


def _rms(data, whose):
    """Size of the difference over that of the feature map."""
    squares = [np.square(_image(data, whose, one)).mean() for one in ("difference", "after")]
    return np.sqrt(squares[0] / squares[1])


def _unmatched(data):
    """What does not match with statistics of channels: round-off, which may be nothing."""
    found = _rms(data, "channel")
    return f"{found:.0e} of the map, which is round-off" if found else "0, to the last digit"


def _limit(data):
    """End of the colour scale: the largest value of the map that is normalized per channel."""
    return data.loc[data["whose"] == "channel", "value"].abs().max()


def alt(data):
    return f"""A handwritten digit and the same digit moved, with their normalized feature maps.
    With a mean and variance for each channel the second map is the first one moved, and the
    difference is {_unmatched(data)}. With a mean and variance for each pixel the maps differ by
    {100 * _rms(data, "pixel"):.0f} %."""


def caption(data):
    return f"""One digit of a batch of 64 moves four pixels down and six to the right; the others
    stay. Its feature map (one random convolution, edges that wrap around) is normalized over the
    batch. Right: the map of the moved digit minus the moved map of the digit. Per channel it is
    {_unmatched(data)}; per pixel {100 * _rms(data, "pixel"):.0f} % of the map (root mean squares).
    Blue is below zero, orange above, on one scale that ends at {_limit(data):.1f}."""


def draw(data, theme):
    figure, axes = theme.figure(rows=2, cols=4, height=3.9)
    limit = _limit(data)
    for ax, which, name in zip(axes[:, 0], ("before", "after"), ("a digit", "moved"), strict=True):
        ax.imshow(_image(data, "input", which), cmap=theme.cmap, vmin=0, vmax=1)
        ax.set_title(name)
    for line, (whose, name) in zip(axes[:, 1:], NAMES.items(), strict=True):
        for ax, (which, title) in zip(line, COLUMNS.items(), strict=True):
            ax.imshow(_image(data, whose, which), cmap=theme.diverging, vmin=-limit, vmax=limit)
            if whose == "channel":
                ax.set_title(title)
        line[0].set_ylabel(name)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.grid(visible=False)
        ax.spines[:].set_visible(True)
    return figure
