"""Share of saturated units through training, by activation, norm and size of the weights."""

from experiments.results import only, summary

TITLE = "Batch norm fixes the share of saturated units; it does not make it the smallest"
TAGS = ("saturation", "training", "initialization")
CLAIMS = ("bn-prevents-saturation", "bn-makes-saturating-units-usable")
ID = "saturation-shares"


def data(results):
    """By activation, norm, size of the weights and step: the share of all hidden layers."""
    share = results["saturated"].mean("layer")
    return summary(share.transpose("activation", "norm", "size", "step", "run"), name="saturated")


def at_the_end(data):
    last = only(data, step=data["step"].max())
    return last.set_index(["activation", "norm", "size"])["saturated"]


def alt(data):
    end = at_the_end(data)
    said = [
        f"{one}: {end[one, 'none', 'usual']:.1%} without batch norm at usual weights and "
        f"{end[one, 'none', 'large']:.0%} at large ones, {end[one, 'batch norm', 'usual']:.1%} and "
        f"{end[one, 'batch norm', 'large']:.1%} with it"
        for one in ("sigmoid", "tanh")
    ]
    words = "Two panels of lines over training steps, the share of saturated units. At the end, "
    return f"{words}{'; '.join(said)}."


def caption(data):
    return f"""Share of the units of all ten hidden layers whose output is within a twentieth of its
    range of an end, on test images that never change. Mean of {data["runs"].iloc[0]} paired runs
    with 95 % intervals. Solid: usual weights; dashed: the same weights times a large factor."""


def draw(data, theme):
    figure, panels = theme.panels(data, "activation", sharey=True)
    last, end = data["step"].max(), at_the_end(data)
    for ax, activation, of_activation in panels:
        for (norm, size), rows in of_activation.groupby(["norm", "size"]):
            line = "-" if size == "usual" else (0, (4, 2))
            theme.curve(ax, rows, "step", "saturated", norm, linestyle=line)
        tanh, of = activation == "tanh", end[activation]
        both = of["batch norm", "usual"] if tanh else 0
        for y, text, norm, dy in (
            (of["none", "usual"], "without, usual", "none", -9 if tanh else 8),
            (of["none", "large"], "without, large", "none", -9),
            (both, "batch norm, both", "batch norm", 14 if tanh else 20),
        ):
            theme.label(ax, last, y, text, norm, ha="right", dx=-2, dy=dy)
        ax.set(title=activation, xlabel="training step", ylim=(-0.05, 1))
    panels[0][0].set_ylabel("share of saturated units")
    return figure
