"""The command line: what `python -m site_gen` can do."""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console

from experiments.study import reseeded
from site_gen.errors import BuildError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 if it worked, 1 after an error that was told, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    if options.seed is not None:
        options.profile = reseeded(options.profile, options.seed)
    console = Console(highlight=False)
    try:
        return options.command(options, console)
    except BuildError as error:
        _tell(error)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept; the same command goes on from there.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m site_gen", description="Build Batch Norm, Measured.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, function, subject, says in (
        ("build", _build, None, "bring the whole site up to date"),
        ("pages", _build, None, "bring build/docs up to date, without running MkDocs"),
        ("study", _study, "ID", "run one study and print its claims"),
        ("figure", _figure, "ID", "draw one figure or animation"),
        ("why", _why, "ID", "say what a study, a figure, the pages or the site is made of, and whether it is stale"),
        ("serve", _serve, None, "serve the site and rebuild it when a source changes"),
    ):  # fmt: skip
        command = commands.add_parser(name, help=says, description=says)
        command.set_defaults(command=function, name=name)
        command.add_argument("--profile", default="full", help="quick, full (default) or paper")
        command.add_argument("--seed", type=_seed, help="another base seed, from 0, for everything random")
        if subject:
            command.add_argument("id", metavar=subject)
    return parser


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"SEED is a whole number from 0, not {text!r}")
    return int(text)


def _build(options: argparse.Namespace, console: Console) -> int:
    from site_gen.pipeline import build

    began = time.monotonic()
    with build.alone():
        plan = build.plan(options.profile)
        display = build.run(plan.upto("pages" if options.name == "pages" else "site"), console)
    build.summarise(display, began, console)
    if _failed(display):
        return 1
    build.verdict_board(list(plan.studies), options.profile, console)
    if options.name == "build":
        from site_gen.paths import SITE

        console.print(f"Open {SITE / 'index.html'}", soft_wrap=True)
    return 0


def _study(options: argparse.Namespace, console: Console) -> int:
    from site_gen import paths
    from site_gen.pipeline import build
    from site_gen.storage import read_json

    with build.alone():
        display = build.run(build.plan(options.profile).upto("study", options.id), console)
    if _failed(display):
        return 1
    measured = read_json(paths.measures(options.profile, options.id))
    console.print(f"\n{measured['question']}\n", style="bold")
    for claim in measured["claims"]:
        console.print(f"{claim['measured']:<10} {claim['id']}: {claim['says']}", soft_wrap=True)
        for case in claim["cases"]:
            console.print(
                f"{'':<10} {case['when'] or 'measured'}: {_told(case)} against “{case['rule']}”",
                soft_wrap=True,
            )
    for name, value in measured["values"].items():
        console.print(f"{'value':<10} {options.id}.{name}: {_told(value)}", soft_wrap=True)
    return 0


def _told(measured: dict) -> str:
    from site_gen.pages import formatting

    bounds = formatting.bounds(measured)
    return formatting.estimate(measured) + (f" ({bounds}, {measured['runs']} runs)" if bounds else "")


def _figure(options: argparse.Namespace, console: Console) -> int:
    from site_gen import paths
    from site_gen.pipeline import build

    with build.alone():
        display = build.run(build.plan(options.profile).upto("figure", options.id), console)
    if _failed(display):
        return 1
    for path in sorted(paths.media(options.profile, options.id).iterdir()):
        console.print(paths.relative(path), soft_wrap=True)
    return 0


def _why(options: argparse.Namespace, console: Console) -> int:
    from site_gen.pipeline import build, why

    why.explain(build.plan(options.profile), options.id, console)
    return 0


def _serve(options: argparse.Namespace, console: Console) -> int:
    from site_gen.pipeline import serve

    return serve.run(options.profile, console)


def _failed(display: object) -> bool:
    from site_gen.pipeline import progress

    for failure in display.failures:
        _tell(progress.explain(failure))
    if display.left_out:
        what = (
            "1 unit that depends on this was"
            if display.left_out == 1
            else f"{display.left_out} units that depend on this were"
        )
        print(f"{what} left alone.", file=sys.stderr)
    return bool(display.failures)


def _tell(error: object) -> None:
    Console(stderr=True, highlight=False).print("error: ", style="bold red", end="")
    print(error, file=sys.stderr)
