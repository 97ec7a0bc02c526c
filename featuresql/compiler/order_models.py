"""The order in which models can be compiled and built: parents first."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from featuresql.errors import PlanError


def order_models(parents: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the names, each after all its parents, and otherwise by the alphabet.

    Raises `PlanError` that names the whole of a cycle.
    """
    sorter = TopologicalSorter({name: sorted(found) for name, found in sorted(parents.items())})
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = " -> ".join(reversed(error.args[1]))
        raise PlanError(
            f"models read each other in a circle: {cycle}",
            code="cycle",
            hint="take one of these refs out, or move what both need into a model of its own",
        ) from None
    ordered: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += ready
        sorter.done(*ready)
    return tuple(ordered)
