"""Before training: saturation, the gradient of the first layer, and whether batches agree on it."""

import pandas as pd

from experiments.results import rows, summary

TITLE = "A large γ saturates the sigmoids and still lets more gradient through"
TAGS = ("γ and β", "saturation", "gradients", "theory")
CLAIMS = ("large-gamma-saturates", "saturation-stops-gradients")
ID = "gamma-beta-sweep-start"
MISSING = {"theory": "only the share of saturated units has a closed form"}
BETAS = (0.0, 2.0, 4.0)
PANELS = {"saturated": "share saturated", "first_gradient": "gradient, first layer"}
PANELS |= {"agreement": "agreement of batches"}


def data(results):
    """Means by quantity, β and γ, and the theory of one; gradients in parts of that at (1, 0)."""
    results = results.sel(start_beta=list(BETAS)).rename(start_gamma="gamma", start_beta="beta")
    found = []
    for quantity in PANELS:
        values = results[quantity].transpose("beta", "gamma", "run")
        if quantity == "first_gradient":
            values = values / values.sel(gamma=1.0, beta=0.0)
        found.append(summary(values, name="mean").assign(quantity=quantity))
    theory = rows(theory=results["saturated_theory"]).assign(quantity="saturated")
    return pd.concat(found).merge(theory, "left", ["quantity", "beta", "gamma"])


def alt(data):
    at = data.set_index(["quantity", "gamma", "beta"])["mean"]
    agreement, gradient = at["agreement"], at["first_gradient"]
    return f"""Three panels over γ. At β = 0 the share of saturated sigmoids rises from
    {at["saturated", 1, 0]:.2f} at γ = 1 to {at["saturated", 10, 0]:.2f} at γ = 10, close to theory;
    the first layer’s gradient grows to {gradient[10, 0]:.1f} times that at γ = 1; the cosine
    between two batches falls from {agreement[1, 0]:.2f} to {agreement[10, 0]:.2f}. At β = 4, γ = 1
    the share is {at["saturated", 1, 4]:.2f} and the gradient {gradient[1, 4]:.2f}."""


def caption(data):
    return f"""Before training, three layers of sigmoids on small digits, every $\\gamma$ and every
    $\\beta$ of the network alike. Left: share of activations of the last hidden layer below 0.05 or
    above 0.95; grey lines: theory for normally distributed $\\hat x$. Middle: length of the first
    layer’s gradient, in parts of that at $(1, 0)$. Right: cosine between the gradients of two
    batches. Means of {data["runs"].iloc[0]} runs with 95 % bands."""


def draw(data, theme):
    figure, panels = theme.panels(data, "quantity", height=3.5)
    colours = dict(zip(BETAS, theme.sequence(len(BETAS)), strict=True))
    for ax, quantity, some in panels:
        look = {"fmt": "o", "markersize": 3.5} if quantity == "saturated" else {}
        for beta, of in some.groupby("beta"):
            theme.curve(ax, of, "gamma", "mean", colours[beta], **look)
            theme.theory(ax, of["gamma"], of["theory"])
        ax.set(xscale="log", xlabel="γ", title=PANELS[quantity])
        ax.set(**{"yscale": "log"} if quantity == "first_gradient" else {"ylim": (-0.03, 1.03)})
        ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    places = {0.0: (2.3, 0.14, "left"), 2.0: (0.62, 0.12, "right"), 4.0: (0.2, 0.93, "center")}
    for beta, (x, y, ha) in places.items():
        theme.label(panels[0][0], x, y, f"β = {beta:g}", colours[beta], dx=0, ha=ha)
    return figure
