"""How far a network that starts with γ = 0 moves away from the identity, for two places of γ."""

from experiments.results import only, summary
from experiments.studies.residual_zero import PLACES

TITLE = (
    "From γ = 0 at the end of the branch a network leaves the identity; "
    "in front of the ReLU it cannot"
)
TAGS = ("depth", "residual networks", "initialization")
CLAIMS = ("zero-gamma-starts-as-identity",)
ID = "residual-variance-zero"


def data(results):
    """By place of γ and step: root mean square of output minus input, mean over networks."""
    return summary(results["zero_moved"].sel(place=list(PLACES)), name="moved")


def alt(data):
    end = data.groupby("place")["moved"].last()
    return f"""Distance of a network's output from its input over {data["step"].max()} steps. Both
    start at zero. With γ at the end of the branch the distance rises from the first step on, to
    {end["last"]:.2f}; with γ in front of the ReLU it is {end["first"]:.0f} to the end."""


def caption(data):
    return f"""Root mean square of output minus input of residual networks that start with $\\gamma
    = 0$ in every block, in steps of gradient descent towards random targets. The input has a root
    mean square of about 1. Mean of {data["runs"].iloc[0]} networks; the band is a 95 % interval."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.0)
    last = data["step"].max()
    for place, colour, aside in (
        ("last", "batch norm", {"ha": "right", "dx": -10, "dy": 8}),
        ("first", "negative", {"ha": "center", "dx": 0, "dy": 10}),
    ):
        rows = only(data, place=place)
        middle = rows.iloc[round(0.6 * last)]
        theme.curve(ax, rows, "step", "moved", colour)
        theme.label(ax, middle["step"], middle["moved"], PLACES[place], colour, **aside)
    ax.set(xlabel="step", ylabel="RMS of output − input", xlim=(0, last))
    ax.set_xticks(range(0, last + 1, max(1, last // 4)))
    return figure
