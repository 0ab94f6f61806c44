"""The gate for typed numbers: a measured number reaches a page only through a tag.

Two rules, applied to prose outside code, mathematics, tags and link targets:

- a decimal, a percentage or a multiple ("0.87", "87 %", "3×", "2 times") is never typed;
- a sentence that quotes a measurement holds no typed number at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from site_gen import typed
from site_gen.pages import calls, front

MEASURED = "\ue000"  # stands for a tag that prints a measurement
OTHER = "\ue001"  # stands for any other tag, code or mathematics
ITEM = "\ue002"  # stands for the number of a list's item

MEASURING = ("value", "interval")  # tags that print a measurement
COMMENT = re.compile(r"<!--.*?-->", re.S)
ELEMENT = re.compile(r"</?[A-Za-z][^>]*>")
CODE = (
    re.compile(
        r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,}).*?^(?P=indent)(?P=fence)[ \t]*$", re.S | re.M
    ),
    re.compile(r"(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)"),
)
_HIDDEN = (
    COMMENT,
    CODE[0],
    re.compile(r"\$\$.*?\$\$|(?<![\\$])\$(?!\s)[^$\n]+?\$(?!\d)", re.S),
    CODE[1],
    re.compile(
        r"(?<=\])\([^)\s]*(?:\s+\"[^\"]*\")?\)|(?<=\])\[[^\]]*\]|^\[[^\]]+\]:.*$|<https?:[^>]*>",
        re.M,
    ),
    ELEMENT,
    re.compile(r"\{[:#.][^}\n]*\}"),
)
_NUMBERED = re.compile(r"^[ \t]*\d+\.(?=[ \t])", re.M)
_DIGIT = re.compile(r"(?<![\w.])[-−+]?\d[\w.,]*")
_SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=\S)|\n[ \t]*\n|\n(?=[ \t]*(?:[-*+#|>]|\ue002 ))")


@dataclass(frozen=True)
class TypedNumber:
    """A number in prose without a measurement behind it."""

    line: int
    number: str
    beside_measurement: bool

    def __str__(self) -> str:
        why = "is typed into the prose"
        if self.beside_measurement:
            why = "stands in a sentence that quotes a measurement"
        return (
            f'{self.number!r} {why}. Write [[= value("study.name") ]] for a measured number, '
            f'[[= setting("study.field") ]] for a setting, '
            f'[[= quoted("{self.number}", "key") ]] for one from a source, '
            f'[[= given("{self.number}") ]] for one that is true by definition, '
            f"or put it inside $…$"
        )


def typed_numbers(text: str) -> Iterator[TypedNumber]:
    """Find the numbers of a Markdown page, before rendering, that break one of the two rules."""
    visible = without_tags(text)
    inside = front.end(visible)  # its sentences are checked apart
    visible = "\n" * visible.count("\n", 0, inside) + visible[inside:]
    visible = _NUMBERED.sub(ITEM, hide(visible, *_HIDDEN))
    start = 0
    for boundary in [*_SENTENCE.finditer(visible), None]:
        end = boundary.start() if boundary else len(visible)
        sentence = visible[start:end]
        measured = MEASURED in sentence
        for match in (_DIGIT if measured else typed.NUMBER).finditer(sentence):
            line = visible.count("\n", 0, start + match.start()) + 1
            yield TypedNumber(line, match[0].strip().rstrip(".,"), measured)
        start = boundary.end() if boundary else end


def without_tags(text: str) -> str:
    """A page in which every tag is one sign, `MEASURED` or `OTHER`; lines keep their numbers."""
    shown = ""
    for part in calls.parts(text):
        # trimming tags, as in "[[%-", take the ends of lines with them
        shown += "\n" * (part.line - 1 - shown.count("\n"))
        if part.kind == "text":
            shown += part.source
            continue
        # parsing is slow: parse only a tag that may print a measurement
        possible = any(name in part.source for name in MEASURING)
        measured = possible and any(call.name in MEASURING for call in calls.calls_in(part))
        shown += (MEASURED if measured else OTHER) + "\n" * part.source.count("\n")
    return shown


def hide(text: str, *patterns: re.Pattern[str]) -> str:
    """A text in which whatever matches is one sign, and every line keeps its number.

    A measurement within a formula or a line of code is one all the same.
    """
    for pattern in patterns:
        text = pattern.sub(_stand_in, text)
    return text


def _stand_in(match: re.Match) -> str:
    return (MEASURED if MEASURED in match[0] else OTHER) + "\n" * match[0].count("\n")
