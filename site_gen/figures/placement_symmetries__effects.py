"""How far from nothing a change is that should make no difference, by what stands between."""

from experiments.results import only, rows

TITLE = "What makes no difference next to batch norm, and what does once a nonlinearity is between"
TAGS = ("placement", "γ and β", "effective learning rate")
CLAIMS = (
    "bias-across-a-nonlinearity-is-redundant",
    "scale-invariance-needs-homogeneity",
    "next-layer-absorbs-gamma-and-beta",
)
ID = "placement-exact"

ROUND_OFF = 1e-9  # what is smaller is none of it a difference

LANES = {
    "bias, nothing between": "bias: nothing between",
    "bias, relu between": "bias: ReLU between",
    "bias, sigmoid between": "bias: sigmoid between",
    "weights, nothing between": "weights × 3: nothing between",
    "weights, relu between": "weights × 3: ReLU between",
    "weights, relu and bias between": "weights × 3: bias and ReLU between",
    "weights, sigmoid between": "weights × 3: sigmoid between",
    "absorb, nothing between": "γ, β into the next layer",
    "absorb, relu between, both scaled": "γ and β × 3, ReLU, weights / 3",
    "absorb, relu between, only gamma scaled": "γ × 3, ReLU, weights / 3",
    "absorb, sigmoid between, both scaled": "γ and β × 3, sigmoid, weights / 3",
}


def data(results):
    """A row for every change and run: the relative size of its effect."""
    return rows(results["difference"].sel(change=list(LANES)).transpose("change", "run"))


def alt(data):
    largest = data.groupby("change")["difference"].max()
    exact, other = largest[largest < ROUND_OFF], largest[largest >= ROUND_OFF]
    return f"""Points for {data["change"].nunique()} changes on a logarithmic scale: {len(exact)}
    have an effect of at most {exact.max():.0e}, {len(other)} one of up to {other.max():.1f}."""


def caption(data):
    return f"""Changes of a network that should make no difference: relative change of the output,
    and for the bias, its gradient over the sum of sizes that it is a sum of. A point for each of
    {data["run"].nunique()} random networks, double precision. To the left, round-off; to the right,
    a difference."""


def draw(data, theme):
    figure, ax = theme.figure(height=4.4)
    for lane, change in enumerate(LANES):
        values = only(data, change=change)["difference"].clip(lower=1e-17)
        colour = theme.colour("batch norm" if values.max() < ROUND_OFF else "none")
        ax.plot(values, [lane] * len(values), "o", color=colour, alpha=0.5, markersize=5)
    ax.set_yticks(range(len(LANES)), labels=list(LANES.values()))
    ax.set(xscale="log", xlim=(3e-18, 10), ylim=(len(LANES) - 0.4, -0.6), xlabel="relative effect")
    ax.set_xticks([1e-16, 1e-12, 1e-8, 1e-4, 1], labels=["10⁻¹⁶", "10⁻¹²", "10⁻⁸", "10⁻⁴", "1"])
    ax.minorticks_off()
    for y in (2.5, 6.5):  # between the groups
        theme.level(ax, y=y, linewidth=0.8)
    return figure
