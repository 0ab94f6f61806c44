"""What pages need of mkdocs.yml, and SITE_URL."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from site_gen.errors import BuildError
from site_gen.pages import mkdocs
from site_gen.pages.configuration import configured
from site_gen.paths import ROOT

RAW = b"""site_url: !ENV [SITE_URL, "https://example.org/batch-norm"]
slug: !!python/name:os.getcwd
nav:
  - Home: index.md
  - The part:
      - A: part/a.md
      - part/b.md
      - Deeper:
          - C: part/c.md
"""


def test_the_address_and_the_parts() -> None:
    url, chapters = configured(RAW, {})
    assert url == "https://example.org/batch-norm/"
    assert chapters == {"index.md": "Home"} | dict.fromkeys(
        ("part/a.md", "part/b.md", "part/c.md"), "The part"
    )
    assert configured(b"site_url: https://a.b/", {}) == ("https://a.b/", {})


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", "https://example.org/batch-norm/"),
        ("https://a.b/c", "https://a.b/c/"),
        ("http://localhost:8000/", "http://localhost:8000/"),
        ("https://münchen.example/x//", "https://münchen.example/x/"),
    ],
)
def test_site_url_from_outside(given: str, url: str) -> None:
    assert configured(RAW, {"SITE_URL": given})[0] == url


@pytest.mark.parametrize(
    "nonsense",
    [
        "nonsense",
        "example.org",
        "//example.org",
        "ftp://example.org",
        "https://-/",
        "https://./",
        "https://",
        "https:///x",
        "https://a b/",
        " ",
        "https://a.b/ ",
        "https://a.b/\n",
        "https://[",
        "https://a:port/",
        "javascript:alert(1)",
        "https://a.b/?q",
        "https://a.b/#x",
        'https://a.b/"x',
        "https://a.b/<x>",
        "https://@/",
    ],
)
def test_nonsense_in_site_url_is_one_sentence(nonsense: str) -> None:
    with pytest.raises(BuildError) as stopped:
        configured(RAW, {"SITE_URL": nonsense})
    said = str(stopped.value)
    assert (
        said.startswith(f"SITE_URL is {nonsense!r}, which ")
        and "https://example.org/" in said
        and "\n" not in said
    )


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (
            b"a: 1\nb: c: d\n",
            "mkdocs.yml:2: cannot be read as YAML: mapping values are not allowed here",
        ),
        (b"a: [1\nb: 2\n", "mkdocs.yml:2: cannot be read as YAML"),
        (b"a: 1\nb: \xff\n", "mkdocs.yml:2: cannot be read, because it is not UTF-8"),
        (b"a: 1\nb: \0\n", "mkdocs.yml:2: holds a sign that YAML forbids"),
        (
            b"nav: []\na: 1\nnav: []\n",
            "mkdocs.yml:3: cannot be read as YAML: 'nav' stands twice. Mend this line",
        ),
        (b"", "mkdocs.yml:1: holds no settings"),
        (b"- a\n", "mkdocs.yml:1: holds no settings"),
        (b"site_name: x\n", "mkdocs.yml: there is no site_url"),
        (
            b"site_url: nowhere\n",
            "mkdocs.yml: site_url is 'nowhere', which does not begin with https://",
        ),
        (b"site_url: https://a.b/\nnav:\n  - A:\n", "mkdocs.yml: nav holds None under 'A'"),
        (b"site_url: https://a.b/\nnav: [3]\n", "mkdocs.yml: nav holds 3"),
    ],
)
def test_a_broken_file_is_named_with_its_line(raw: bytes, told: str) -> None:
    with pytest.raises(BuildError) as stopped:
        configured(raw, {})
    assert str(stopped.value).startswith(told) and "\n" not in str(stopped.value)


@pytest.mark.parametrize("given", ["", "https://a.b/c"])
def test_mkdocs_takes_the_same_address(given: str) -> None:
    outside = {"SITE_URL": given}
    url, _ = configured((ROOT / "mkdocs.yml").read_bytes(), outside)
    ask = (
        "from mkdocs.config import load_config; "
        "print(load_config('mkdocs.yml', docs_dir='docs').site_url)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=ROOT,
        env=os.environ | outside | mkdocs.environment(url),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == url


def test_a_page_is_the_same_however_its_path_is_written() -> None:
    nav = b"  - Home: ./index.md\n  - A: part//one.md\n  - B: https://a.b//c\n"
    raw = b"site_url: https://a.b/\nnav:\n" + nav
    assert [*configured(raw, {})[1]] == ["index.md", "part/one.md", "https://a.b//c"]
