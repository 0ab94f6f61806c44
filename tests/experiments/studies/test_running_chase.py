"""The network that is shown is the first that is measured."""

from __future__ import annotations

from tests import quick


def test_the_run_is_the_first_of_training() -> None:
    """Where both are read, they agree: a moment of the animation, and a step of the study."""
    shown, measured = (quick.results(f"running_{name}") for name in ("chase", "in_training"))
    accuracy = measured["accuracy"].sel(run=0, step=10)
    assert (shown["trace_accuracy"].sel(moment=10) == accuracy).all()
    exact = measured["precise_accuracy"].sel(run=0, step=10)
    assert shown["trace_precise_accuracy"].sel(moment=10) == exact
