"""How far a network that starts with γ = 0 moves away from the identity, for two places of γ."""

from experiments.results import summary

TITLE = (
    "From γ = 0 at the end of the branch a network leaves the identity; "
    "in front of the ReLU it cannot"
)
TAGS = ("depth", "residual networks", "initialization")
CLAIMS = ("zero-gamma-starts-as-identity",)
ID = "residual-variance-zero"

# Place → its name, its colour, and where the name stands.
PLACES = {
    "last": ("γ at the end of the branch", "batch norm", {"ha": "right", "dx": -10, "dy": 8}),
    "first": ("γ in front of the ReLU", "negative", {"ha": "center", "dx": 0, "dy": 10}),
}


def data(results):
    """By place of γ and step: root mean square of output minus input, mean over networks."""
    moved = results["zero_moved"].sel(place=list(PLACES))
    return summary(moved.transpose("place", "step", "run"), name="moved")


def alt(data):
    end = data.groupby("place")["moved"].last()
    return (
        f"Distance of a network's output from its input over {data['step'].max()} steps. Both "
        "start at zero. With γ at the end of the branch the distance rises from the first step on, "
        f"to {end['last']:.2f}; with γ in front of the ReLU it is {end['first']:.0f} to the end."
    )


def caption(data):
    return (
        "Root mean square of output minus input of residual networks that start with $\\gamma = "
        "0$ in every block, in steps of gradient descent towards random targets. The input has a "
        f"root mean square of about 1. Mean of {data['runs'].iloc[0]} networks; the band is a 95 "
        "% interval."
    )


def draw(data, theme):
    figure, ax = theme.figure(height=3.0)
    last = data["step"].max()
    for place, (name, colour, beside) in PLACES.items():
        rows = data[data["place"] == place]
        theme.curve(ax, rows, "step", "moved", colour)
        theme.label(ax, *rows.iloc[round(0.6 * last)][["step", "moved"]], name, colour, **beside)
    ax.set(xlabel="step", ylabel="RMS of output − input", xlim=(0, last))
    ax.set_xticks(range(0, last + 1, max(1, last // 4)))
    return figure
