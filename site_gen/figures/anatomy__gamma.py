"""Output and gradients of one batch normalization as γ sweeps."""

from experiments.results import rows

TITLE = "At γ = 0 nothing gets through, except the gradient of γ"
TAGS = ("transform", "γ and β", "gradients")
CLAIMS = ("beta-sets-the-mean", "zero-gamma-is-dead")


def data(results):
    """Medians of runs: mean and standard deviation of the output; gradients over those at γ = 1."""
    output, gradients = ["output_std", "output_mean"], ["input_gradient", "gamma_gradient"]
    one = results.sel(gamma=1.0, method="nearest", drop=True)
    found = results[output].assign({name: results[name] / one[name] for name in gradients})
    return rows(*found.median("run").values()).assign(runs=results.sizes["run"])


def alt(data):
    zero = data.loc[data["gamma"].abs().idxmin()]
    return f"""Left: against γ from −3 to 3 the output's standard deviation is a V with its tip at
    {zero["output_std"]:.0f}, and its mean stays at β = {zero["output_mean"]:.1f}. Right: the
    gradient to the input is a V too, {zero["input_gradient"]:.0f} at γ = 0, while the gradient of γ
    stays at {zero["gamma_gradient"]:.0f} times its value at γ = 1."""


def caption(data):
    return f"""One batch norm with $\\beta = 0.5$ and a fixed gradient from above, median of
    {data["runs"].iloc[0]} random batches; a negative $\\gamma$ mirrors the output. Right: lengths
    relative to those at $\\gamma = 1$. Thin lines: $|\\gamma|$."""


def draw(data, theme):
    figure, (left, right) = theme.figure(cols=2, height=3.3)
    dots = data[:: max(1, len(data) // 12)]
    for ax in (left, right):
        theme.theory(ax, data["gamma"], data["gamma"].abs())
        ax.set(xlabel="γ", xticks=range(-3, 4), ylim=(0, 3.1))
    theme.points(left, dots, "gamma", "output_std", "batch norm")
    theme.label(left, -2.4, 2.4, "standard\ndeviation", "batch norm", dx=8, dy=6)
    theme.curve(left, data, "gamma", "output_mean", "neutral", "mean = β", ha="right", dx=0, dy=9)
    left.set_title("output")
    theme.points(right, dots, "gamma", "input_gradient", "gradient")
    theme.label(right, -2.4, 2.4, "gradient\nto the input", "gradient", dx=8, dy=6)
    at = {"ha": "right", "dx": 0, "dy": -9}
    theme.curve(right, data, "gamma", "gamma_gradient", "input", "gradient of γ", **at)
    right.set_title("gradients, relative to γ = 1")
    return figure
