"""The types in the comments of the simulators' scripts, checked as TypeScript checks them.

Deno brings TypeScript's checker as one program in a wheel; nothing of the site is built with it. It
takes every file for a module, while browsers give the scripts of a page one scope: so it checks all
of them as one file, in the order of a page.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import deno
import pytest

from site_gen.simulators import declarations

FILES = sorted(path.name for path in declarations.FOLDER.glob("*.js"))
SIMULATORS = [name for name in FILES if name.startswith("bn-")]
PARTS = [name for name in FILES if name not in (*declarations.SHARED, *SIMULATORS)]
SCRIPTS = [*declarations.SHARED, *PARTS, *SIMULATORS]
OPTIONS = {
    "checkJs": True,
    "strict": True,
    "lib": ["esnext", "dom", "dom.iterable"],
    # an element's fields get their values once it stands in a page
    "strictPropertyInitialization": False,
    # it would ask for a comment on each method that a simulator overrides
    "noImplicitOverride": False,
}
CHECK = ["check", "--no-remote", "--no-npm", "--no-lock", "--config", "deno.json", "all.js"]


def faults(folder: Path, **changed: str) -> list[str]:
    """What the checker finds, as `file:line: code: what`, where some scripts have another text."""
    lines, places = [], []
    for name in SCRIPTS:
        text = changed.get(name, (declarations.FOLDER / name).read_text(encoding="utf-8"))
        lines += text.splitlines()
        places += [f"{name}:{number}" for number in range(1, len(text.splitlines()) + 1)]
    (folder / "all.js").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "deno.json").write_text(json.dumps({"compilerOptions": OPTIONS}), encoding="utf-8")
    quiet = {"DENO_DIR": str(folder), "DENO_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}
    ran = subprocess.run(
        [deno.find_deno_bin(), *CHECK],
        cwd=folder,
        env=os.environ | quiet,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    found = re.findall(
        r"^(TS\d+) \[ERROR\]: (.*?)$.*?^ +at \S+all\.js:(\d+):\d+$", ran.stderr, re.M | re.S
    )
    assert bool(found) == bool(ran.returncode), ran.stderr
    return [f"{places[int(line) - 1]}: {code}: {what}" for code, what, line in found]


def test_types_hold(tmp_path: Path) -> None:
    assert faults(tmp_path) == []


def test_nothing_is_exempt() -> None:
    """No comment tells the checker to look away."""
    for name in SCRIPTS:
        assert "@ts-" not in (declarations.FOLDER / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize(
    ("name", "right", "wrong", "code"),
    [
        ("engine.js", "rows, cols, data: data ?", "rows: `${rows}`, cols, data: data ?", "TS2322"),
        ("kit.js", "this.refresh(true);\n      let", "this.refresh(1);\n      let", "TS2345"),
        ("charts.js", "plain ? value.toFixed(decimals)", "plain ? value", "TS2345"),
        ("bn-running.js", "B.matrix(1, 1, [EXAMPLE])", "B.matrix(1, 1, EXAMPLE)", "TS2345"),
        ("bn-affine.js", "saved } = net.forward", "save } = net.forward", "TS2339"),
    ],
)
def test_a_wrong_type_is_seen(tmp_path: Path, name: str, right: str, wrong: str, code: str) -> None:
    """In each script, also where it uses what another one defines."""
    text = (declarations.FOLDER / name).read_text(encoding="utf-8")
    assert right in text
    found = faults(tmp_path, **{name: text.replace(right, wrong, 1)})
    line = text[: text.index(right)].count("\n") + 1
    assert any(one.startswith(f"{name}:{line}: {code}: ") for one in found), found
