"""Change of a network's hidden outputs while only its last layer is meant to be trained."""

from experiments.results import only, summary

TITLE = "Without gradients for γ and β the outputs move all the same"
TAGS = ("freezing", "running statistics", "fine-tuning")
CLAIMS = ("freezing-parameters-freezes-the-layer", "freezing-both-freezes-the-layer")

# Way → colour, words, and how far they are moved up.
SHOWN = {
    "batch, trained": ("batch norm", "batch statistics, γ and β trained", 0),
    "batch, frozen": ("input", "batch statistics, γ and β frozen", -18),
    "running, trained": ("gradient", "fixed statistics, γ and β trained", 13),
    "running, frozen": ("neutral", "all frozen", -11),
}


def data(results):
    """Relative change of the hidden outputs on the old digits, by shift, way and step."""
    return summary(results["change"])


def ends(data):
    """The change after the last step on inverted digits, by way."""
    return only(data, shift="inverted", step=data["step"].max()).set_index("way")["change"]


def alt(data):
    end = ends(data)
    return f"""The hidden outputs move by {end["batch, frozen"]:.1f} times their own length with
    batch statistics and frozen γ and β, by {end["running, trained"]:.2f} with fixed statistics and
    trained γ and β, and by {end["running, frozen"]:.0f} with both frozen."""


def caption(data):
    return f"""Change of the hidden outputs on the old digits in evaluation, over their length,
    while a new last layer is trained on inverted digits and all weights before it are frozen.
    Lines: means of {data["runs"].max()} networks; bands: 95 % intervals. Dotted: frozen γ and β,
    batch statistics, and new data like the old."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.8)
    end, last, later = ends(data), data["step"].max(), data[data["step"] > 0]
    top = end["batch, trained"]
    for way, (colour, words, dy) in SHOWN.items():
        rows = only(later, way=way, shift="inverted")
        theme.curve(ax, rows, "step", "change", colour, fmt="o-", linewidth=1.2)
        if way.startswith("batch"):
            theme.label(ax, 1, top, words, colour, dx=0, dy=dy)
        else:
            theme.label(ax, last, end[way], words, colour, dx=0, dy=dy, ha="right")
    same = only(later, way="batch, frozen", shift="none")
    ax.plot(same["step"], same["change"], ":", color=theme.colour("input"))
    ax.set(ylabel="change of the hidden outputs", ylim=(-0.12 * top, None))
    ax.set(xscale="log", xlabel="steps of training the new last layer")
    return figure
