"""What the leakage proof says of a model, in few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from featuresql.compiler.draft import CompiledModel

ACCEPTED = "accepted"


def leakage_counts(model: CompiledModel) -> dict[str, int]:
    """Return how many features are `proven`, `unproven`, `leaks`, and `accepted` though they leak.

    Verdicts that no feature has are left out.
    """
    verdicts = model.leakage.values()
    found = Counter(ACCEPTED if v.accepted is not None else v.verdict for v in verdicts)
    return {name: found[name] for name in ("proven", "unproven", "leaks", ACCEPTED) if found[name]}


def leakage_text(model: CompiledModel) -> str:
    """Return the counts for a table: `4 proven, 1 accepted`."""
    return ", ".join(f"{count} {name}" for name, count in leakage_counts(model).items())


def leakage_notes(model: CompiledModel) -> Iterator[str]:
    """Give a line for each feature that is not proven: what is said of it, why, and where."""
    for column, verdict in model.leakage.items():
        if verdict.verdict == "proven":
            continue
        said = "leaks" if verdict.verdict == "leaks" else "is unproven"
        place = f" ({verdict.location})" if verdict.location is not None else ""
        accepted = f"; accepted: {verdict.accepted}" if verdict.accepted is not None else ""
        yield f"note: {model.name}.{column} {said}: {verdict.reason}{accepted}{place}"
