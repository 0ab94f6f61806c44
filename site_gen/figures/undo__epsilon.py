"""With fixed statistics: what γ = σ leaves wrong, and that γ = √(σ²+ε) leaves nothing."""

from experiments.results import nearest, only, rows

TITLE = "With fixed statistics γ = √(σ²+ε) undoes batch norm, and γ = σ only where σ is large"
TAGS = ("gamma and beta", "epsilon", "inference")
CLAIMS = ("undoing-is-exact-in-eval-mode",)

FLOOR = 1e-34  # below it lies only an exact zero, which a logarithmic axis cannot show


def data(results):
    """A row for every γ, ε and input standard deviation: median and largest of the runs."""
    found = results.rename(sigma="input_std")
    error = found["fixed_error"].transpose("gamma", "eps", "input_std", "run")
    theory = found["fixed_error_theory"].where(error["gamma"] == "sigma", 0.0)
    table = rows(error=error.median("run"), largest=error.max("run"), theory=theory)
    return table.assign(runs=results.sizes["run"])


def alt(data):
    curves = [only(data, gamma="sigma", eps=eps) for eps in (1e-5, 1e-3)]
    small, large = (nearest(curve, input_std=0.01)["error"] for curve in curves)
    return f"""Two curves of the squared error with γ = σ fall steeply as the input’s standard
    deviation grows; at 0.01 they stand at {small:.4f} for ε = 1e-5 and {large:.2f} for ε = 1e-3.
    With γ = √(σ²+ε) the points lie at the bottom, at
    {only(data, gamma="root")["largest"].max():.0e} or less."""


def caption(data):
    return f"""Squared error of undoing over the variance, with fixed mean and variance. Upper
    points: $\\gamma = \\sigma$, on the lines $(1 - \\sigma/\\sqrt{{\\sigma^2+\\varepsilon}})^2$.
    Lower points: $\\gamma = \\sqrt{{\\sigma^2+\\varepsilon}}$, round-off of at most
    {only(data, gamma="root")["largest"].max():.0e}. Medians of {data["runs"].iloc[0]} runs; an
    error of exactly zero is drawn at the lower edge."""


def draw(data, theme):
    figure, ax = theme.figure()
    drawn = data.assign(error=data["error"].clip(lower=FLOOR))
    places = ({"ha": "right", "dx": -10, "dy": -8}, {"dx": 10, "dy": 8})
    curves = list(drawn.groupby("eps"))
    for (eps, both), colour, place in zip(curves, theme.sequence(2), places, strict=True):
        sigma, root = (only(both, gamma=gamma) for gamma in ("sigma", "root"))
        theme.theory(ax, sigma["input_std"], sigma["theory"], zorder=1.9)
        theme.points(ax, sigma, "input_std", "error", colour, markevery=2)
        theme.points(ax, root, "input_std", "error", colour, markevery=2, alpha=0.6)
        at = sigma.iloc[(7 * len(sigma)) // 8]
        text = f"γ = σ, ε = {eps:g}".replace("e-0", "e-")
        theme.label(ax, at["input_std"], at["error"], text, colour, **place)
    theme.label(ax, 0.1, 1e-29, "γ = √(σ² + ε), both ε: round-off", theme.ink, ha="center", dx=0)
    ax.set(xscale="log", yscale="log", ylim=(FLOOR / 2, 20), ylabel="squared error / variance")
    ax.set(xlabel="standard deviation σ of the input", yticks=(1e-32, 1e-24, 1e-16, 1e-8, 1))
    ax.minorticks_off()
    return figure
