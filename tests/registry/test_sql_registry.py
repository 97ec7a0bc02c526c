import multiprocessing
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from featuresql.errors import InternalError, RegistryError
from featuresql.plan.steps import Ledger
from featuresql.ports import ModelVersion, OnlineVersion, RunRecord
from featuresql.registry.sql_registry import SqlRegistry, _without_secrets
from featuresql.registry.tables import SCHEMA_VERSION
from featuresql.spec.column_type import BIGINT, VARCHAR
from featuresql.spec.model import Column, FeatureView

NOON = datetime(2013, 7, 1, 12, 0, 0, 123457, tzinfo=UTC)
VERSION = ModelVersion(
    model="carrier_delay",
    version="carrier_delay_1a2b",
    fingerprint="1a2b",
    source_state='{"flights": "3c4d"}',
    relation="versions.carrier_delay_1a2b",
    rows=3_000_000_000,
    built_at=NOON,
    seconds=0.25,
)
RUN = RunRecord(run_id="r1", verb="run", started_at=NOON, status="running")
LEDGER = Ledger("m", "b", 1)
VIEW = FeatureView(
    name="carrier_delay",
    entity="carrier",
    keys=(Column("carrier", VARCHAR),),
    event_time="event_ts",
    available_at=None,
    features=(Column("arrivals", BIGINT),),
)
ONLINE = OnlineVersion(view=VIEW, version="v1", number=1, watermark_us=5, rows=16)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/target/deep/registry.db"


def open_registries(url: str, folders: int, barrier: object) -> None:
    for number in range(folders):
        barrier.wait()  # type: ignore[attr-defined]
        registry = SqlRegistry(url.replace("registry.db", f"{number}/registry.db"))
        registry.record_run(replace(RUN, run_id=f"{os.getpid()}"))
        registry.close()


def write_runs(url: str, first: int, count: int) -> None:
    registry = SqlRegistry(url)
    for number in range(first, first + count):
        registry.record_run(replace(RUN, run_id=f"r{number}"))
        registry.record_model_version(replace(VERSION, version=f"v{number}"))
    registry.close()


def rows_of(url: str, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_new_registry_is_empty_and_its_folder_is_made(url: str) -> None:
    registry = SqlRegistry(url)
    assert dict(registry.model_versions()) == {}
    assert list(registry.runs()) == []
    assert Path(url.removeprefix("sqlite:///")).is_file()


def test_readers_and_the_writer_of_a_file_do_not_wait_for_each_other(url: str) -> None:
    SqlRegistry(url).close()
    assert rows_of(url, "pragma journal_mode") == [("wal",)]


def test_a_new_registry_waits_for_a_lock_on_its_file(url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True)
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("create table other (x)")
    holder.execute("begin")
    holder.execute("select * from other").fetchall()  # a reader keeps the journal from changing
    release = threading.Timer(0.3, holder.execute, ["rollback"])
    release.start()
    registry = SqlRegistry(url)
    release.join()
    holder.close()
    registry.record_run(RUN)
    assert list(registry.runs()) == [RUN]


def test_a_model_version_comes_back_as_it_was_recorded(url: str) -> None:
    SqlRegistry(url).record_model_version(VERSION)
    assert dict(SqlRegistry(url).model_versions()) == {"carrier_delay": VERSION}


def test_the_last_recorded_version_is_the_current_one_and_the_others_are_kept(url: str) -> None:
    registry = SqlRegistry(url)
    older, newer = VERSION, replace(VERSION, version="carrier_delay_9f", fingerprint="9f")
    for version in (older, newer):
        registry.record_model_version(version)
    assert registry.model_versions()["carrier_delay"] == newer
    registry.record_model_version(older)
    assert registry.model_versions()["carrier_delay"] == older
    assert rows_of(url, "select count(*) from featuresql_model_versions") == [(2,)]


def test_recording_twice_is_recording_once(url: str) -> None:
    registry = SqlRegistry(url)
    for _ in range(2):
        registry.record_model_version(VERSION)
        registry.record_run(RUN)
        registry.record_online_version(ONLINE, NOON)
    for table in ("model_versions", "current_models", "runs", "online_versions"):
        assert rows_of(url, f"select count(*) from featuresql_{table}") == [(1,)]


def test_each_model_has_its_own_current_version(url: str) -> None:
    registry = SqlRegistry(url)
    other = replace(VERSION, model="plane", version=VERSION.version)
    registry.record_model_version(VERSION)
    registry.record_model_version(other)
    assert dict(registry.model_versions()) == {"carrier_delay": VERSION, "plane": other}


def test_what_became_of_a_run_replaces_what_it_was(url: str) -> None:
    registry = SqlRegistry(url)
    done = replace(
        RUN, status="success", finished_at=NOON + timedelta(seconds=3), detail='{"models": 2}'
    )
    registry.record_run(RUN)
    assert list(registry.runs()) == [RUN]
    registry.record_run(done)
    assert list(registry.runs()) == [done]


def test_the_newest_runs_come_first_and_no_more_than_asked(url: str) -> None:
    registry = SqlRegistry(url)
    for number in (3, 1, 5, 2, 4):
        started = NOON + timedelta(microseconds=number)
        registry.record_run(replace(RUN, run_id=f"r{number}", started_at=started))
    assert [run.run_id for run in registry.runs(3)] == ["r5", "r4", "r3"]
    assert [run.run_id for run in registry.runs()] == ["r5", "r4", "r3", "r2", "r1"]
    assert list(registry.runs(0)) == []


def test_runs_of_one_instant_keep_one_order(url: str) -> None:
    registry = SqlRegistry(url)
    for name in ("a", "c", "b"):
        registry.record_run(replace(RUN, run_id=name))
    assert [run.run_id for run in registry.runs()] == ["c", "b", "a"]


def test_instants_are_kept_to_the_microsecond_and_come_back_as_utc(url: str) -> None:
    local = NOON.astimezone(timezone(timedelta(hours=-4)))
    registry = SqlRegistry(url)
    registry.record_run(replace(RUN, started_at=local))
    (found,) = registry.runs()
    assert found.started_at == NOON
    assert found.started_at.tzinfo is UTC
    ancient = datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    registry.record_run(replace(RUN, started_at=ancient))
    assert next(registry.runs()).started_at == ancient
    assert rows_of(url, "select typeof(started_at_us) from featuresql_runs") == [("integer",)]


def test_an_instant_without_a_zone_is_refused(url: str) -> None:
    with pytest.raises(InternalError, match="instants with a zone"):
        SqlRegistry(url).record_run(replace(RUN, started_at=NOON.replace(tzinfo=None)))


def test_online_versions_are_recorded_with_their_watermark(url: str) -> None:
    registry = SqlRegistry(url)
    registry.record_online_version(ONLINE, NOON)
    registry.record_online_version(replace(ONLINE, number=2, version="v2", rows=17), NOON)
    found = rows_of(url, "select * from featuresql_online_versions order by number")
    at = 1_372_680_000_123_457
    assert found == [("carrier_delay", 1, "v1", 5, 16, at), ("carrier_delay", 2, "v2", 5, 17, at)]


def test_hostile_text_is_only_text(url: str) -> None:
    text = "x'); drop table featuresql_runs; -- ☃ %s :name"
    run = replace(RUN, run_id=text, verb=text, detail=text)
    registry = SqlRegistry(url)
    registry.record_run(run)
    assert list(registry.runs()) == [run]


def test_a_registry_of_a_newer_version_is_refused(url: str) -> None:
    SqlRegistry(url).close()
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("update featuresql_schema_version set version = version + 1")
    connection.commit()
    connection.close()
    with pytest.raises(RegistryError, match="newer FeatureSQL") as caught:
        SqlRegistry(url)
    assert caught.value.code == "newer-registry"
    assert f"found version {SCHEMA_VERSION + 1}" in caught.value.message


def test_a_registry_of_an_older_version_gets_the_tables_that_it_lacks(url: str) -> None:
    older = SqlRegistry(url)
    older.record_run(RUN)
    older.close()
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("drop table featuresql_ledgers")
    connection.execute("drop table featuresql_intervals")
    connection.execute("update featuresql_schema_version set version = 1")
    connection.commit()
    connection.close()
    registry = SqlRegistry(url)
    registry.record_ledger(LEDGER)
    assert list(registry.runs()) == [RUN]
    assert rows_of(url, "select version from featuresql_schema_version") == [(SCHEMA_VERSION,)]


def test_a_ledger_knows_the_intervals_of_its_table(url: str) -> None:
    registry = SqlRegistry(url)
    assert registry.ledger("m", "b") is None
    registry.record_ledger(LEDGER)
    registry.record_ledger(replace(LEDGER, number=2, complete_for="v2"))
    assert registry.ledger("m", "b") == replace(LEDGER, number=2, complete_for="v2")
    for start_us, seen in ((-5, "a"), (0, "b"), (0, "c"), (7, "d"), (7, None)):
        registry.record_interval("versions.m__b_2", start_us, seen)
    registry.record_interval("versions.m__b_1", 3, "e")
    assert registry.intervals("versions.m__b_2") == {-5: "a", 0: "c"}
    registry.forget_intervals("versions.m__b_2")
    assert registry.intervals("versions.m__b_2") == {}
    assert registry.intervals("versions.m__b_1") == {3: "e"}


def test_processes_that_open_a_new_registry_at_once_all_succeed(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(4)
    processes = [context.Process(target=open_registries, args=(url, 25, barrier)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    for number in range(25):
        path = url.replace("registry.db", f"{number}/registry.db")
        assert rows_of(path, "select count(*) from featuresql_runs") == [(4,)]


def test_processes_that_write_at_once_lose_nothing(url: str) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=write_runs, args=(url, first, 20)) for first in (0, 20, 40)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert {run.run_id for run in SqlRegistry(url).runs(100)} == {f"r{n}" for n in range(60)}
    assert rows_of(url, "select count(*) from featuresql_model_versions") == [(60,)]
    assert rows_of(url, "select count(*) from featuresql_current_models") == [(1,)]


def test_threads_share_one_registry(url: str) -> None:
    registry = SqlRegistry(url)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: registry.record_run(replace(RUN, run_id=f"r{n}")), range(40)))
    assert len(list(registry.runs(100))) == 40


def test_a_lock_that_is_held_too_long_is_a_clear_error(url: str) -> None:
    registry = SqlRegistry(url, lock_timeout_s=0.2)
    holder = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("begin immediate")
    with pytest.raises(RegistryError, match="another process has locked it") as caught:
        registry.record_run(RUN)
    assert caught.value.code == "registry-locked"
    assert list(registry.runs()) == []  # readers do not wait for the writer
    holder.execute("rollback")
    holder.close()
    registry.record_run(RUN)
    assert list(registry.runs()) == [RUN]


def test_a_half_written_version_is_not_there(url: str) -> None:
    registry = SqlRegistry(url)
    registry.record_model_version(VERSION)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("drop table featuresql_current_models")
    connection.commit()
    connection.close()
    with pytest.raises(RegistryError, match="no such table"):
        registry.record_model_version(replace(VERSION, version="v2"))
    assert rows_of(url, "select version from featuresql_model_versions") == [(VERSION.version,)]


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    path.write_text("this is no database, but long enough to be looked at as one" * 20)
    with pytest.raises(RegistryError, match="not a database"):
        SqlRegistry(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryError, match="cannot open the registry"):
        SqlRegistry(f"sqlite:///{tmp_path}/file/registry.db")


@pytest.mark.parametrize(
    ("url", "code", "fragment"),
    [
        ("nonsense hunter2", "registry-url", "URL cannot be read"),
        ("postgresql://u:hunter2@h:port/d", "registry-url", "URL cannot be read"),
        ("mysql://u:hunter2@h/d", "registry-url", "cannot be kept in 'mysql'"),
        ("sqlite://u:hunter2@host/x.db", "registry", "Invalid SQLite URL"),
        ("sqlite:////tmp/x.db?timeout=hunter", "registry", "could not convert"),
        ("postgresql+nodriver://u:hunter2@h/d", "registry", "nodriver"),
        ("postgresql+asyncpg://u:hunter2@h/d", "missing-driver", "asyncpg"),
    ],
)
def test_a_url_that_is_no_use_is_refused_without_its_password(
    url: str, code: str, fragment: str
) -> None:
    with pytest.raises(RegistryError) as caught:
        SqlRegistry(url)
    assert caught.value.code == code
    assert fragment in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.__cause__)


def test_what_a_driver_says_is_shown_without_the_urls_secrets() -> None:
    url = make_url("postgresql://u:h%40nter2@host/db?sslpassword=s3cret&application_name=x")
    said = "no u:h%40nter2@host, no h@nter2, no s3cret for x"
    assert _without_secrets(said, url) == "no u:***@host, no ***, no *** for x"


def test_a_number_that_the_database_cannot_hold_is_a_clear_error(url: str) -> None:
    with pytest.raises(RegistryError, match="too large"):
        SqlRegistry(url).record_model_version(replace(VERSION, rows=2**70))


def test_a_registry_in_memory_lives_as_long_as_its_object() -> None:
    registry = SqlRegistry("sqlite://")
    registry.record_run(RUN)
    assert list(registry.runs()) == [RUN]
    registry.close()
    assert list(SqlRegistry("sqlite://").runs()) == []


@pytest.mark.skipif(
    "FEATURESQL_TEST_POSTGRESQL_URL" not in os.environ,
    reason="FEATURESQL_TEST_POSTGRESQL_URL names no server",
)
def test_postgresql_keeps_the_same_records() -> None:
    url = os.environ["FEATURESQL_TEST_POSTGRESQL_URL"]
    registry = SqlRegistry(url)
    for _ in range(2):
        registry.record_model_version(VERSION)
        registry.record_run(RUN)
        registry.record_online_version(ONLINE, NOON)
    registry.close()
    again = SqlRegistry(url)
    assert again.model_versions()["carrier_delay"] == VERSION
    assert RUN in list(again.runs(1000))
    again.close()
