"""Accuracy on old and on new digits after fine-tuning, by what of batch norm is frozen."""

from experiments.results import only, rows

TITLE = "Statistics that move lose the old digits and gain little on the new ones"
TAGS = ("freezing", "fine-tuning", "accuracy")
CLAIMS = ("frozen-backbone-remembers", "new-task-needs-moving-statistics")

LABELS = {
    "batch, trained": "batch statistics,\nγ and β trained",
    "batch, frozen": "batch statistics,\nγ and β frozen",
    "running, trained": "fixed statistics,\nγ and β trained",
    "running, frozen": "all frozen",
}
KINDS = {
    "old_accuracy": ("neutral", 0.14, "old digits"),
    "new_accuracy": ("positive", -0.14, "inverted digits"),
}


def data(results):
    """Accuracies on the old digits before and after, and on the new ones after, by run and way."""
    found = results.sel(shift="inverted", drop=True)
    before = found["old_accuracy"].isel(step=0, drop=True).rename("old_before")
    return rows(before, *(found[kind].isel(step=-1, drop=True) for kind in KINDS))


def alt(data):
    means = data.groupby("way")[list(KINDS)].mean().loc[list(LABELS)].values
    pairs = zip(LABELS.values(), means, strict=True)
    said = [f"{words}: {old:.2f} and {new:.2f}" for words, (old, new) in pairs]
    return f"Accuracy on old and on inverted digits: {'; '.join(said)}.".replace("\n", " ")


def caption(data):
    return f"""After a new last layer was trained on inverted digits: accuracy on the old digits
    with the old last layer, and on the inverted ones with the new. Points: {data["run"].nunique()}
    networks; ticks: means; line: the old digits before, {data["old_before"].mean():.2f} in the
    mean."""


def draw(data, theme):
    figure, ax = theme.figure(height=3.6)
    theme.level(ax, x=data["old_before"].mean(), color=theme.colour("neutral"), zorder=1.5)
    low = data[list(KINDS)].min().min()
    for kind, (colour, up, words) in KINDS.items():
        theme.label(ax, low, up, words, colour, dx=0)
        for k, way in enumerate(reversed(LABELS)):
            shown = only(data, way=way).assign(place=k + up)
            theme.points(ax, shown, kind, "place", colour, alpha=0.45)
            mean, ends = shown[kind].mean(), (k + up - 0.12, k + up + 0.12)
            ax.plot([mean, mean], ends, color=theme.ink, linewidth=1.5)
    ax.set_yticks(range(len(LABELS)), reversed(LABELS.values()))
    ax.set(xlabel="accuracy", ylim=(-0.5, len(LABELS) - 0.5))
    return figure
