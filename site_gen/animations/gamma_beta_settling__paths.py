"""γ and β of every unit of a layer, wandering from (1, 0) at three learning rates."""

from matplotlib.collections import LineCollection

from experiments.results import rows
from site_gen.theme import Animation

TITLE = "γ and β of every unit leave their start: slowly, steadily, or all at once"
TAGS = ("gamma and beta", "learning rate")
ID = "gamma-beta-drift-paths"

HOLD = 15  # frames on which the end stands still


def data(results):
    """γ and β by rate, step and unit: the last hidden layer of the first run."""
    film = results["film"].dropna("rate", how="all").transpose("rate", "frame_step", "unit", ...)
    last = film.isel(unit=slice(-film.sizes["unit"] // results.sizes["layer"], None))
    last = last.assign_coords(unit=range(last.sizes["unit"]))
    both = {name: last.sel(parameter=name, drop=True) for name in ("gamma", "beta")}
    table = rows(**both).rename(columns={"frame_step": "step"})
    return table.assign(frame=results["frame_step"].to_index().get_indexer(table["step"]))


def alt(data):
    ends = data[data["frame"] == data["frame"].max()].groupby("rate")["gamma"]
    said = ", ".join(f"{of.min():.2f} to {of.max():.2f} at rate {rate:g}" for rate, of in ends)
    return f"""Animation: every unit of the last hidden layer is a dot in the plane of β and γ. All
    start at β = 0, γ = 1 and move for {data["step"].max()} steps. At the end γ ranges from
    {said}."""


def caption(data):
    return f"""Each dot is one of {data["unit"].nunique()} units of the last hidden layer, with its
    way so far; the cross is the start at $\\gamma = 1$, $\\beta = 0$. The same weights and batches
    at three learning rates, and a scale of its own for each. A single run: an illustration, not a
    measurement."""


def animate(data, theme):
    figure, panels = theme.panels(data, "rate", height=3.4)
    steps = data.drop_duplicates("frame")["step"].to_numpy()
    blue, paths, trails, dots = theme.colour("batch norm"), [], [], []
    for ax, rate, of in panels:
        of = of.sort_values(["unit", "frame"])
        path = of[["beta", "gamma"]].to_numpy().reshape(-1, len(steps), 2)  # (unit, frame, 2)
        paths.append(path)
        trails.append(LineCollection([], colors=[blue], linewidths=0.7, alpha=0.45))
        ax.add_collection(trails[-1])
        dots += ax.plot([], [], "o", color=blue, markersize=3.5)
        ax.plot([0], [1], "+", color=theme.ink, markersize=9)
        (left, bottom), (right, top) = path.min(axis=(0, 1)), path.max(axis=(0, 1))
        wide, high = right - left, top - bottom
        ax.set(xlim=(left - 0.06 * wide, right + 0.06 * wide), xlabel="β")
        ax.set(ylim=(bottom - 0.06 * high, top + 0.14 * high), title=f"learning rate {rate:g}")
    first = panels[0][0]
    first.set_ylabel("γ")
    readout = theme.label(first, 0.03, 0.95, "", theme.ink, transform="axes fraction", dx=0)

    def update(i):
        frame = min(i, len(steps) - 1)
        for path, trail, dot in zip(paths, trails, dots, strict=True):
            trail.set_segments(list(path[:, : frame + 1]))
            dot.set_data(*path[:, frame].T)
        readout.set_text(f"step {steps[frame]:,}")

    artists, last = [*trails, *dots, readout], len(steps) - 1
    return Animation(figure, artists, len(steps) + HOLD, update, fps=10, poster=last)
