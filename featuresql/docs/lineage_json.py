"""Lineage as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from featuresql.compiler.lineage import ColumnLineage, ColumnRef
from featuresql.spec.model import Consumer


def lineage_json(
    columns: Sequence[ColumnLineage],
    consumers: Mapping[ColumnRef, Sequence[Consumer]] | None = None,
) -> dict[str, object]:
    """Return `{"columns": [{"model", "column", "direct", "indirect"}]}`.

    `direct` has `{"node", "column"}`, `indirect` a `kind` too; a column decides in several ways
    where it stands there several times. With `consumers` each entry names those that it reaches.
    """
    found = []
    for column in columns:
        entry: dict[str, object] = {
            "model": column.ref.node,
            "column": column.ref.column,
            "direct": _unique(_ref(one.ref) for one in column.direct),
            "indirect": _unique({**_ref(one.ref), "kind": one.kind} for one in column.indirect),
        }
        if consumers is not None:
            entry["consumers"] = [consumer_json(c) for c in consumers.get(column.ref, ())]
        found.append(entry)
    return {"columns": found}


def consumer_json(consumer: Consumer) -> dict[str, str]:
    """Return a consumer as it was declared."""
    return {
        "name": consumer.name,
        "kind": consumer.kind,
        "service": consumer.service,
        "owner": consumer.owner,
        "url": consumer.url,
    }


def _ref(ref: ColumnRef) -> dict[str, str]:
    return {"node": ref.node, "column": ref.column}


def _unique(entries: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return list({tuple(entry.values()): entry for entry in entries}.values())
