"""How often a prediction in training mode changes with the rest of the batch."""

import numpy as np
import pandas as pd

from experiments.results import summary

TITLE = "In training mode the neighbours have a say, in evaluation mode never"
TAGS = ("biased batches", "train and eval", "batch size")
CLAIMS = (
    "prediction-depends-on-neighbours",
    "evaluation-prediction-depends-on-neighbours",
    "only-the-number-of-neighbours-matters",
)
ID = "non-iid-neighbours"

WHO = {
    "any": "random\ndigits",
    "another digit": "all of\nanother digit",
    "own digit": "all of\nits own digit",
}


def data(results):
    """Mean over runs and interval of every measure, by batch size or, at size 0, by company."""
    found = [
        summary(results[measure], name="share").assign(measure=measure)
        for measure in ("apart", "alone", "company")
    ]
    all_of_them = pd.concat(found, ignore_index=True)
    return all_of_them.fillna({"size": 0, "who": "any"}).astype({"size": int})


def split(data):
    """Rows of training mode and of evaluation mode by size, and of companies in their order."""
    apart, alone, company = (
        data[data["measure"] == measure] for measure in ("apart", "alone", "company")
    )
    company = company.set_index("who").loc[list(WHO)].reset_index()
    return apart, alone, company.assign(place=range(len(WHO)))


def alt(data):
    apart, _, company = split(data)
    first, last = apart.iloc[0], apart.iloc[-1]
    share = 100 * company.set_index("who")["share"]
    return f"""Left: two random companies give an image different predictions in
    {100 * first["share"]:.0f} % of cases in batches of {first["size"]}, falling to
    {100 * last["share"]:.1f} % in batches of {last["size"]}; 0 % in evaluation mode. Right: a
    company of 31 changes {share["any"]:.0f} % of predictions if random, {share["own digit"]:.0f} %
    if all are of the image's own digit."""


def caption(data):
    share = 100 * split(data)[2].set_index("who")["share"]
    return f"""A network trained with shuffled batches of 32, its test images among neighbours from
    the test images; means of {data["runs"].max()} runs with 95 % intervals. Left: how often an
    image is given two different digits in two random batches of that size. Right: how often 31
    neighbours change the prediction of evaluation mode, {share["any"]:.0f} % to
    {share["own digit"]:.0f} %."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.7)
    apart, alone, company = split(data)
    style = {"fmt": "o-", "markersize": 5}
    theme.curve(left, apart, "size", "share", "negative", **style)
    theme.curve(left, alone, "size", "share", "batch norm", clip_on=False, **style)
    first = apart.iloc[0]
    theme.label(left, first["size"], first["share"], "training mode", "negative", dx=14, dy=2)
    theme.label(left, first["size"], 0, "evaluation mode", "batch norm", dx=0, dy=12)
    left.set(xscale="log", xlabel="images in the batch", title="Two random companies disagree")
    theme.ticks(left, x=apart["size"])

    right.bar(company["place"], company["share"], width=0.55, color=theme.colour("negative"))
    right.vlines(company["place"], company["low"], company["high"], color=theme.ink)
    for place, share in zip(company["place"], company["share"], strict=True):
        words = f"{100 * share:.0f} %"
        theme.label(right, place, share, words, theme.ink, dx=0, dy=11, ha="center")
    right.set(title="31 neighbours change the prediction", xlim=(-0.6, 2.6))
    right.set_xticks(company["place"], list(WHO.values()))
    for ax in (left, right):
        ax.set(ylim=(0, 1))
        theme.ticks(ax, y=np.arange(0, 1.01, 0.2), form=lambda y: f"{100 * y:.0f} %")
    return figure
