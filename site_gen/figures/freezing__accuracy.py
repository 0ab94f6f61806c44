"""Accuracy on old and on new digits after fine-tuning, by what of batch norm is frozen."""

from experiments.results import rows

TITLE = "Statistics that move lose the old digits and gain little on the new ones"
TAGS = ("freezing", "fine-tuning", "accuracy")
CLAIMS = ("frozen-backbone-remembers", "new-task-needs-moving-statistics")

LABELS = {
    "batch, trained": "batch statistics,\nγ and β trained",
    "batch, frozen": "batch statistics,\nγ and β frozen",
    "running, trained": "fixed statistics,\nγ and β trained",
    "running, frozen": "all frozen",
}
KINDS = {"old_accuracy": ("neutral", 0.14), "new_accuracy": ("positive", -0.14)}


def data(results):
    """Accuracies on the old digits before and after, and on the new ones after, by run and way."""
    found = results.sel(shift="inverted", drop=True)
    before = found["old_accuracy"].isel(step=0, drop=True).rename("old_before")
    return rows(before, *(found[kind].isel(step=-1, drop=True) for kind in KINDS))


def alt(data):
    mean = data.groupby("way")[list(KINDS)].mean()
    said = [
        f"{words}: {mean.loc[way, 'old_accuracy']:.2f} and {mean.loc[way, 'new_accuracy']:.2f}"
        for way, words in LABELS.items()
    ]
    return f"Accuracy on old and on inverted digits: {'; '.join(said)}.".replace("\n", " ")


def caption(data):
    return (
        "After a new last layer was trained on inverted digits: accuracy on the old digits with "
        "the old last layer, and on the inverted ones with the new. Points: "
        f"{data['run'].nunique()} networks; ticks: means; line: the old digits before, "
        f"{data['old_before'].mean():.2f} in the mean."
    )


def draw(data, theme):
    figure, ax = theme.figure(height=3.6)
    theme.level(ax, x=data["old_before"].mean(), color=theme.colour("neutral"), zorder=1.5)
    ways = list(LABELS)[::-1]
    for k, way in enumerate(ways):
        for kind, (colour, up) in KINDS.items():
            shown = data[data["way"] == way].assign(place=k + up)
            theme.points(ax, shown, kind, "place", colour, alpha=0.45)
            mean = [shown[kind].mean()] * 2
            ax.plot(mean, [k + up - 0.12, k + up + 0.12], color=theme.ink, linewidth=1.5)
    low = data[list(KINDS)].min().min()
    theme.label(ax, low, 0.14, "old digits", "neutral", dx=0)
    theme.label(ax, low, -0.14, "inverted digits", "positive", dx=0)
    ax.set_yticks(range(len(ways)), [LABELS[way] for way in ways])
    ax.set(xlabel="accuracy", ylim=(-0.5, len(ways) - 0.5))
    return figure
