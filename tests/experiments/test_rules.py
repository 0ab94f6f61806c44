"""The hash of a study's rules follows measurements and thresholds, and nothing else."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from experiments.rules import DIGITS, fingerprint, rules
from tests import quick

STUDY = '''"""Does it?"""

from experiments.claims import Case, above, depends, within
from experiments.results import LAST, difference, value

LEVEL = 0.3
COLOUR = "blue"


def passed(results, when="first"):
    """Where it passes."""
    return deeper(results["loss"] > LEVEL)  # of the loss


def deeper(loss):
    return loss.argmax("step")


class Setup:
    seed = 1


def lead(norm):
    return difference(value("accuracy", norm=norm), value("accuracy", norm="none", rate=LAST))


CLAIMS = {
    "it-does": depends(
        "It does.",
        source="reader",
        cases=(
            Case("with batch norm", lead("batch norm"), above(0.02, "percentage points")),
            Case("at the level", value(passed).over("run", "mean").exact(), within(5, absolute=1)),
        ),
        because="It is so.",
    ),
}
'''


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """The study above, in which some text is replaced."""

    def make(old: str = "", new: str = "") -> ModuleType:
        assert old in STUDY
        path = tmp_path / f"one_{len(list(tmp_path.iterdir()))}.py"
        path.write_text(STUDY.replace(old, new) if old else STUDY, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("study_of_rules", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module

    return make


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("above(0.02,", "above(0.021,"),
        ("above(0.02,", "below(0.02,"),
        ("absolute=1", "absolute=2"),
        ("LEVEL = 0.3", "LEVEL = 0.31"),
        ('lead("batch norm")', 'lead("layer norm")'),
        ('norm="none", rate', 'norm="batch norm", rate'),
        ("rate=LAST", "rate=FIRST"),
        ('"mean").exact', '"max").exact'),
        ('argmax("step")', 'argmin("step")'),
        ("> LEVEL", ">= LEVEL"),
        ('when="first"', 'when="last"'),
        ('"it-does": depends', '"it-does-not": depends'),
    ],
)
def test_another_rule_has_another_hash(written, old: str, new: str) -> None:
    new = new.replace("below(", "__import__('experiments.claims').claims.below(")
    new = new.replace("FIRST", "__import__('experiments.results').results.FIRST")
    assert fingerprint(written(old, new)) != fingerprint(written())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"It does."', '"It surely does."'),
        ('"It is so."', '"So it is."'),
        ('source="reader"', 'source="overview"'),
        ('"with batch norm"', '"of batch norm"'),
        ('"percentage points")', '"percentage points more")'),
        ("depends", "refuted"),
        ("  # of the loss", "  # of it"),
        ('"""Where it passes."""', '"""Where it goes by."""'),
        ("return deeper(", "return (\n        deeper)("),
        ('COLOUR = "blue"', 'COLOUR = "red"'),
        ("seed = 1", "seed = 2"),
    ],
)
def test_other_words_have_the_same_hash(written, old: str, new: str) -> None:
    assert fingerprint(written(old, new)) == fingerprint(written())


def test_what_cannot_be_written_out_is_refused(written) -> None:
    study = written('"mean").exact()', '"mean").map(object()).exact()')
    with pytest.raises(TypeError, match="a rule holds a object; write it with words and numbers"):
        rules(study)


@pytest.mark.parametrize("name", quick.NAMES)
def test_every_study_has_rules_that_can_be_written_out(name: str) -> None:
    study = quick.module(name)
    text = rules(study)
    assert len(fingerprint(study)) == DIGITS and " at 0x" not in text
    for key, claim in study.CLAIMS.items():
        assert text.count(f"{key}: ") >= len(claim.cases)
