"""Threads of one process share a project: every call answers, and answers right."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from shop_project import ORDERS, START, VISITS, orders, visits

from featuresql import FeatureSQLError, FeatureStore
from featuresql.engines.duckdb_engine import DuckDBEngine
from featuresql.errors import EngineError, Location
from featuresql.spec.model import Source
from featuresql.workflows.artifacts import write_json, write_text

AT = START + timedelta(hours=30)
ASK = {"customer": [1, 2, 9, None], "basket": [2.0, 1.0, 1.0, 1.0]}
SPINE = visits(VISITS)
THREADS = 8


def at_once(work: Callable[[int], None], threads: int = THREADS) -> None:
    """Run `work` in several threads that begin together; raise what the first of them raises."""
    barrier = threading.Barrier(threads)

    def begin(number: int) -> None:
        barrier.wait(30)
        work(number)

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(begin, number) for number in range(threads)]:
            done.result(timeout=120)


def test_eight_threads_on_two_stores_get_the_right_answers(shop: Path) -> None:
    with FeatureStore(shop) as first, FeatureStore(shop) as second:
        first.run()
        first.materialize(until=AT)
        offline = first.get_historical_features("purchase", SPINE)

        def work(number: int) -> None:
            store = (first, second)[number % 2]
            for turn in range(4):
                match (number // 2 + turn) % 4:
                    case 0:
                        store.run(full_refresh=turn % 2 == 0)
                    case 1:
                        store.materialize(until=AT)
                    case 2:
                        assert store.get_historical_features("purchase", SPINE).equals(offline)
                online = store.get_online_features("purchase", ASK, at=AT)
                assert online["spent"].to_pylist() == [10.0, 7.5, None, None]
                assert store.get_historical_features("purchase", SPINE).equals(offline)

        at_once(work)


def test_a_store_for_each_thread_is_no_different(shop: Path) -> None:
    def work(number: int) -> None:
        with FeatureStore(shop) as store:
            store.run(full_refresh=number % 2 == 0)
            store.materialize(until=AT)
            assert store.get_historical_features("purchase", SPINE)["spent"][0].as_py() == 10.0
            online = store.get_online_features("purchase", ASK, at=AT)
            assert online["spent"].to_pylist() == [10.0, 7.5, None, None]

    at_once(work)


def test_data_that_changes_between_two_threads_is_seen(store: FeatureStore, shop: Path) -> None:
    def work(number: int) -> None:
        for turn in range(4):
            if number == 0:
                replace_orders(shop, ORDERS[: 2 + turn % 2])
            with FeatureStore(shop) as own:
                own.get_historical_features("purchase", SPINE)

    at_once(work, 4)
    replace_orders(shop, [(1, 0, 1, 42.0, "a")])
    store.run()
    assert store.get_historical_features("purchase", SPINE)["spent"][0].as_py() == 42.0


def replace_orders(shop: Path, rows: list[tuple]) -> None:
    """Put a new file in the place of the old: no reader finds half of it."""
    pq.write_table(orders(rows), shop / "orders.new")
    (shop / "orders.new").replace(shop / "orders.parquet")


HALF_READ = """
import sys
from pathlib import Path
from featuresql.engines.duckdb_engine import DuckDBEngine
engine = DuckDBEngine(Path(sys.argv[1]), Path(), {}, {})
with engine.session() as session:
    reader = session.query("select range as i from range(1000000)")
    reader.read_next_batch()
with engine.session() as session:
    print(len(session.relations()), reader.schema.names)
"""


def test_an_answer_that_is_left_half_read_holds_nobody_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HALF_READ, str(tmp_path / "x.duckdb")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    # Opening the file again would hang with Python's own lock held: no thread could watch it.
    done = subprocess.run(
        command, env=environment, timeout=60, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "0 ['i']"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Callable[..., DuckDBEngine]]:
    def make(*names: str, lock_timeout_s: float = 10.0, **settings: object) -> DuckDBEngine:
        sources = {n: Source(n, Location("featuresql.yml"), path=f"{n}.parquet") for n in names}
        for name in names:
            if not (tmp_path / f"{name}.parquet").exists():
                pq.write_table(orders(ORDERS), tmp_path / f"{name}.parquet")
        file = tmp_path / "target/x.duckdb"
        return DuckDBEngine(file, tmp_path, sources, settings, lock_timeout_s=lock_timeout_s)

    return make


def test_engines_with_other_sources_or_settings_wait_for_each_other(
    engine: Callable[..., DuckDBEngine],
) -> None:
    engines = [engine("a"), engine("b"), engine("a", threads=1), engine("a", "b")]

    def work(number: int) -> None:
        own = engines[number % 4]
        name = "b" if number % 4 == 1 else "a"
        for _ in range(10):
            with own.session() as session:
                rows = session.query(f"select count(*) as n from sources.{name}").read_all()
                assert rows["n"].to_pylist() == [len(ORDERS)]

    at_once(work)


def test_who_waits_too_long_is_told_so(engine: Callable[..., DuckDBEngine]) -> None:
    other = engine("b", lock_timeout_s=0.3)
    with engine("a").session(), pytest.raises(EngineError) as caught, other.session():
        pass
    assert caught.value.code == "engine-locked"
    assert "other work of this process" in caught.value.message


def test_who_cannot_join_is_not_passed_over(engine: Callable[..., DuckDBEngine]) -> None:
    ended = threading.Event()

    def overlap(offset_s: float) -> None:
        time.sleep(offset_s)
        while not ended.is_set():
            with engine("a").session():
                time.sleep(0.2)

    def other() -> None:
        try:
            with engine("b", lock_timeout_s=8.0).session():
                pass
        finally:
            ended.set()

    works = [lambda: overlap(0.0), lambda: overlap(0.1), lambda: (time.sleep(0.3), other())]
    at_once(lambda number: works[number](), 3)


def test_a_session_within_a_session_is_not_held_up_by_who_waits(
    engine: Callable[..., DuckDBEngine],
) -> None:
    def other() -> bool:
        with engine("b").session() as session:
            return bool(session.query("select * from sources.b").read_all())

    with ThreadPoolExecutor(1) as pool:
        with engine("a").session():
            waiting = pool.submit(other)
            time.sleep(0.2)
            began = time.monotonic()
            with engine("a").session() as inner:
                assert inner.relations()
            assert time.monotonic() - began < 5
        assert waiting.result(10)


def test_nobody_joins_a_file_that_was_removed(
    engine: Callable[..., DuckDBEngine], tmp_path: Path
) -> None:
    hurried = engine("a", lock_timeout_s=0.3)
    with engine("a").session() as session:
        session.execute(["create table main.t as select 1 as one"])
        (tmp_path / "target/x.duckdb").unlink()
        with pytest.raises(EngineError, match="held by other work"), hurried.session():
            pass
    with engine("a").session() as session:
        assert ("main", "t") not in session.relations()
    assert (tmp_path / "target/x.duckdb").exists()


def test_transactions_of_threads_do_not_conflict(engine: Callable[..., DuckDBEngine]) -> None:
    def work(number: int) -> None:
        with engine("a").session() as session:
            for turn in range(10):
                value = 100 * number + turn
                session.execute([f"create or replace table main.t as select {value} as v"])
                assert session.query("select v from main.t").read_all().num_rows == 1

    at_once(work)


def test_threads_write_one_file_and_leave_no_other(tmp_path: Path) -> None:
    path = tmp_path / "target/manifest.json"
    texts = {f"{number}" * 100_000 for number in range(THREADS)}

    def work(number: int) -> None:
        for _ in range(30):
            write_text(path, f"{number}" * 100_000)
            assert path.read_text() in texts

    at_once(work)
    assert list(path.parent.iterdir()) == [path]
    assert path.stat().st_mode & 0o444 == 0o444


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    taken = tmp_path / "manifest.json"
    (taken / "inside").mkdir(parents=True)
    with pytest.raises(FeatureSQLError, match="cannot be written"):
        write_json(taken, {"a": 1})
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "other", "\ud800")
    assert [entry.name for entry in tmp_path.iterdir()] == ["manifest.json"]
