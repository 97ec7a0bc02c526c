"""Views, rows and other processes for the tests of online stores."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow as pa

from featuresql.ports import OnlineStore, ViewLookup
from featuresql.spec.column_type import BIGINT, DOUBLE, TIMESTAMP_ARROW, VARCHAR, ColumnType
from featuresql.spec.model import Column, FeatureView

Opener = Callable[[Path], OnlineStore]
MANY = 30_000
SPAWN = multiprocessing.get_context("spawn")


def make_view(
    name: str = "delay",
    entity: str = "carrier",
    keys: dict[str, ColumnType] | None = None,
    features: dict[str, ColumnType] | None = None,
) -> FeatureView:
    keys = {"carrier": VARCHAR} if keys is None else keys
    features = {"mean": DOUBLE, "count": BIGINT} if features is None else features
    return FeatureView(
        name=name,
        entity=entity,
        keys=tuple(Column(n, k) for n, k in keys.items()),
        event_time="event_ts",
        available_at=None,
        features=tuple(Column(n, k, f"the {n}") for n, k in features.items()),
        ttl_us=7,
    )


def make_batch(
    view: FeatureView,
    columns: dict[str, list[object]],
    event_ts: list[int] | None = None,
    available_at: list[int] | None = None,
) -> pa.RecordBatch:
    count = len(next(iter(columns.values())))
    event_ts = [1] * count if event_ts is None else event_ts
    instants = {"event_ts": event_ts, "available_at": available_at or event_ts}
    arrays = {c.name: pa.array(columns[c.name], c.type.arrow) for c in view.keys}
    arrays |= {name: pa.array(ticks, TIMESTAMP_ARROW) for name, ticks in instants.items()}
    arrays |= {c.name: pa.array(columns[c.name], c.type.arrow) for c in view.features}
    return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))


def lookup(
    view: FeatureView, columns: tuple[str, ...] | None = None, **keys: list[object]
) -> ViewLookup:
    arrays = [pa.array(keys[c.name], c.type.arrow) for c in view.keys]
    batch = pa.RecordBatch.from_arrays(arrays, names=[c.name for c in view.keys])
    return ViewLookup(
        view.name, batch, tuple(c.name for c in view.features) if columns is None else columns
    )


def read_one(store: OnlineStore, asked: ViewLookup) -> dict[str, list[object]]:
    found: dict[str, list[object]] = store.read([asked])[0].rows.to_pydict()
    return found


def numbered_view() -> FeatureView:
    return make_view("numbered", "row", {"id": BIGINT}, {"number": BIGINT, "text": VARCHAR})


def numbered_batches(
    number: int, pause_s: float = 0.0, many: int = MANY
) -> Iterator[pa.RecordBatch]:
    """Give `many` rows that all say `number`, in three batches."""
    for first in range(0, many, many // 3):
        ids: list[object] = list(range(first, first + many // 3))
        rows = {"id": ids, "number": [number] * len(ids), "text": [f"t{number}"] * len(ids)}
        yield make_batch(numbered_view(), rows)
        time.sleep(pause_s)


def numbers_read(store: OnlineStore, many: int = MANY) -> set[tuple[object, ...]]:
    """Return every (version, number, text) that a lookup of many rows at once gives."""
    asked = lookup(numbered_view(), id=list(range(0, many, 7)))
    (answer,) = store.read([asked])
    columns = [answer.rows.column(name).unique().to_pylist() for name in ("number", "text")]
    return {(answer.version.version, *row) for row in zip(*columns, strict=True)}


def read_in_other_process(opener: Opener, path: Path, pipe: Connection, many: int = MANY) -> None:
    """Read until told to stop, then say what was seen."""
    store = opener(path)
    seen: list[set[tuple[object, ...]]] = []
    pipe.send("ready")
    while not pipe.poll():
        seen.append(numbers_read(store, many))
    store.close()
    pipe.send(seen)


def write_in_other_process(
    opener: Opener, path: Path, number: int, pipe: Connection, many: int = MANY
) -> None:
    """Write one version slowly, saying when it begins."""
    store = opener(path)
    pipe.send("ready")
    store.write(numbered_view(), f"v{number}", number, numbered_batches(number, 0.02, many))
    pipe.send("done")
    store.close()
