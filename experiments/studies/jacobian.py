"""What does the backward pass of batch norm remove from a gradient?

Unit vectors sent through the backward pass, which is linear, give its whole matrix, the transposed
Jacobian ∂y/∂x. Its singular values and vectors are computed for random batches of many sizes, with
and without ε, for random γ and β, and held against the closed form.
"""

import numpy as np

from experiments.claims import Case, above, below, depends, supported
from experiments.measures.unit import passes
from experiments.results import Near, table, value
from experiments.study import Settings, call, setting
from experiments.theory import transform as theory

# Products of at most 256 float64 terms of order one, and singular values: 256 · 2⁻⁵³ is 3e-14.
ROUND_OFF = 1e-12
# Singular values below this are lost: far above round-off, far below what ε leaves.
LOST = 1e-9


class Setup(Settings):
    runs: int = setting(16, "random batches of every size")
    batches: tuple[int, ...] = setting((2, 3, 4, 8, 16, 32, 64, 128, 256), "batch sizes m")
    epsilons: tuple[float, ...] = setting((1e-5, 1e-3), "ε of PyTorch and of Keras")
    sigmas_per_decade: int = setting(12, "standard deviations of the input, from 1e-4 to 10")
    batch: int = setting(16, "batch size for the sweep over standard deviations")
    seed: int = setting(5, "every random stream is spawned from it")


QUICK = Setup(batches=(2, 3, 4, 8, 32), sigmas_per_decade=4)
FULL, PAPER = Setup(), Setup(runs=64)


def points(s):
    found = {f"spectrum-{m}": call(spectrum, s, m=m) for m in s.batches}
    return found | {f"epsilon-{eps:g}": call(epsilon, s, eps=eps) for eps in s.epsilons}


# What is read of every random batch.
READ = {
    "passing_error": "largest deviation of the m − 2 largest singular values from γ/σ, over γ/σ",
    "lost": "singular values of the normalization that are zero",
    "lost_affine": "singular values of normalization, γ and β together that are zero",
    "constant": "what is left of the constant direction, over γ/σ",
    "stretch": "what is left of the direction x̂, over γ/σ",
    "moved": "largest change of an output when the inputs are tripled and shifted",
}


def spectrum(m, runs):
    """Singular values and lost directions at ε = 0, with γ = 1 and with random γ and β."""
    values, read = np.empty((len(runs), m)), np.empty((len(READ), len(runs)))
    for i, rng in enumerate(runs.part(m).streams()):
        sigma = np.exp(rng.uniform(-2, 2))
        x = rng.normal() + sigma * rng.standard_normal(m)
        gamma, beta = rng.choice([-1, 1]) * np.exp(rng.uniform(-2, 2)), rng.normal()
        xhat, y, plain = passes(x, np.eye(m), 0.0)
        _, moved, _ = passes(3.0 * x - 7.0, np.eye(m), 0.0)
        *_, whole = passes(x, np.eye(m), 0.0, gamma, beta)
        values[i] = np.linalg.svd(whole, compute_uv=False) * x.std() / abs(gamma)  # over γ/σ
        off = np.abs(values[i, : m - 2] - 1).max(initial=0)
        lost = (np.linalg.svd(plain, compute_uv=False) * x.std() < LOST).sum()
        left = [np.linalg.norm(whole @ along) for along in (np.ones(m), xhat)]
        left = np.array(left) / np.sqrt(m) * x.std() / abs(gamma)
        read[:, i] = off, lost, (values[i] < LOST).sum(), *left, np.abs(moved - y).max()
    both = zip(READ.items(), read, strict=True)
    found = {name: (of, words, "1", "batch run") for (name, words), of in both}
    found["singular_value"] = (values, "singular values over γ/σ")
    return table(found, batch=m, run=runs, rank=np.arange(m))


def epsilon(eps, batch, sigmas_per_decade, runs):
    """Singular values against the closed form, and the share that gets back, by size of inputs."""
    sigmas = np.logspace(-4, 1, 5 * sigmas_per_decade + 1)
    share, error = np.empty((2, sigmas.size, len(runs)))
    for i, rng in enumerate(runs.part(1_000_001).streams()):
        z = rng.standard_normal(batch)
        z = (z - z.mean()) / z.std()
        for s, sigma in enumerate(sigmas):
            *_, matrix = passes(sigma * z, np.eye(batch), eps)
            values = np.linalg.svd(matrix, compute_uv=False)
            expected = theory.backward_spectrum(batch, 1.0, sigma, eps)
            error[s, i] = np.abs(values - expected).max() / expected[0]
            share[s, i] = np.linalg.norm(matrix @ z) / np.sqrt(batch) / values[0]
    found = {
        "stretch_share": (share, "factor along x̂ over the factor across it"),
        "stretch_share_theory": (theory.stretch_passed(sigmas, eps), "ε/(σ²+ε)", "1", "eps sigma"),
        "spectrum_error": (error, "largest deviation of a singular value, over the largest"),
    }
    return table(found, eps=eps, sigma=sigmas, run=runs)


# ------------------------------------------------------------------------------------------ claims


def cases(words, of, rule, *sizes):
    """A case for each batch size, which holds in every instance or in none."""
    words = f"{words}, in every instance"
    return tuple(Case(f"batch of {m}, {words}", of.at(batch=m).every(), rule) for m in sizes)


# What gets back of a stretch, in parts of the other directions, in every instance.
UNIT, PYTORCH, KERAS = (
    value("stretch_share", eps=eps, sigma=Near(sigma)).every()
    for sigma, eps in ((1.0, 1e-5), (0.01, 1e-5), (0.01, 1e-3))
)
SMALL_SHARE = below(0.01, "% of the other directions’ factor")
BROUGHT_BACK = value("lost") - value("lost_affine")
PASSING = "distance of the m − 2 largest singular values from γ/σ, over γ/σ"

CLAIMS = {
    "affine-restores-information": depends(
        "Normalization loses information, and γ and β bring it back.",
        source="post",
        cases=(
            *cases("directions lost", value("lost"), above(0), 2, 8, 32),
            *cases("directions that γ and β bring back", BROUGHT_BACK, above(0), 2, 8, 32),
        ),
        because="Two directions of every batch are lost, and the same two are missing after γ and "
        "β: a factor and a constant for all samples do not know the batch.",
    ),
    "backward-only-rescales": supported(
        "Apart from the two directions that it removes, the backward pass only multiplies a "
        "gradient by γ/σ.",
        source="reader",
        cases=cases(PASSING, value("passing_error"), below(ROUND_OFF), 3, 4, 8, 32),
        because="The matrix is γ/σ times a projection, and a projection either keeps a direction "
        "or removes it.",
    ),
    "position-and-scale-get-no-gradient": depends(
        "Position and scale of a unit’s inputs get no gradient through batch norm.",
        source="reader",
        cases=(
            Case("position, any batch size", value("constant").every(), SMALL_SHARE),
            Case("scale, ε = 0, any batch size", value("stretch").every(), SMALL_SHARE),
            Case("scale, σ = 1, ε = 1e-5", UNIT, SMALL_SHARE),
            Case("scale, σ = 0.01, ε = 1e-5", PYTORCH, SMALL_SHARE),
            Case("scale, σ = 0.01, ε = 1e-3", KERAS, SMALL_SHARE),
        ),
        because="Position never does. Scale gets ε/(σ²+ε) of what the other directions get, which "
        "is nearly all of it once σ is below √ε.",
    ),
}

VALUES = {
    "lost_affine_eight": value("lost_affine", batch=8).every(),
    **{name: value(name).every() for name in ("passing_error", "moved", "spectrum_error")},
    "stretch_pytorch": PYTORCH,
    "stretch_keras": KERAS,
}
