"""Change of a network's hidden outputs while only its last layer is meant to be trained."""

from experiments.results import summary

TITLE = "Without gradients for γ and β the outputs move all the same"
TAGS = ("freezing", "running statistics", "fine-tuning")
CLAIMS = ("freezing-parameters-freezes-the-layer", "freezing-both-freezes-the-layer")

SHOWN = {
    "batch, trained": ("batch norm", "batch statistics, γ and β trained"),
    "batch, frozen": ("input", "batch statistics, γ and β frozen"),
    "running, trained": ("gradient", "fixed statistics, γ and β trained"),
    "running, frozen": ("neutral", "all frozen"),
}


def data(results):
    """Relative change of the hidden outputs on the old digits, by shift, way and step."""
    return summary(results["change"])


def ends(data):
    """The change after the last step on inverted digits, by way."""
    last = data[(data["shift"] == "inverted") & (data["step"] == data["step"].max())]
    return last.set_index("way")["change"]


def alt(data):
    end = ends(data)
    return (
        f"The hidden outputs move by {end['batch, frozen']:.1f} times their own length with batch "
        f"statistics and frozen γ and β, by {end['running, trained']:.2f} with fixed statistics "
        f"and trained γ and β, and by {end['running, frozen']:.0f} with both frozen."
    )


def caption(data):
    return (
        "Change of the hidden outputs on the old digits in evaluation, over their length, while a "
        "new last layer is trained on inverted digits and all weights before it are frozen. Lines: "
        f"means of {data['runs'].max()} networks; bands: 95 % intervals. Dotted: frozen γ and β, "
        "batch statistics, and new data like the old."
    )


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    end, last, later = ends(data), data["step"].max(), data[data["step"] > 0]
    for way, (colour, _) in SHOWN.items():
        rows = later[(later["way"] == way) & (later["shift"] == "inverted")]
        theme.curve(ax, rows, "step", "change", colour, fmt="o-", linewidth=1.2)
    same = later[(later["way"] == "batch, frozen") & (later["shift"] == "none")]
    ax.plot(same["step"], same["change"], ":", color=theme.colour("input"))
    top = end["batch, trained"]
    for place, way, how in (
        ((1, top), "batch, trained", {}),
        ((1, top), "batch, frozen", {"dy": -18}),
        ((last, end["running, trained"]), "running, trained", {"dy": 13, "ha": "right"}),
        ((last, 0), "running, frozen", {"dy": -11, "ha": "right"}),
    ):
        colour, words = SHOWN[way]
        theme.label(ax, *place, words, colour, dx=0, **how)
    ax.set(xscale="log", xlabel="steps of training the new last layer")
    ax.set(ylabel="change of the hidden outputs")
    ax.set_ylim(bottom=-0.12 * top)
    return figure
