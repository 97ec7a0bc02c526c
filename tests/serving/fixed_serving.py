"""A small real `Serving` in memory, in Arrow's own compute, with faults that can be asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from featuresql.errors import CompileError, OnlineStoreError, RequestError
from featuresql.ports import ServiceSchema

TIMESTAMP = pa.timestamp("us", tz="UTC")
SECRET = "/srv/secret/project.duckdb"  # noqa: S105 - no password, but a text that may not show
DELAYS = pa.table(
    {"carrier": ["AA", "UA", "B6", "Ünï"], "delay_mean": [1.5, -2.25, float("nan"), 0.1]}
)


def flight_delay() -> ServiceSchema:
    request = pa.schema([("carrier", pa.string()), ("distance", pa.int32())])
    online = pa.schema(
        [("departs_at", TIMESTAMP), ("delay_mean", pa.float64()), ("delay_miles", pa.float64())]
    )
    spine = pa.schema(
        [
            ("flight_id", pa.int64()),
            ("departs_at", TIMESTAMP),
            ("carrier", pa.string()),
            ("distance", pa.int32()),
        ]
    )
    return ServiceSchema(
        name="flight_delay",
        event_time="departs_at",
        request=request,
        online=online,
        spine=spine,
        historical=spine.append(pa.field("delay_mean", pa.float64())),
        description="delays of carriers",
    )


class FixedServing:
    """Answers from `DELAYS`; services named `fails_…` fail in their own ways."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.delay_s = delay_s
        self.reloads = 0
        self.own_rows = 1_000
        base = flight_delay()
        names = ("flight_delay", "fails_inside", "fails_compile", "fails_store", "fails_panic")
        self._services = {
            name: ServiceSchema(
                name,
                base.event_time,
                base.request,
                base.online,
                base.spine,
                base.historical,
                base.description,
            )
            for name in names
        }

    def services(self) -> Mapping[str, ServiceSchema]:
        return self._services

    def replace(self, schema: ServiceSchema) -> None:
        self._services = {**self._services, schema.name: schema}

    def get_online_features(
        self, service: str, rows: pa.RecordBatch, at: datetime | None = None
    ) -> pa.RecordBatch:
        _fail(service)
        if self.delay_s:
            time.sleep(self.delay_s)
        delays = _delays(rows.column("carrier"))
        if "departs_at" in rows.schema.names:
            instants = rows.column("departs_at")
        else:
            instants = pa.repeat(pa.scalar(at or datetime.now(UTC), TIMESTAMP), rows.num_rows)
        miles = pc.multiply(delays, rows.column("distance").cast(pa.float64()))
        schema = self._services[service].online
        return pa.RecordBatch.from_arrays([instants, delays, miles], schema=schema)

    def get_historical_features(
        self, service: str, spine: pa.Table | None = None, known_at: datetime | None = None
    ) -> pa.RecordBatchReader:
        _fail(service)
        if spine is None:
            spine = own_spine(self.own_rows)
        if "carrier" not in spine.schema.names:
            raise RequestError("the spine lacks the column 'carrier'", code="missing-column")
        schema = self._services[service].historical
        return pa.RecordBatchReader.from_batches(schema, self._historical(spine, schema, known_at))

    def _historical(
        self, spine: pa.Table, schema: pa.Schema, known_at: datetime | None
    ) -> Iterator[pa.RecordBatch]:
        for batch in spine.to_batches(max_chunksize=10_000):
            if self.delay_s:
                time.sleep(self.delay_s)
            columns = [batch.column(name).cast(schema.field(name).type) for name in SPINE_NAMES]
            delays = (
                _delays(columns[2]) if known_at is None else pa.nulls(batch.num_rows, pa.float64())
            )
            yield pa.RecordBatch.from_arrays([*columns, delays], schema=schema)
        if spine.num_rows and pc.any(pc.equal(spine["flight_id"], -1)).as_py():
            raise ValueError(SECRET)

    def reload(self) -> None:
        self.reloads += 1
        if self.reloads > 1:
            raise CompileError(f"select secret from '{SECRET}'")

    def statistics(self) -> Mapping[str, object]:
        return {"views": {"carrier_delay": {"rows": DELAYS.num_rows}}}


SPINE_NAMES = ("flight_id", "departs_at", "carrier", "distance")


def own_spine(rows: int) -> pa.Table:
    carriers = DELAYS["carrier"].to_pylist()
    return pa.table(
        {
            "flight_id": pa.array(range(rows), pa.int64()),
            "departs_at": pa.repeat(pa.scalar(datetime(2013, 7, 1, tzinfo=UTC), TIMESTAMP), rows),
            "carrier": [carriers[i % len(carriers)] for i in range(rows)],
            "distance": pa.array([i % 3_000 for i in range(rows)], pa.int32()),
        }
    )


def _delays(carriers: pa.Array) -> pa.Array:
    found = pc.index_in(carriers, DELAYS["carrier"].combine_chunks(), skip_nulls=True)
    return DELAYS["delay_mean"].combine_chunks().take(found)


class PanicError(BaseException):
    """What a native library raises that `except Exception` misses."""


def _fail(service: str) -> None:
    if service == "fails_inside":
        raise ValueError(SECRET)
    if service == "fails_compile":
        raise CompileError(f"select secret from '{SECRET}'")
    if service == "fails_store":
        raise OnlineStoreError("view 'carrier_delay' is not materialized", code="not-materialized")
    if service == "fails_panic":
        raise PanicError(SECRET)
