"""Every command, what it needs, and the table of `help`; standard library only."""

import os
from collections import namedtuple

from site_gen.errors import tell

SITE = (".packages", ".ok")
DEV = (*SITE, ".ok-dev")
CLUSTER = (*SITE, ".ok-cluster")


class Command(namedtuple("Command", "says needs asks example", defaults=(SITE, "", ""))):
    """A command: what it does, the stamps it needs, the variable it requires, an example of that.

    A named tuple, because importing `dataclasses` takes longer than everything else here.
    """

    __slots__ = ()


COMMANDS = {
    "help": Command("this table", ()),
    "site": Command("bring site/ up to date: experiments, figures, pages"),
    "test": Command("bring site/ up to date and run all tests, also in browsers", DEV),
    "serve": Command("serve the site; rebuild it when a source changes"),
    "study": Command("ID=…: run one study and print its claims", SITE, "ID", "tiny_batch"),
    "figure": Command("ID=…: draw one figure and list its files", SITE, "ID", "anatomy-epsilon"),
    "check": Command("ID=…: test one study, its figures and its page", DEV, "ID", "tiny_batch"),
    "why": Command("ID=…: what it is made of, and why it is made again", SITE, "ID", "tiny_batch"),
    "new-study": Command("NAME=…: begin a study, a figure and a page", SITE, "NAME", "my_question"),
    "record": Command("ID=…: run a study too long for every build", SITE, "ID", "tiny_batch"),
    "bench": Command("time a training step and a simulator's frame", DEV),
    "nightly": Command("everything that `test` does, and its slow tests", DEV),
    "scheduler": Command("start a cluster's scheduler on this machine", CLUSTER),
    "worker": Command("SCHEDULER=…: work for a cluster", CLUSTER, "SCHEDULER", "tcp://host:8786"),
    "cluster-demo": Command("build with a scheduler and workers on this machine", CLUSTER),
    "clean": Command("remove what was made: build/ and site/", ()),
    "distclean": Command("remove the environment too: .venv/", ()),
}
# Parts of `site`, for those who know the pipeline.
PARTS = {
    "pages": Command("build/docs, without MkDocs"),
    "estimates": Command("note how long each unit took, for first builds elsewhere"),
}
VARIABLES = """\
Variables of make, and the same as options of python -m site_gen:
  PROFILE=quick       --profile quick   quick: a look, about a minute; full: the
                                        default, published; paper: papers' sizes
  SEED=7              --seed 7          another base seed for all that is random
  SET="tiny_batch.batches=2,4 noisy_bn.runs=32"    --set "…"    other settings
  ID=tiny_batch       tiny_batch        which study, figure or part
  NAME=my_question    my_question       the name of a new study
  PORT=8001           --port 8001       where `serve` and `scheduler` listen
  SCHEDULER=tcp://host:8786   --scheduler tcp://host:8786   build on a cluster
  PYTHON=python3.12                     the Python that .venv is made with
  BROWSER=no                            tests without browsers; installs none
  SITE_URL=https://…                    the address that the site will have"""


def table() -> str:
    """Return what `help` prints, at most 80 columns wide."""
    lines = ["Batch Norm, Measured. make <command>, or python -m site_gen <command>:"]
    lines += [f"  {name:<13}{command.says}" for name, command in COMMANDS.items()]
    return "\n".join([*lines, VARIABLES])


def at_once(arguments: list[str]) -> int | None:
    """Answer what needs no packages: help, cleaning, and mistakes; None if there is more to do."""
    name = arguments[0] if arguments else "help"
    if name in ("help", "-h", "--help"):
        print(table())
        return 0
    if name in ("clean", "distclean"):
        if arguments[1:]:
            return mistake(f"{name} takes nothing: it removes all that was made")
        from site_gen.commands import chores

        chores.clean(everything=name == "distclean")
        return 0
    command = COMMANDS.get(name) or PARTS.get(name)
    if command is None:
        return mistake(
            f"there is no command {name!r}{_near(name)}: `python -m site_gen help` lists all"
        )
    if not {"-h", "--help"}.isdisjoint(arguments[1:]):
        return None
    if command.asks and not _is_told(command, arguments[1:]):
        asked, example = command.asks, command.example
        option = f"--scheduler {example}" if asked == "SCHEDULER" else example
        return mistake(
            f"say which: make {name} {asked}={example}, or python -m site_gen {name} {option}"
        )
    return None


def needs(arguments: list[str]) -> tuple[str, ...]:
    """Return the stamps of the environment that a command asks for."""
    command = COMMANDS.get(arguments[0]) or PARTS[arguments[0]]
    elsewhere = any(word.partition("=")[0] == "--scheduler" for word in arguments)
    return tuple(dict.fromkeys((*command.needs, *(CLUSTER if elsewhere else ()))))


def mistake(message: str) -> int:
    """Print a sentence as an error; return the status of a wrong command line."""
    tell(message)
    return 2


def _is_told(command: Command, words: list[str]) -> bool:
    """Whether the words hold a value for what the command asks."""
    option = f"--{command.asks.lower()}"
    values, free, takes = {}, [], None
    for at, word in enumerate(words):
        if takes:
            values[takes], takes = word, None
        elif word == "--":
            free += words[at + 1 :]
            break
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            values[name], takes = value, None if equals else name
        else:
            free.append(word)
    told = [values.get(option, "")] + (free if command.asks != "SCHEDULER" else [])
    return any(value.strip() for value in told)


def _near(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, 1)
    return f", did you mean {near[0]}?" if near else ""


def browsers_wanted() -> bool:
    """Whether tests may use and install browsers: unless BROWSER=no."""
    return os.environ.get("BROWSER", "").lower() not in ("no", "none", "0", "off")
