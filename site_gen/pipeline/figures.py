"""Results → figures and animations with all their files."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from experiments import study as studies
from site_gen import files, paths, storage
from site_gen.errors import BuildError
from site_gen.media import catalogue
from site_gen.pipeline.fingerprint import components
from site_gen.pipeline.units import Unit, unit

LICENCE = "CC BY 4.0"
LIBRARIES = {
    "figure": ("numpy", "pandas", "matplotlib"),
    "animation": ("numpy", "pandas", "matplotlib", "pillow", "av"),
}
MAKERS = {
    "figure": ("site_gen.media.still", "save_figure"),
    "animation": ("site_gen.media.film", "encode_animation"),
}
version = cache(metadata.version)  # of an installed package; looking it up takes a millisecond


def units(drawing: catalogue.Drawing, stored: dict[str, Path], profile: str, setup: Any) -> Unit:
    """The unit of one figure or animation.

    Parameters
    ----------
    drawing : Drawing
        What to draw.
    stored : dict
        Point → result file of the study that it draws from.
    profile : str
        The profile in force.
    setup : dataclass
        The study's settings under that profile, published beside the figure.
    """
    folder = paths.media(profile, drawing.id)
    record = describe(drawing, profile, setup)
    parts = components(
        [(drawing.module_name, "*"), MAKERS[drawing.kind]], LIBRARIES[drawing.kind], record=record
    )
    return unit(drawing.kind, drawing.id, f"{profile}/{drawing.id}", run, drawing, stored, folder, record, parts=parts,
                inputs=list(stored.values()), outputs=[folder / name for name in drawing.files(profile)])  # fmt: skip


def describe(drawing: catalogue.Drawing, profile: str, setup: Any) -> dict[str, Any]:
    """What a figure's JSON says that does not depend on the results: settings, seeds, versions, command, licence."""
    settings = {name: getattr(setup, name) for name in setup.__dataclass_fields__}
    return {
        "id": drawing.id,
        "kind": drawing.kind,
        "study": drawing.study,
        "profile": profile,
        "settings": settings,
        "runs": settings.get("runs", 1),
        "seed": settings.get("seed"),
        "versions": {name: version(name) for name in LIBRARIES[drawing.kind]},
        "command": f"make figure ID={drawing.id}" + _options(profile),
        "licence": LICENCE,
    }


def _options(profile: str) -> str:
    name, _, seed = profile.partition("-seed-")
    return ("" if name == "full" else f" PROFILE={name}") + (f" SEED={seed}" if seed else "")


def run(drawing: catalogue.Drawing, stored: dict[str, Path], folder: Path, record: dict[str, Any]) -> None:
    """Draw one figure or animation from stored results and write all its files, the JSON last."""
    module = drawing.module()
    results = studies.combine({key: storage.read_dataset(path) for key, path in stored.items()})
    where = paths.relative(drawing.path)
    try:
        data = module.data(results)
    except Exception as error:
        raise BuildError(f"{where}: `data` failed on the results of {drawing.study}: {type(error).__name__}: {error}") \
            from error  # fmt: skip
    if drawing.kind == "figure":
        from site_gen.media.still import save_figure as make
    else:
        from site_gen.media.film import encode_animation as make
    made = make(module, data, folder, drawing.id, draft=catalogue.is_draft(record["profile"]))
    record = record | {
        "title": module.TITLE,
        "tags": list(module.TAGS),
        "alt": module.alt(data),
        "caption": module.caption(data),
        "width": made.width,
        "height": made.height,
    }
    files.write_if_changed(folder / f"{drawing.id}.json", storage.json_to_bytes(record))
