"""Tags on pages, as Jinja reads them."""

from __future__ import annotations

import pytest

from site_gen.pages.calls import UNKNOWN, Call, calls, parts, undeclared


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[[= claim("a") ]]', [Call("claim", ("a",))]),
        ("x\n[[=claim('a')]]", [Call("claim", ("a",), line=2)]),
        ('[[= claim(\n"a") ]]', [Call("claim", ("a",))]),
        ('[[=- claim(identifier="a") -]]', [Call("claim", (), {"identifier": "a"})]),
        ('[[= ("a", claim ("b"))[1] ]]', [Call("claim", ("b",))]),
        ('[[% if true %]]\n[[= claim("a") ]][[% endif %]]', [Call("claim", ("a",), line=2)]),
        ('[[% set x = claim("a") %]]', [Call("claim", ("a",))]),
        ('`[[= claim("a") ]]`', [Call("claim", ("a",))]),
        (
            '[[= f("]]", "[[=", g=-1.5, h=[1, none]) ]]',
            [Call("f", ("]]", "[[="), {"g": -1.5, "h": [1, None]})],
        ),
        ("[[= f(x) ]]", [Call("f", (UNKNOWN,))]),
        ('[[# [[= claim("a") ]] #]]', []),
        ('[[% raw %]][[= claim("a") ]][[% endraw %]]', []),
        ('[[= "claim(1)" ]] claim("a") [[= x.claim("a") ]]', []),
    ],
)
def test_what_is_a_call_jinja_decides(text: str, found: list[Call]) -> None:
    assert calls(text) == found


@pytest.mark.parametrize(
    "broken", ["[[= claim(", "[[= claim(]]", "[[% if %]]", "[[% nonsense %]]", '[[= "a ]]', "[[#"]
)
def test_a_page_that_does_not_parse_keeps_the_calls_of_its_other_tags(broken: str) -> None:
    assert Call("claim", ("a",), line=2) in calls(f'Yes:\n[[= claim("a") ]]\n{broken}')


def test_names_that_a_page_does_not_define() -> None:
    defined = "[[% set x = 1 %]][[% macro m(y) %]][[= y ]][[% endmacro %]]"
    text = f"{defined}\n[[= x ~ m(1) ~ z ]]\n[[= z ~ w() ]]"
    assert undeclared(text) == [("z", 2), ("w", 3)]


def test_parts_keep_their_lines() -> None:
    found = [
        (part.kind, part.line)
        for part in parts("a\n[[= b\n]]\n[[# c\n#]][[%- if d %]]e\n[[% endif %]]")
    ]
    assert found == [
        ("text", 1),
        ("print", 2),
        ("text", 3),
        ("comment", 4),
        ("statement", 5),
        ("text", 5),
        ("statement", 6),
    ]
