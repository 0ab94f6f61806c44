"""The JavaScript engine, in a real browser, agrees with the NumPy engine to 1e-9."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from experiments.data.spirals import spirals
from experiments.engine.activations import ReLU, Sigmoid, Tanh
from experiments.engine.affine import Affine
from experiments.engine.dense import Dense
from experiments.engine.loss import softmax_cross_entropy
from experiments.engine.network import Network
from experiments.engine.standardize import FLAX, KERAS, PYTORCH, Standardize
from experiments.engine.train import Model, backpropagate
from experiments.measures.shift import distribution_shift, gradient_shift, stepped
from site_gen.paths import ROOT

ENGINE = ROOT / "site_gen" / "simulators" / "engine.js"
AGREEMENT = 1e-9
ACTIVATIONS = {"sigmoid": Sigmoid(), "tanh": Tanh(), "relu": ReLU()}
CONVENTIONS = {"pytorch": PYTORCH, "keras": KERAS, "flax": FLAX}
# At three times this rate the tanh network with batch norm is chaotic: in either engine, round-off
# grows by thirteen orders of magnitude within the hundred steps.
STEPS, BATCH, WIDTH, RATE = 100, 24, 8, 0.1

# Trains on weights and batches that come from NumPy, and returns every number to compare.
TRAIN = """setup => {
  const B = BatchNorm, m = rows => B.matrix(rows.length, rows[0].length, rows.flat());
  const make = {
    dense: params => new B.Dense(params.bias.length),
    standardize: () => new B.Standardize(setup.convention),
    affine: () => new B.Affine(),
    ...B.activations,
  };
  const net = new B.Network(setup.kinds.map((kind, i) => make[kind](setup.params[i])));
  const map = (layers, convert) => layers.map(one =>
    Object.fromEntries(Object.entries(one).map(([name, values]) => [name, convert(values)])));
  const arrays = layers => map(layers, values => Float64Array.from(values.flat(9)));
  const lists = layers => map(layers, values => [...values]);
  let params = arrays(setup.params), state = arrays(setup.state);
  const probe = m(setup.probe);
  const dense = setup.kinds.flatMap((kind, i) => kind === "dense" ? [i] : []);
  const out = { loss: [], cosine: [], absolute: [], relative: [], travelled: [], spreads: [] };
  const push = shift => Object.entries(shift).forEach(([name, values]) => out[name].push(values));
  setup.batches.forEach(([rows, labels], step) => {
    const x = m(rows), { y, saved, state: next } = net.forward(params, state, x, true);
    const { loss, dlogits } = B.softmaxCrossEntropy(y, labels);
    const { dx, grads } = net.backward(params, saved, dlogits);
    const after = B.stepped(params, grads, setup.rate);
    if (step === 0) Object.assign(out, { y: [...y.data], dx: [...dx.data], grads: lists(grads) });
    out.loss.push(loss);
    if (step % 10 === 0) {
      push(B.gradientShift(net, params, after, state, grads, x, labels, dense));
      push(B.distributionShift(net, params, after, state, next, probe, dense.slice(1)));
    }
    params = after;
    state = next;
  });
  const evaluated = [...net.forward(params, state, probe, false).y.data];
  return { ...out, params: lists(params), state: lists(state), evaluated };
}"""


def network(normalized: bool, activation: str, convention: str) -> tuple[Network, list[str]]:
    """Two hidden layers and an output, with the names of their kinds."""
    layers: list[Any] = []
    kinds: list[str] = []
    for _ in range(2):
        layers += [Dense(WIDTH)]
        kinds += ["dense"]
        if normalized:
            layers += [Standardize(convention=CONVENTIONS[convention]), Affine()]
            kinds += ["standardize", "affine"]
        layers += [ACTIVATIONS[activation]]
        kinds += [activation]
    return Network((*layers, Dense(2))), [*kinds, "dense"]


@cache
def train(
    normalized: bool, activation: str, convention: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the browser is given, and what NumPy computes from it."""
    net, kinds = network(normalized, activation, convention)
    seeds = np.random.SeedSequence(5).spawn(3)
    params, state = net.init([np.random.default_rng(seeds[0])], features=2)
    x, labels = spirals(np.random.default_rng(seeds[1]), 400)
    order, x = np.random.default_rng(seeds[2]), x.astype(np.float64)
    batches = [
        (x[rows][None], labels[rows][None])
        for rows in (order.permutation(400)[:BATCH] for _ in range(STEPS))
    ]
    probe = x[None, :64]
    rule = CONVENTIONS[convention]
    case = {
        "kinds": kinds,
        "convention": {"eps": rule.eps, "rate": rule.rate, "unbiased": rule.unbiased},
        "rate": RATE,
        "params": plain(params, nested=True),
        "state": plain(state),
        "probe": probe[0].tolist(),
        "batches": [(rows[0].tolist(), of[0].tolist()) for rows, of in batches],
    }
    found: dict[str, Any] = {
        key: [] for key in ("loss", "cosine", "absolute", "relative", "travelled", "spreads")
    }
    dense = tuple(i for i, kind in enumerate(kinds) if kind == "dense")
    for step, (rows, of) in enumerate(batches):
        moment = backpropagate(Model(net, params, state), rows, of)
        after = stepped(moment, RATE)
        if step == 0:
            _, dlogits = softmax_cross_entropy(moment.logits, of)
            dx, _ = net.backward(params, moment.saved, dlogits)
            found |= {
                "y": moment.logits[0].ravel().tolist(),
                "dx": dx[0].ravel().tolist(),
                "grads": plain(moment.grads),
            }
        found["loss"].append(moment.loss[0])
        if step % 10 == 0:
            shifts = gradient_shift(moment, after, dense)
            shifts |= distribution_shift(moment, after, probe, dense[1:])
            for key, values in shifts.items():
                found[key].append(values[:, 0].tolist())
        params, state = after.params, moment.next_state
    evaluated = net.forward(params, state, probe, False)[0][0].ravel().tolist()
    return case, found | {"params": plain(params), "state": plain(state), "evaluated": evaluated}


def plain(of: list[dict[str, np.ndarray]], nested: bool = False) -> list[dict[str, list]]:
    """The arrays of the one run as lists."""
    return [
        {name: (a[0] if nested else a[0].ravel()).tolist() for name, a in layer.items()}
        for layer in of
    ]


def distance(ours: Any, theirs: Any) -> float:
    """The largest difference between two structures of numbers, in units of max(1, |number|).

    It is infinite where they differ in shape.
    """
    if isinstance(ours, dict):
        if not isinstance(theirs, dict) or ours.keys() != theirs.keys():
            return np.inf
        return max((distance(ours[key], theirs[key]) for key in ours), default=0.0)
    if isinstance(ours, list):
        if not isinstance(theirs, list) or len(ours) != len(theirs):
            return np.inf
        return max((distance(a, b) for a, b in zip(ours, theirs, strict=True)), default=0.0)
    if theirs is None or np.isfinite(ours) != np.isfinite(theirs):
        return np.inf
    if not np.isfinite(ours):  # the spread of a unit that never varies
        return 0.0 if np.array_equal(ours, theirs, equal_nan=True) else np.inf
    return abs(ours - theirs) / max(1.0, abs(ours))


def apart(expected: dict[str, Any], found: dict[str, Any]) -> dict[str, float]:
    """What does not agree, with how far it is off."""
    assert found.keys() == expected.keys()
    return {key: far for key in found if (far := distance(expected[key], found[key])) > AGREEMENT}


@pytest.fixture(scope="module")
def compute(browser: Any) -> Iterator[Callable[[str, dict[str, Any]], dict[str, Any]]]:
    """`compute(script, case)` trains in the browser, on a page with nothing but the script."""
    context = browser.new_context(offline=True)

    def go(script: str, case: dict[str, Any]) -> dict[str, Any]:
        with context.new_page() as page:
            page.add_script_tag(content=script)
            return page.evaluate(TRAIN, case)

    yield go
    context.close()


CASES = [
    (normalized, activation, "pytorch")
    for normalized in (True, False)
    for activation in ACTIVATIONS
]
CASES += [(True, "tanh", "keras"), (True, "tanh", "flax")]


@pytest.mark.parametrize(("normalized", "activation", "convention"), CASES)
def test_a_hundred_steps_agree(
    compute: Any, normalized: bool, activation: str, convention: str
) -> None:
    """Forward and backward pass, losses, both shifts, and the trained network at the end."""
    case, expected = train(normalized, activation, convention)
    found = compute(ENGINE.read_text(encoding="utf-8"), case)
    assert apart(expected, found) == {}
    assert expected["loss"][-1] < expected["loss"][0], (
        "the networks learn, so that there is something to agree on"
    )


# Every sign, divisor and argument that could be wrong must be seen: a line, the part that is
# changed, and what it becomes.
MUTATIONS = (
    ("sum += g[row + j] * weight[weights + j]", "+=", "-="),
    ("dbias[j] += g[row + j]", "+=", "-="),
    ("g[at] - mean[j] - normalized[at] * along[j]", "- mean", "+ mean"),
    ("g[at] - mean[j] - normalized[at] * along[j]", "- normalized", "+ normalized"),
    ("(1 - rate) * v + rate * factor * ofBatch[j]", "+ rate", "- rate"),
    ("unbiased ? m / (m - 1) : 1", "m / (m - 1) : 1", "1 : m / (m - 1)"),
    ("dbeta[j] += g[at]", "+=", "-="),
    ("y * (1 - y))", "1 - y", "1 + y"),
    ("(at === own ? 1 : 0)) / rows", " / rows", ""),
    ("values[at] - rate * g[at]", "-", "+"),
    ("value - g[i]", "-", "+"),
    ("Math.abs(value - others[i])", "-", "+"),
    ("new Network(net.layers.slice(layer)), params = before.slice", "before", "after"),
)


@pytest.mark.parametrize(("line", "right", "wrong"), MUTATIONS)
def test_a_wrong_sign_is_seen(compute: Any, line: str, right: str, wrong: str) -> None:
    script = ENGINE.read_text(encoding="utf-8")
    assert script.count(line) == 1, "the line to break stands in the script once"
    assert line.count(right) == 1
    case, expected = train(True, "sigmoid", "pytorch")
    found = compute(script.replace(line, line.replace(right, wrong)), case)
    assert max(distance(expected[key], found[key]) for key in expected) > 1e-6


def test_a_batch_of_one_is_refused_as_in_numpy(compute: Any) -> None:
    case, _ = train(True, "sigmoid", "pytorch")
    rows, labels = case["batches"][0]
    with pytest.raises(Exception, match="a batch of 1 sample has no variance"):
        compute(ENGINE.read_text(encoding="utf-8"), case | {"batches": [(rows[:1], labels[:1])]})
