"""Studies → results (one file a point) → measurements (one file a study)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments import study as studies
from site_gen import files, paths, storage
from site_gen.errors import BuildError
from site_gen.pipeline import measure
from site_gen.pipeline.fingerprint import components
from site_gen.pipeline.units import Unit, unit


def units(name: str, profile: str) -> list[Unit]:
    """The units of one study: its points, and the measurement of its claims and values.

    Raises
    ------
    BuildError
        If the study cannot be imported or declares no points.
    """
    study = _load(name)
    try:
        setup = studies.setup(study, profile)
    except ValueError as error:
        raise BuildError(str(error)) from None
    points = study.points(setup)
    if not points:
        raise BuildError(
            f"{paths.relative(Path(study.__file__))}: `points` gives no work for the {profile} profile"
        )
    module = study.__name__
    made_of = [(module, "run"), ("site_gen.storage", "dataset_to_bytes")]
    tasks = [
        unit("result", name, f"{profile}/{name}/{key}", run_point, name, point, paths.result(profile, name, key),
             parts=components(made_of, ("numpy", "scipy", "xarray"), point=point),
             outputs=[paths.result(profile, name, key)])
        for key, point in points.items()
    ]  # fmt: skip
    stored = {key: paths.result(profile, name, key) for key in points}
    target = paths.measures(profile, name)
    judged_by = [
        (module, "CLAIMS"),
        (module, "VALUES"),
        ("site_gen.pipeline.measure", "evaluate"),
        ("experiments.study", "*"),
    ]
    parts = components(judged_by, ("numpy", "scipy", "xarray"), setup=setup, points=sorted(points),
                       question=study.__doc__)  # fmt: skip
    tasks.append(unit("measure", name, f"{profile}/{name}", run_measure, name, profile, stored, target, parts=parts,
                      inputs=list(stored.values()), outputs=[target]))  # fmt: skip
    return tasks


def run_point(name: str, point: Any, target: Path) -> None:
    """Run one point of a study and store what comes out."""
    study = _load(name)
    files.write_if_changed(target, storage.dataset_to_bytes(study.run(point)))


def run_measure(name: str, profile: str, stored: dict[str, Path], target: Path) -> None:
    """Measure the claims and values of a study from its stored results."""
    study = _load(name)
    results = studies.combine({key: storage.read_dataset(path) for key, path in stored.items()})
    files.write_if_changed(target, storage.json_to_bytes(measure.evaluate(study, results, profile)))


def _load(name: str) -> Any:
    try:
        return studies.load(name)
    except ValueError as error:
        raise BuildError(str(error)) from None
    except SyntaxError as error:
        raise BuildError(
            f"{error.filename}:{error.lineno}: {error.msg}. Mend the syntax and build again."
        ) from None
    except (ImportError, AttributeError, NameError, TypeError) as error:
        raise BuildError(f"experiments/studies/{name}.py cannot be imported: {error}") from error
