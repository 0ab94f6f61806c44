"""A unit of work: a pure function from bytes to bytes, and all that determines its output."""

from __future__ import annotations

import importlib
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass, field
from typing import Any

from site_gen.errors import BuildError
from site_gen.files import OUT_OF_SPACE

MOST = 1000  # letters of an error that are shown; a file has the rest
MEDIA = "files.json"  # the input that holds sizes and hashes of the files that a unit lists


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A piece of work.

    All paths are from the top of the repository. One that ends in "/" stands for every file that
    its unit made there.

    Attributes
    ----------
    name : str
        No two units share it.
    kind : str
        "result", "check", "record", "measure", "figure", "animation", "pages", "html" or "site".
    subject : str
        The study or figure that people know it by, or "".
    function : str
        "module:function"; called as `function(*arguments, inputs)` with inputs name → bytes;
        returns name → bytes.
    arguments : tuple
        Plain values.
    inputs : dict
        Name → path of a file to read.
    folder : str
        Where the outputs go, ending in "/".
    outputs : tuple of str
        Names of the outputs in `folder`; empty if they are known only once they are made.
    copies : dict
        Path of a file (or of all files of a folder) → name in `folder`, for the parent to copy.
    listed : tuple of str
        Paths of files; the function gets their sizes and hashes, as the input `MEDIA`.
    code : str
        Hash of the definitions that the function reaches; the record holds the definitions.
    facts : dict
        Everything else that determines the output, by name.
    """

    name: str
    kind: str
    subject: str = ""
    function: str
    arguments: tuple = ()
    inputs: dict[str, str] = field(default_factory=dict)
    folder: str
    outputs: tuple[str, ...] = ()
    copies: dict[str, str] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    code: str
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name as people read it: without the settings in front."""
        return self.name.partition("/")[2] or self.name

    def needs(self) -> list[str]:
        """The paths of everything that it takes."""
        return [*self.inputs.values(), *self.copies.values(), *self.listed]


@dataclass(frozen=True)
class Made:
    """The outputs of a function, the time it took, and Python's warnings."""

    seconds: float
    outputs: dict[str, bytes]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """Why a function returned nothing.

    Attributes
    ----------
    message : str
        The message. It is complete if `expected`; otherwise it names the error.
    expected : bool
        Whether it is a mistake that the user can mend, with a message that says so.
    own : str
        The frames of the study or figure, for an unexpected error.
    trace : str
        The whole traceback.
    """

    message: str
    expected: bool
    own: str = ""
    trace: str = ""


def work(function: str, arguments: tuple, inputs: dict[str, bytes]) -> Made | Failed:
    """Call a unit's function in a worker, which may be on another machine and shares no files.

    Errors become text here, since not every exception can be sent back to the parent.
    """
    began = time.perf_counter()
    warned: dict[str, None] = {}
    try:
        module, _, name = function.partition(":")
        with warnings.catch_warnings():
            warnings.showwarning = lambda said, kind, file, line, *_: warned.setdefault(
                f"{_short(file)}:{line}: {kind.__name__}: {said}"
            )
            outputs = getattr(importlib.import_module(module), name)(*arguments, inputs)
    except BuildError as error:
        return Failed(str(error), expected=True, trace=traceback.format_exc())
    except BaseException as error:  # noqa: BLE001 - a study's errors are reported, SystemExit too
        # a unit writes temporary files only
        if isinstance(error, OSError) and error.errno in OUT_OF_SPACE:
            remedy = "free some space, or set TMPDIR to another folder"
            said = f"the disk that holds {tempfile.gettempdir()} is full: {remedy}"
            return Failed(said, expected=True)
        said = "".join(traceback.format_exception_only(error)).strip()
        return Failed(shorten(said), False, own_frames(error), traceback.format_exc())
    return Made(time.perf_counter() - began, outputs, tuple(warned))


def shorten(said: str) -> str:
    """An error's message, cut off if it is long: some print a whole array."""
    return said if len(said) <= MOST else f"{said[:MOST]} …"


def own_frames(error: BaseException) -> str:
    """The last frames of a traceback that lie in studies, figures and what they build on."""
    frames = traceback.extract_tb(error.__traceback__)
    rooms = ("experiments", "figures", "animations")
    own = [
        one
        for one in frames
        if any(f"/{room}/" in one.filename.replace("\\", "/") for room in rooms)
    ]
    lines = [
        f"  {_short(one.filename)}:{one.lineno}, in {one.name}\n    {one.line}" for one in own[-4:]
    ]
    return "\n".join(lines)


def _short(filename: str) -> str:
    parts = filename.replace("\\", "/").split("/")
    starts = [i for i, part in enumerate(parts) if part in ("experiments", "site_gen")]
    return "/".join(parts[starts[-1] :]) if starts else filename


def plain(unit: Unit) -> dict[str, Any]:
    """A unit as a dict for JSON."""
    return {name: getattr(unit, name) for name in Unit.__dataclass_fields__}


def from_plain(content: dict[str, Any]) -> Unit:
    """The unit from the dict of `plain`."""
    tuples = ("arguments", "outputs", "listed")
    return Unit(
        **{name: _tupled(value) if name in tuples else value for name, value in content.items()}
    )


def _tupled(value: Any) -> Any:
    return tuple(map(_tupled, value)) if isinstance(value, list | tuple) else value
