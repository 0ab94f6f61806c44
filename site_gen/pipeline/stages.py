"""The functions of units: plain values and bytes → bytes. None reads or writes our files."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

from experiments import catalogue, contract
from experiments.judge import judge
from experiments.profile import Change, Profile, setup
from experiments.results import combine
from experiments.sources import line_of
from experiments.study import described, work
from site_gen import storage
from site_gen.errors import BuildError
from site_gen.paths import STUDIES, relative
from site_gen.pipeline.unit import MEDIA, own_frames


def profile_of(values: tuple) -> Profile:
    """The profile behind a unit's plain arguments."""
    name, seed, changes = values
    return Profile(name, seed, tuple(Change(*one) for one in changes))


def plain_profile(profile: Profile) -> tuple:
    """A profile as a unit's plain arguments."""
    changed = tuple((one.study, one.setting, one.value) for one in profile.changes)
    return profile.name, profile.seed, changed


def result(study: str, point: str, profile: tuple, inputs: dict[str, bytes]) -> dict[str, bytes]:
    """Run one point of a study."""
    module = load(study)
    found = work(module, setup(module, profile_of(profile)))[point]()
    with _told():
        contract.check_result(module, point, found)
    return {f"{point}.nc": storage.dataset_to_bytes(found)}


def measure(study: str, profile: tuple, inputs: dict[str, bytes]) -> dict[str, bytes]:
    """Measure the claims and values of a study from its results."""
    module, parts = load(study), parts_of(study, inputs)
    with _told():
        for key, part in parts.items():
            contract.check_result(module, key, part)
        contract.check_together(module, parts)
        results, settings = combine(parts), profile_of(profile)
        if not settings.changes:  # otherwise there may be nothing to measure, as pages then say
            contract.check_measured(module, results)
        measured = judge(module, results, settings)
    return {f"{study}.json": storage.json_to_bytes(measured)}


def figure(
    identifier: str, record: dict[str, Any], draft: bool, inputs: dict[str, bytes]
) -> dict[str, bytes]:
    """Draw one figure, still or moving, and describe it in its JSON.

    If it cannot be drawn with changed settings, a sheet that says so takes its place.
    """
    from site_gen.media import contract as rules
    from site_gen.media.catalogue import find, one_line
    from site_gen.media.standin import StandIn

    drawing = find(identifier)
    rules.check_figure(drawing)
    module, results = drawing.module(), combine(parts_of(drawing.study, inputs))
    try:
        data, drawn = _drawn(drawing, module, results, draft)
    except Exception as error:
        if "changes" not in record:
            raise
        module = StandIn(module, record["changes"], error.__cause__ or error)
        data = module.data(results)
        draw = _maker(drawing.kind)
        drawn = draw(module, data, identifier, draft)
    about = record | {
        "title": module.TITLE,
        "tags": list(module.TAGS),
        "claims": list(getattr(module, "CLAIMS", ())),
        "alt": one_line(module.alt(data)),
        "caption": one_line(module.caption(data)),
        "width": drawn.width,
        "height": drawn.height,
    }
    return drawn.files | {f"{identifier}.json": storage.json_to_bytes(about)}


def _maker(kind: str) -> Any:
    if kind == "figure":
        from site_gen.media.still import draw_figure

        return draw_figure
    from site_gen.media.film import draw_film

    return draw_film


def _drawn(drawing: Any, module: Any, results: Any, draft: bool) -> tuple[Any, Any]:
    """The table of a figure and its files; a `BuildError` names the fault and its line."""
    from site_gen.media import contract as rules

    where = f"site_gen/{drawing.path.parent.name}/{drawing.path.name}"
    try:
        data = module.data(results)
    except Exception as error:
        line = catalogue.line_of_failure(error, drawing.path)
        said = f"`data` failed on the results of {drawing.study}"
        raise BuildError(f"{where}:{line}: {said}: {type(error).__name__}: {error}") from error
    rules.check_table(drawing, data)
    rules.check_words(drawing, data)
    try:
        check = rules.check_drawn if drawing.kind == "figure" else rules.check_animation
        draw = _maker(drawing.kind)
        return data, draw(module, data, drawing.id, draft, lambda one: check(one, drawing, draft))
    except BuildError:
        raise
    except Exception as error:
        if own_frames(error):
            raise
        name, _ = rules.DRAWS[drawing.kind]
        said = " ".join(str(error).split())  # Matplotlib prints a bad formula on lines of its own
        raise BuildError(
            f"{where}:{line_of(drawing.path, name)}: what `{name}` gives cannot be drawn: "
            f"{type(error).__name__}: {said}"
        ) from error


def pages(
    label: str, notice: str, url: str, chapters: dict[str, str], inputs: dict[str, bytes]
) -> dict[str, bytes]:
    """Render all pages: prose, measurements, figures → Markdown, `claims.json`, `figures.json`."""
    from site_gen.pages import render

    return render.render(*_book(label, notice, url, chapters, inputs))


def page(
    name: str, label: str, notice: str, url: str, chapters: dict[str, str], inputs: dict[str, bytes]
) -> bytes:
    """Render one page of `docs/`."""
    from site_gen.pages import render

    return render.render_one(*_book(label, notice, url, chapters, inputs), name)


def _book(
    label: str, notice: str, url: str, chapters: dict[str, str], inputs: dict[str, bytes]
) -> tuple[Any, dict[str, str]]:
    """Everything that pages may refer to, and their text."""
    from site_gen.pages import book

    named: dict[str, dict[str, bytes]] = {"docs": {}, "measures": {}, "figures": {}}
    for name, content in inputs.items():
        room, _, rest = name.partition("/")
        named.setdefault(room, {})[rest] = content
    files: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(inputs[MEDIA]):
        path = PurePosixPath(one["path"])
        address = f"figures/{path.parent.name}/{path.name}"
        files.setdefault(path.parent.name, []).append(one | {"path": address})
    figures = {
        name: json.loads(content) | {"files": files[name]}
        for name, content in named["figures"].items()
    }
    text = {
        name: decoded(f"docs/{name}", raw)
        for name, raw in named["docs"].items()
        if name.endswith(".md")
    }
    found = book.collect(
        profile=label,
        measures={name: json.loads(content) for name, content in named["measures"].items()},
        figures=figures,
        references=named["docs"]["references.json"],
        url=url,
        sources=text,
        chapters=chapters,
        notice=notice,
    )
    return found, text


def html(
    block: tuple[str, ...], frame: bool, names: tuple[str, ...], url: str, inputs: dict[str, bytes]
) -> dict[str, bytes]:
    """Render a block of pages with MkDocs, for which the names of all others are enough."""
    from site_gen.pages import mkdocs

    return mkdocs.build(block, frame, names, url, inputs)


def site(pages: tuple[str, ...], inputs: dict[str, bytes]) -> dict[str, bytes]:
    """Complete the site: merge the search index and check all links."""
    from site_gen.pages import mkdocs

    return mkdocs.assemble(pages, inputs)


def parts_of(study: str, inputs: dict[str, bytes]) -> dict[str, Any]:
    """The results of all points of a study, by point."""
    return {
        name.removesuffix(".nc"): storage.dataset_from_bytes(content, f"{study}, {name}")
        for name, content in inputs.items()
    }


def decoded(name: str, raw: bytes) -> str:
    """The text of a page."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BuildError(f"{name}:{line}: this is not UTF-8: save the page as UTF-8 text") from None


def load(study: str) -> Any:
    """Import a study; a `BuildError` names its fault."""
    with _told():
        return catalogue.load(study)


@contextmanager
def _told() -> Iterator[None]:
    """Turn a `ValueError` of a study or its contract into a `BuildError`."""
    try:
        yield
    except ValueError as error:
        raise BuildError(str(error)) from None


def about(study: str, profile: tuple) -> dict[str, Any]:
    """The declarations of a study under a profile, as plain values.

    Returns
    -------
    dict
        `points` (name → the call in words), `functions` (name → the function called), `setup`,
        `words` (setting → its description), `question`, `recorded` (names of the points with
        recorded results) and `tolerance` (relative, of a recorded result on another processor).
    """
    from dataclasses import fields

    module, chosen = load(study), profile_of(profile)
    path = STUDIES / f"{study}.py"
    try:
        with _told():
            contract.check_declared(module)
            settings = setup(module, chosen)
            catalogue.check_requirements(module, settings)
        points = work(module, settings)
    except BuildError:
        raise
    except (Exception, SystemExit) as error:
        where = f"{relative(path)}:{catalogue.line_of_failure(error, path)}"
        raise BuildError(f"{where}: {type(error).__name__}: {error}") from error
    if not points:
        raise BuildError(f"{relative(path)}: `points` gives no work for these settings")
    patterns = getattr(module, "RECORDED", {}).get(chosen.name, ())
    plain = chosen.seed is None and not chosen.of(study).changes
    return {
        "points": {key: described(point) for key, point in points.items()},
        "functions": {key: point.func.__name__ for key, point in points.items()},
        "setup": json.loads(
            storage.json_to_bytes(
                {one.name: getattr(settings, one.name) for one in fields(settings)}
            )
        ),
        "words": contract.setting_words(module),
        "question": module.__doc__.strip().splitlines()[0],
        "recorded": [key for key in points if plain and any(fnmatch(key, one) for one in patterns)],
        "tolerance": getattr(module, "TOLERANCE", 0.0),
    }


def record(
    study: str, point: str, profile: tuple, provenance: dict[str, Any], inputs: dict[str, bytes]
) -> dict[str, bytes]:
    """Run one point to record its result, with the machine and the time it took."""
    began = time.perf_counter()
    outputs = result(study, point, profile, inputs)
    (content,) = outputs.values()
    seconds = round(time.perf_counter() - began, 1)
    machine = {
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "seconds": seconds,
    }
    machine["sha256"] = hashlib.sha256(content).hexdigest()
    return outputs | {f"{point}.json": storage.json_to_bytes(provenance | machine)}


def check(
    study: str, point: str, profile: tuple, tolerance: float, inputs: dict[str, bytes]
) -> dict[str, bytes]:
    """Run a recorded point again and compare.

    The bytes must be the same, or on another processor the values within the study's tolerance.
    """
    (again,) = result(study, point, profile, {}).values()
    stored = inputs["recorded.nc"]
    if again == stored:
        about = {"same": "bytes", "largest_difference": 0.0}
        return {f"{point}.json": storage.json_to_bytes(about)}
    one, two = (storage.dataset_from_bytes(raw, f"{study}, {point}") for raw in (stored, again))
    largest = _largest_difference(one, two)
    if largest > tolerance:
        raise BuildError(
            f"experiments/recorded/{study}: the point {point!r}, run again, "
            f"differs from the recorded result by {largest:.3g} of the value, "
            f"and {tolerance:.3g} is allowed: "
            f"find out why, or run `make record ID={study}`"
        )
    about = {"same": "values", "largest_difference": largest}
    return {f"{point}.json": storage.json_to_bytes(about)}


def _largest_difference(one: Any, two: Any) -> float:
    """The largest relative difference of two results; ∞ if anything but numbers differs."""
    import numpy as np

    largest = 0.0
    for name in {*one.data_vars, *two.data_vars}:
        if name not in one or name not in two or one[name].shape != two[name].shape:
            largest = float("inf")
        elif one[name].dtype.kind in "fiu":
            scale = np.maximum(np.abs(one[name].values), np.finfo(float).tiny)
            gap = np.nan_to_num(np.abs(two[name].values - one[name].values) / scale)
            largest = max(largest, float(gap.max(initial=0.0)))
        elif not np.array_equal(one[name].values, two[name].values):
            largest = float("inf")
    return largest
