"""What `python -m site_gen` can do, once the environment stands."""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from experiments import catalogue as studies
from experiments.profile import Profile, changes
from site_gen import paths
from site_gen.errors import BuildError, coloured, tell

DIGITS = 18  # of a number that is given; folders are named after the seed
ADDRESS = re.compile(r"([a-z]+://)?([^\s/:[\]]+|\[[\w:.%]+\]):\d{1,5}")
VERDICTS = {
    "supported": "32",  # green, red, yellow, magenta, grey
    "refuted": "31",
    "depends": "33",
    "undecided": "35",
    "untested": "90",
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if it worked, 1 after a reported failure."""
    options = _parser().parse_args(arguments)
    options.profile = _profile(options)
    return options.command(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m site_gen", description="Build Batch Norm, Measured."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, function, subject, says in COMMANDS:
        command = commands.add_parser(name, help=says, description=says)
        command.set_defaults(command=function, name=name)
        command.add_argument("--profile", default="full", help="quick, full (default) or paper")
        command.add_argument(
            "--seed", default="", help="another base seed, from 0, for everything random"
        )
        command.add_argument("--set", default="", help='changed settings: "study.setting=value …"')
        command.add_argument("--scheduler", default="", help="address of a Dask scheduler: tcp://…")
        command.add_argument(
            "--workers", default="", help="how many processes; as many as cores by default"
        )
        command.add_argument(
            "--port", default="", help="of the server that `serve` starts; 8000 by default"
        )
        if subject:
            command.add_argument("id", metavar=subject)
    return parser


def _profile(options: argparse.Namespace) -> Profile:
    seed = _number("SEED", options.seed, 0)
    options.workers = _number("WORKERS", options.workers, 1)
    if options.scheduler and not ADDRESS.fullmatch(options.scheduler):
        raise BuildError(
            f"SCHEDULER is the address of a scheduler, tcp://host:8786, not {options.scheduler!r}"
        )
    try:
        return Profile(options.profile or "full", seed, changes(options.set, studies.names()))
    except ValueError as error:
        raise BuildError(str(error)) from None


def _number(name: str, text: str, least: int) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS or int(text) < least:
        raise BuildError(
            f"{name} is a whole number from {least}, of at most {DIGITS} digits, not {text[:40]!r}"
        )
    return int(text)


def _session(options: argparse.Namespace) -> Any:
    from site_gen.pipeline.session import Session

    found = Session(options.profile, options.scheduler, options.workers)
    for change in options.profile.changes:
        if change.study in found.plan.broken:  # at once, and not after everything else was made
            raise BuildError(found.plan.broken[change.study])
    return found


def _site(options: argparse.Namespace) -> int:
    from site_gen.pipeline import session

    with session.alone():
        found = _session(options)
        for said in dict.fromkeys(found.plan.broken.values()):
            tell(said)
        outcome = found.up_to_date(found.plan.upto("pages" if options.name == "pages" else "site"))
    failed = _told(found, outcome)
    _summarise(found, outcome)
    if failed:
        return 1
    _verdicts(found)
    if options.name != "pages":
        print(f"Open {paths.SITE / 'index.html'}")
    return 0


def _study(options: argparse.Namespace) -> int:
    from site_gen.pipeline import session
    from site_gen.storage import read_json

    with session.alone():
        found = _session(options)
        name, units = found.plan.study(options.id)
        outcome = found.up_to_date(units)
    if _told(found, outcome, name):
        return 1
    settings = found.profile.of(name)  # without what was changed in other studies
    measured = read_json(paths.measures(settings.label, name))
    print(f"\n{measured['question']}\n")
    if not settings.is_published:
        print(f"Not the published settings:{settings.options}\n")
    for claim in measured["claims"]:
        declared = (
            "" if claim["measured"] == claim["verdict"] else f" (declared {claim['verdict']})"
        )
        print(f"{claim['measured']:<10} {claim['id']}{declared}: {claim['says']}")
        for case in claim["cases"]:
            print(
                f"{'':<10} {case['when'] or 'measured'}: {_measured(case)} against “{case['rule']}”"
            )
    for key, value in measured["values"].items():
        print(f"{'value':<10} {name}.{key}: {_measured(value)}")
    return 0


def _measured(measured: dict[str, Any]) -> str:
    from site_gen.pages import formatting

    bounds = formatting.bounds(measured)
    return formatting.estimate(measured) + (
        f" ({bounds}, {measured['runs']} runs)" if bounds else ""
    )


def _figure(options: argparse.Namespace) -> int:
    from site_gen.pipeline import session

    with session.alone():
        found = _session(options)
        name, units = found.plan.figure(options.id)
        outcome = found.up_to_date(units)
    if _told(found, outcome, name):
        return 1
    for file in sorted(units[-1].outputs):
        print(units[-1].folder + file)
    return 0


def _record(options: argparse.Namespace) -> int:
    from site_gen.pipeline import session

    with session.alone():
        found = _session(options)
        name, units = found.recording(options.id)
        outcome = found.up_to_date(units)
    _tell_all(outcome)
    _summarise(found, outcome)
    if outcome.failures:
        return 1
    folder = f"experiments/recorded/{name}/"
    print(f"Commit {folder}: builds use it while what it was made of is unchanged.")
    return 0


def _why(options: argparse.Namespace) -> int:
    from site_gen.pipeline import why

    found = _session(options)
    why.explain(found.plan, found.state, options.id)
    return 0


def _serve(options: argparse.Namespace) -> int:
    from site_gen.pipeline import serve

    return serve.run(options.profile, _number("PORT", options.port, 1) or 8000)


def _check(options: argparse.Namespace) -> int:
    from site_gen import check

    return check.run(options.id)


def _new_study(options: argparse.Namespace) -> int:
    from site_gen import scaffold

    for path in scaffold.create(options.id):
        print(paths.relative(Path(path)))
    print(scaffold.next_steps(options.id))
    return 0


def _scheduler(options: argparse.Namespace) -> int:
    from site_gen.pipeline import cluster

    return cluster.scheduler(_number("PORT", options.port, 1) or 8786)


def _worker(options: argparse.Namespace) -> int:
    from site_gen.pipeline import cluster

    return cluster.worker(options.scheduler, options.workers)


def _cluster_demo(options: argparse.Namespace) -> int:
    from site_gen.pipeline import cluster

    return cluster.demo()


def _estimates(options: argparse.Namespace) -> int:
    from site_gen.pipeline import estimates

    print(paths.relative(estimates.write(_session(options))))
    return 0


COMMANDS = (
    ("site", _site, None, "bring the whole site up to date"),
    ("pages", _site, None, "bring build/docs up to date, without running MkDocs"),
    ("study", _study, "ID", "run one study and print its claims"),
    ("figure", _figure, "ID", "draw one figure, still or moving"),
    ("record", _record, "ID", "run the points of a study that take too long for every build"),
    ("why", _why, "ID", "say what ID, or `pages` or `site`, is made of, and why it is stale"),
    ("serve", _serve, None, "serve the site and rebuild it when a source changes"),
    ("check", _check, "ID", "test one study with its figures and page"),
    ("new-study", _new_study, "NAME", "write a study, a figure, a page and a test to start from"),
    ("scheduler", _scheduler, None, "start a Dask scheduler here"),
    ("worker", _worker, None, "start workers here for a scheduler"),
    ("cluster-demo", _cluster_demo, None, "build the quick profile on a cluster of this machine"),
    ("estimates", _estimates, None, "note how long each unit took, for first builds elsewhere"),
)


def _told(found: Any, outcome: Any, wanted: str = "") -> bool:
    """Tell each failure once; whether there was one."""
    _tell_all(outcome)
    others = [name for name in found.plan.broken if name not in found.plan.drawn_from]
    if others:
        print(f"Left alone, since they cannot be read: {', '.join(others)}", file=sys.stderr)
    if outcome.left_out:
        count = len(outcome.left_out)
        one = count == 1
        units = f"{count} unit that depends" if one else f"{count} units that depend"
        print(f"{units} on this {'was' if one else 'were'} left alone.", file=sys.stderr)
    return bool(outcome.failures or (found.plan.broken and not wanted))


def _tell_all(outcome: Any) -> None:
    from site_gen.pipeline import failures

    for said, units in outcome.warnings.items():
        more = f" and {len(units) - 1} more" if len(units) > 1 else ""
        print(f"warning: {said} (in {units[0].title}{more})", file=sys.stderr)
    for said in failures.told(outcome.failures):
        tell(said)


def _summarise(found: Any, outcome: Any) -> None:
    """Say what was made, kept and recorded, and how long it took."""
    from site_gen.pipeline.progress import counted, exactly

    studied = (found.record.get("studies") or {}).values()
    recorded = sum(len(one.get("recorded") or ()) for one in studied)
    said = f"Made {counted(outcome.made)}; kept {len(outcome.kept)}"
    if recorded:
        said += f"; {recorded} recorded result{' was' if recorded == 1 else 's were'} used"
    seconds = found.display.took()
    busy = outcome.seconds / (seconds * found.display.workers)
    used = f", workers busy {busy:.0%} of it" if outcome.made and seconds > 20 else ""
    print(f"\n{said}. Took {exactly(seconds)}{used}.")


def _verdicts(found: Any) -> None:
    """How many claims have which verdict, and where one is not as declared."""
    from site_gen.storage import read_json

    units = [unit for unit in found.plan.units.values() if unit.kind == "measure"]
    claims = [
        one
        for unit in units
        for one in read_json(paths.ROOT / unit.folder / unit.outputs[0])["claims"]
    ]
    counts = Counter(claim["measured"] for claim in claims)
    board = "  ".join(
        coloured(f"{counts[verdict]} {verdict}", colour, sys.stdout)
        for verdict, colour in VERDICTS.items()
        if counts[verdict]
    )
    print(f"{len(claims)} claim{'' if len(claims) == 1 else 's'}: {board}")
    other = [claim for claim in claims if claim["measured"] != claim["verdict"]]
    if found.profile.is_draft and other:
        print(
            f"{len(other)} verdicts differ from those declared: expected of `quick`, "
            f"whose runs are too few to decide."
        )
        return
    for claim in other:
        print(f"  {claim['id']}: declared {claim['verdict']}, measured {claim['measured']}")
