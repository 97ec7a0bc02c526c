"""Online batches over the persistent stream, beside the bare parts of the same work.

The server, its shield, its limits and the client's checks are measured with fixed answers, so that
what they cost shows. The bare part, in the same run and over servers in processes of their own, is
a plain pyarrow.flight DoExchange that takes the same request bytes and gives the same answer bytes.
The two are asked in turns. Run: python benchmarks/bench_flight.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from pyarrow import flight

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from featuresql.client import FeatureClient
from featuresql.ports import ServiceSchema
from flight_server.app import serve
from flight_server.config import ServerConfig

FEATURES = 65
SIZES = (1, 100, 1_000, 10_000)
ROUNDS = {1: 2_000, 100: 1_500, 1_000: 500, 10_000: 100}
TIMESTAMP = pa.timestamp("us", tz="UTC")
INSTANT = datetime(2013, 7, 1, tzinfo=UTC)


def answer_of(rows: int) -> pa.RecordBatch:
    features = {f"feature_{i:02}": pa.array([i + 0.5] * rows) for i in range(FEATURES)}
    instants = pa.repeat(pa.scalar(INSTANT, TIMESTAMP), rows)
    return pa.record_batch({"at": instants, **features})


class FixedAnswers:
    """A `Serving` that has every answer ready."""

    def __init__(self) -> None:
        """Make the answers."""
        self.answers = {rows: answer_of(rows) for rows in SIZES}
        online = self.answers[1].schema
        request = pa.schema([("entity_id", pa.int64())])
        self.schemas = {"bench": ServiceSchema("bench", "at", request, online, request, online)}

    def services(self) -> Mapping[str, ServiceSchema]:
        """Return the one service."""
        return self.schemas

    def get_online_features(
        self, _service: str, rows: pa.RecordBatch, _at: datetime | None = None
    ) -> pa.RecordBatch:
        """Return the answer of as many rows."""
        return self.answers[rows.num_rows]


class BareServer(flight.FlightServerBase):
    """Gives as many bytes for as many rows, and does nothing else."""

    def do_exchange(self, _context, _descriptor, reader, writer):  # noqa: ANN001, ANN201 - pyarrow has no types
        """Echo."""
        answers = {rows: answer_of(rows) for rows in SIZES}
        writer.begin(answers[1].schema)
        while True:
            try:
                chunk = reader.read_chunk()
            except StopIteration:
                return
            writer.write_with_metadata(answers[chunk.data.num_rows], chunk.app_metadata)


def serve_bare() -> None:
    server = BareServer("grpc://127.0.0.1:0")
    print(f"serving grpc://127.0.0.1:{server.port}", flush=True)
    server.wait()


def start(role: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(  # noqa: S603 - this very file
        [sys.executable, __file__, role], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip().removeprefix("serving ")


def ask_bare(url: str) -> Callable[[pa.RecordBatch], int]:
    client = flight.FlightClient(url)
    descriptor = flight.FlightDescriptor.for_command(b"bench")
    writer, reader = client.do_exchange(descriptor)
    writer.begin(pa.schema([("entity_id", pa.int64())]))

    def ask(rows: pa.RecordBatch) -> int:
        writer.write_with_metadata(rows, b'{"id": "1"}')
        return reader.read_chunk().data.num_rows

    return ask


def median_us(samples: list[float]) -> float:
    return statistics.median(samples) * 1e6


def compare(bare: Callable[[pa.RecordBatch], int], ours: Callable[[pa.RecordBatch], int]) -> None:
    results = []
    print(f"{'rows':>7} {'bare us':>10} {'ours us':>10} {'p99 us':>10} {'ratio':>7}")
    for rows in SIZES:
        request = pa.record_batch({"entity_id": pa.array(range(rows), pa.int64())})
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS[rows]):
            for ask, samples in zip((bare, ours), times, strict=True):
                started = time.perf_counter()
                got = ask(request)
                samples.append(time.perf_counter() - started)
                assert got == rows
        bare_us, ours_us = median_us(times[0]), median_us(times[1])
        p99_us = statistics.quantiles(times[1], n=100)[98] * 1e6
        print(
            f"{rows:>7,} {bare_us:>10,.0f} {ours_us:>10,.0f} {p99_us:>10,.0f} "
            f"{ours_us / bare_us:>7.2f}"
        )
        results.append({"rows": rows, "bare_us": bare_us, "ours_us": ours_us, "p99_us": p99_us})
    print(json.dumps(results))


def main() -> None:
    processes = []
    try:
        bare_process, bare_url = start("bare")
        processes.append(bare_process)
        ours_process, ours_url = start("ours")
        processes.append(ours_process)
        with FeatureClient(ours_url) as client, client.stream("bench") as stream:
            compare(ask_bare(bare_url), lambda rows: stream.get(rows).num_rows)
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["bare"]:
        serve_bare()
    elif sys.argv[1:] == ["ours"]:
        serve(FixedAnswers(), ServerConfig(port=0))  # type: ignore[arg-type]  # online only
    else:
        main()
