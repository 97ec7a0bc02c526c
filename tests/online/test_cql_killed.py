"""Writers and servers killed in the middle of a write leave what an undisturbed run does."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from cassandra_process import FIRST, PASSWORD, USER, free_port, start_cassandra, stop_process
from cql_places import open_store, settings_for, stored_rows
from online_store_helpers import (
    SPAWN,
    make_batch,
    make_view,
    numbered_batches,
    numbered_view,
    numbers_read,
    write_in_other_process,
)

from featuresql.online import chunks
from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_settings import CqlSettings
from featuresql.online.cql_store import CqlStore

MANY = 1_500
LONGEST_S = 0.5


@pytest.mark.parametrize("kills", [2, pytest.param(100, marks=pytest.mark.long)])
def test_killed_writers_leave_whole_versions_and_in_the_end_the_same_bytes(
    tmp_path: Path, kills: int
) -> None:
    instants = random.Random(kills)  # noqa: S311 - seeded on purpose
    path, calm = tmp_path / "killed", tmp_path / "calm"
    numbers: list[tuple[object, ...]] = []
    with closing(open_store(path)) as store:
        store.write(numbered_view(), "v0", 0, numbered_batches(0, many=MANY))
        done = threading.Event()
        reader = threading.Thread(target=keep_reading, args=(path, done, numbers))
        reader.start()
        try:
            for number in range(1, kills + 1):
                kill_a_writer(path, number, instants.uniform(0, LONGEST_S))
        finally:
            done.set()
            reader.join()
        tidy(path)
    with closing(open_store(calm)) as store:
        store.write(numbered_view(), "v9", 9, numbered_batches(9, many=MANY))
    assert all(row == (f"v{row[1]}", row[1], f"t{row[1]}") for row in numbers)
    seen = [int(str(row[1])) for row in numbers]
    assert seen == sorted(seen)
    assert bytes_of(settings_for(path)) == bytes_of(settings_for(calm))


def kill_a_writer(path: Path, number: int, after_s: float) -> None:
    mine, theirs = SPAWN.Pipe()
    writer = SPAWN.Process(
        target=write_in_other_process, args=(open_store, path, number, theirs, MANY)
    )
    writer.start()
    assert mine.recv() == "ready"
    time.sleep(after_s)
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join(30)


def keep_reading(path: Path, done: threading.Event, seen: list[tuple[object, ...]]) -> None:
    """Note what each read gives: one (version, number, text), or more where it is torn."""
    with closing(open_store(path)) as store:
        while not done.is_set():
            seen.extend(numbers_read(store, MANY))
            time.sleep(0.01)


def tidy(path: Path) -> None:
    """Write twice as one for whom all garbage is old, so that one version is left."""
    with closing(CqlStore.open(settings_for(path), replaced_s=-1, abandoned_s=-1)) as store:
        for _ in range(2):
            store.write(numbered_view(), "v9", 9, numbered_batches(9, many=MANY))


def bytes_of(settings: CqlSettings) -> list[tuple[object, ...]]:
    with closing(CqlSession.open(settings)) as session:
        return stored_rows(session)


@pytest.mark.long
def test_a_server_that_is_killed_and_started_again_in_mid_run_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", MANY // 3)
    folder, port = tmp_path / "server", free_port()
    running = [start_cassandra(folder, port, FIRST)]
    settings = CqlSettings(
        ("127.0.0.1",), "shop", port, user=USER, password=PASSWORD, patience_ms=90_000, refresh_ms=0
    )

    def disturbed() -> Iterator[pa.RecordBatch]:
        for at, batch in enumerate(numbered_batches(2, many=MANY)):
            if at == 1:
                stop_process(running.pop(), signal.SIGKILL)
                restart = threading.Thread(
                    target=lambda: running.append(start_cassandra(folder, port, FIRST))
                )
                restart.start()
                restarts.append(restart)
            yield batch

    restarts: list[threading.Thread] = []
    try:
        with closing(CqlStore.open(settings)) as store:
            other = make_view()
            rows = {"carrier": ["A"], "mean": [1.0], "count": [1]}
            store.write(other, "v1", 0, [make_batch(other, rows)])
            store.write(numbered_view(), "v1", 1, numbered_batches(1, many=MANY))
            version = store.write(numbered_view(), "v2", 2, disturbed())
            assert version.rows == MANY
            assert numbers_read(store, MANY) == {("v2", 2, "t2")}
            assert set(store.current()) == {"delay", "numbered"}
        calm = replace(settings, keyspace="calm")
        with closing(CqlStore.open(calm)) as store:
            for number in (1, 2):
                store.write(
                    numbered_view(), f"v{number}", number, numbered_batches(number, many=MANY)
                )
        found = [row for row in bytes_of(settings) if row[0][:4] == b"\0\0\0\2"]
        assert [row[1:] for row in found] == [row[1:] for row in bytes_of(calm)]
    finally:
        for restart in restarts:
            restart.join()
        for pid in running:
            stop_process(pid)
