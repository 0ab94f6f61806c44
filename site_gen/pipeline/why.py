"""Why a unit would be made again, and what it is made of."""

from __future__ import annotations

from experiments import suggest
from site_gen.errors import BuildError
from site_gen.pipeline.plan import Plan
from site_gen.pipeline.run import State
from site_gen.pipeline.unit import Unit


def explain(plan: Plan, state: State, identifier: str) -> None:
    """Print which units of a study, a figure, "pages" or "site" are stale and why.

    After that, print what the last of these units is made of.

    Raises
    ------
    BuildError
        If there is nothing of that name.
    """
    units = _units(plan, identifier)
    stale: set[str] = set()
    for unit in units:
        reasons = state.reasons(unit)
        waits = sorted(state.needs(unit) & stale)
        for reason in reasons:
            print(f"stale  {unit.name}: {reason}")
        if waits and not reasons:
            more = f" and {len(waits) - 1} more" if len(waits) > 1 else ""
            print(f"stale  {unit.name}: if {waits[0]}{more} comes out otherwise")
        if waits or reasons:
            stale.add(unit.name)
    print(f"{len(units) - len(stale)} of {len(units)} units are up to date.\n")
    last = units[-1]
    print(f"{last.name} is made of:")
    for name, value in {**(state.record.get(f"code {last.code}") or {}), **last.facts}.items():
        print(f"  {name}  {value if len(value) < 80 else value[:77] + '…'}")
    for name, path in last.inputs.items():
        print(
            f"  {path}  {(state.hashes.of(path) or 'missing')[:24]}"
            + ("" if name == path else f"  as {name}")
        )


def _units(plan: Plan, identifier: str) -> list[Unit]:
    if part := suggest.same(identifier, ("pages", "site")):
        found = plan.upto(part)
        if not any(unit.kind == part for unit in found):
            raise BuildError("\n".join(dict.fromkeys(plan.broken.values())))
        return found
    if suggest.same(identifier, plan.studies):
        return plan.study(identifier)[1]
    if suggest.same(identifier, plan.drawn_from):
        return plan.figure(identifier)[1]
    known = ("pages", "site", *plan.studies, *plan.drawn_from)
    raise BuildError(suggest.unknown("study or figure", identifier, known))
