"""Growth rate of every direction in a product of Gaussian matrices, measured and exact."""

from experiments.results import summary

TITLE = (
    "Without batch norm every direction grows at a rate of its own, and the first outruns the rest"
)
TAGS = ("depth", "rank", "theory")
CLAIMS = ("directions-grow-at-known-rates",)
ID = "rank-collapse-growth"


def data(results):
    """By direction: mean growth of its logarithm a layer, and the exact expectation."""
    theory, layers = results["predicted_growth"].values, results["layers"].item()
    return summary(results["growth"]).assign(theory=theory, layers=layers)


def alt(data):
    first, *_, last = data["growth"]
    return f"""Growth rates of {len(data)} directions, falling from {first:.3f} for the first to
    {last:.2f} for the last, on the exact line; the gaps widen towards the last."""


def caption(data):
    return f"""How much the logarithm of each direction's length grows a layer in products of
    {data["layers"].iloc[0]} Gaussian matrices of size {len(data)}, from the largest down. Points:
    mean of {data["runs"].iloc[0]} products with 95 % intervals, mostly smaller than the points;
    line: the exact expectation."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.2)
    theme.theory(ax, data["direction"], data["theory"], zorder=1.9)
    theme.points(ax, data, "direction", "growth", "none", markersize=4.5)
    ax.set(xlabel="direction, from the largest", ylabel="growth of the logarithm a layer")
    ax.set(xlim=(0, len(data) + 1))
    return figure
