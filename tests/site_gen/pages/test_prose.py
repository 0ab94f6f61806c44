"""The gate for typed numbers: what it finds, what it lets pass, and on which line."""

from __future__ import annotations

import pytest

from site_gen.pages.prose import typed_numbers

FRONT = "---\ntitle: A question?\n---\n"


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("It reached 0.87 in the end.", "0.87"),
        ("It reached 87 % in the end.", "87 %"),
        ("It reached 87% in the end.", "87%"),
        ("It was 3× as fast.", "3×"),
        ("It was 14 times faster.", "14 times"),
        ("It fell by −0.5 or so.", "−0.5"),
        ("About 1,234.5 of them.", "1,234.5"),
        ('It took [[= value("a.b") ]] steps and 44 more.', "44"),
        ('It took [[= (value("a.b")) ]] steps and 44 more.', "44"),
        ('It took [[=- "about " ~ value("a.b") ]] steps and 44 more.', "44"),
        ('It took [[= value("a]]b") ]] steps and 44 more.', "44"),
        ('It took [[% raw %]]0.87 [[= value("a.b") ]][[% endraw %]] steps.', "0.87"),
        ("`[[= value('a.b') ]]` and [[# [[= value('a') ]] #]] 0.5.", "0.5"),
        ('After 44 steps it was [[= interval("a.b", ".2f") ]].', "44"),
        ('It took $n = [[= value("a.b") ]]$ steps and 44 more.', "44"),
        ('It took `[[= value("a.b") ]]` steps and 44 more.', "44"),
    ],
)
def test_a_typed_number_is_found(sentence: str, number: str) -> None:
    (found,) = typed_numbers(f"{FRONT}Before.\n\n{sentence} After.\n")
    assert (found.line, found.number) == (6, number)


@pytest.mark.parametrize("begins", ["`momentum` needs", '[[= cite("c") ]] found', "$x$ takes"])
def test_a_line_that_begins_with_code_or_a_tag_begins_no_sentence(begins: str) -> None:
    (found,) = typed_numbers(f'It took [[= value("a.b") ]] steps and\n{begins} 44 more.')
    assert (found.line, found.number) == (2, "44")


@pytest.mark.parametrize(
    "text",
    [
        "In 2015 two authors used 100 units in 3 layers.",
        "The variance is $0.25$, and\n\n$$\n0.5 + 0.5 = 1.0\n$$\n",
        "Set `eps=0.001` and\n\n```python\nmomentum = 0.99\n```\n",
        'It used [[= setting("a.rate") ]], [[= given("0.1") ]] or [[= quoted("7.8 %", "x") ]].',
        "See [the page](v0.5/index.md) and [this](https://example.org/1.5).",
        '1. It took [[= value("a.b") ]] steps\n2. of the 10 units',
        "1. First.\n2. Second.\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        '<img width="0.5" alt="x">',
        "[[# a comment with 0.5 #]] and <!-- 0.7 -->",
        'It took [[= value("a.b") ]] steps. There were 3 of them.',
        'It took [[= given("value(1)") ]] and 44 more.',
        'It took [[= setting("a ]] 0.5") ]] steps.',
        "It took [[% set x = 0.5 %]] steps.",
        "H2O and mp3 and v1.2x are names.",
    ],
)
def test_what_is_not_a_typed_measurement_passes(text: str) -> None:
    assert list(typed_numbers(FRONT + text)) == []


def test_lines_are_counted_through_tags_code_and_mathematics_of_several_lines() -> None:
    text = FRONT + '[[= figure(\n"a") ]]\n\n```\n0.1\n0.2\n```\n\n$$\nx\n$$\n\nBad: 0.3.\n'
    (found,) = typed_numbers(text)
    assert text.splitlines()[found.line - 1] == "Bad: 0.3."


def test_lines_are_counted_through_tags_that_trim_white_space() -> None:
    text = (
        FRONT + 'One.\n\n  [[%- if profile == "full" -%]]\n\n  Yes.\n[[% endif %]]\n\nBad: 0.3.\n'
    )
    (found,) = typed_numbers(text)
    assert text.splitlines()[found.line - 1] == "Bad: 0.3."


def test_the_message_says_what_to_write_instead() -> None:
    (found,) = typed_numbers("It reached 0.87.")
    assert "value(" in str(found) and 'given("0.87")' in str(found)
