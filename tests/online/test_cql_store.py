"""A CQL cluster as an online store: the contract, and what only it can meet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from cql_places import open_store, settings_for, stored_rows
from cql_server import CqlServer
from cut_proxy import CutProxy
from online_store_contract import OnlineStoreContract
from online_store_helpers import (
    lookup,
    make_batch,
    make_view,
    numbered_batches,
    numbered_view,
    numbers_read,
    read_one,
)

from featuresql.errors import OnlineStoreError
from featuresql.online import chunks
from featuresql.online.cql_session import CqlSession
from featuresql.online.cql_settings import CqlSettings
from featuresql.online.cql_store import CqlStore
from featuresql.spec.column_type import BIGINT, VARCHAR

MANY = 1_500


class TestCqlStore(OnlineStoreContract):
    open_store = staticmethod(open_store)
    many = MANY
    chunk_rows = 1_000

    @pytest.fixture(autouse=True)
    def small_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(chunks, "CHUNK_ROWS", self.chunk_rows)


@pytest.fixture
def settings(tmp_path: Path) -> CqlSettings:
    return settings_for(tmp_path)


@pytest.fixture
def store(settings: CqlSettings) -> Iterator[CqlStore]:
    store = CqlStore.open(settings)
    yield store
    store.close()


@pytest.fixture
def session(settings: CqlSettings) -> Iterator[CqlSession]:
    """A session to look behind the store."""
    session = CqlSession.open(settings)
    yield session
    session.close()


@pytest.fixture
def proxy(cql_server: CqlServer) -> Iterator[CutProxy]:
    with CutProxy(cql_server.host, cql_server.port) as proxy:
        yield proxy


def simple_batch(value: float = 1.0) -> pa.RecordBatch:
    return make_batch(make_view(), {"carrier": ["A"], "mean": [value], "count": [1]})


def mean_of(store: CqlStore) -> list[object]:
    return read_one(store, lookup(make_view(), carrier=["A"]))["mean"]


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(OnlineStoreError) as caught:
        work()
    return caught.value.code


def test_opening_a_store_makes_nothing(settings: CqlSettings, session: CqlSession) -> None:
    store = CqlStore.open(settings)
    assert dict(store.current()) == {}
    assert code_of(lambda: mean_of(store)) == "not-materialized"
    store.close()
    names = [name for (name,) in session.run("SELECT keyspace_name FROM system_schema.keyspaces")]
    assert settings.keyspace not in names


def test_a_store_that_another_has_made_is_found(settings: CqlSettings, store: CqlStore) -> None:
    other = CqlStore.open(settings)
    store.write(make_view(), "v1", 0, [simple_batch()])
    assert mean_of(other) == [1.0]
    other.close()


def test_a_keyspace_that_was_dropped_is_an_error_and_then_written_anew(
    settings: CqlSettings, store: CqlStore, session: CqlSession
) -> None:
    store.write(make_view(), "v1", 0, [simple_batch()])
    session.run(f"DROP KEYSPACE {settings.keyspace}")
    assert code_of(lambda: mean_of(store)) in {"not-materialized", "refused"}
    fresh = CqlStore.open(settings)
    fresh.write(make_view(), "v1", 0, [simple_batch(2.0)])
    assert mean_of(fresh) == [2.0]
    assert mean_of(store) == [2.0]
    fresh.close()


def test_the_keyspace_has_the_replication_that_the_settings_say(
    settings: CqlSettings, session: CqlSession
) -> None:
    wanted = replace(settings, replication={"datacenter1": 2, "elsewhere": 1})
    store = CqlStore.open(replace(settings, replication={"datacenter1": 1}))
    store.write(make_view(), "v1", 0, [simple_batch()])
    store.close()
    query = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = %s"
    found = dict(session.run(query, [settings.keyspace])[0][0])
    assert found.pop("class").endswith("NetworkTopologyStrategy")
    assert found == {"datacenter1": "1"}
    other = CqlStore.open(wanted)
    assert mean_of(other) == [1.0]
    assert code_of(lambda: other.write(make_view(), "v2", 0, [])) == "replication"
    other.close()


def test_too_few_replicas_for_the_consistency_are_named(settings: CqlSettings) -> None:
    wanted = replace(settings, consistency="all", replication={"datacenter1": 2}, patience_ms=0)
    store = CqlStore.open(wanted)
    with pytest.raises(OnlineStoreError, match="1 of the 2 that it needs") as caught:
        store.write(make_view(), "v1", 0, [simple_batch()])
    assert caught.value.code == "unavailable"
    store.close()


def test_a_table_of_another_layout_is_refused(settings: CqlSettings, session: CqlSession) -> None:
    name = settings.keyspace
    session.run(
        f"CREATE KEYSPACE {name} WITH replication ="
        " {'class': 'SimpleStrategy', 'replication_factor': 1}"
    )
    session.run(f"CREATE TABLE {name}.online_rows (key text PRIMARY KEY, row blob)")
    assert code_of(lambda: CqlStore.open(settings)) == "store-version"


def test_a_store_of_another_version_is_refused(
    settings: CqlSettings, store: CqlStore, session: CqlSession
) -> None:
    store.write(make_view(), "v1", 0, [simple_batch()])
    session.run(
        f"UPDATE {settings.keyspace}.online_state SET value = 'featuresql online store 99 x'"
        " WHERE scope = 'store' AND kind = 'format' AND name = 'version'"
    )
    assert code_of(lambda: CqlStore.open(settings)) == "store-version"
    assert code_of(lambda: mean_of(store)) == "store-version"


def test_rows_carry_the_instant_from_which_they_are_valid(
    store: CqlStore, session: CqlSession
) -> None:
    rows = {"carrier": ["A", "B"], "mean": [1.0, 2.0], "count": [1, 2]}
    store.write(make_view(), "v1", 0, [make_batch(make_view(), rows, [5, -7], [9, -6])])
    assert sorted(at for _, _, at in stored_rows(session)) == [-6, 9]


def test_rows_of_two_views_of_an_entity_lie_in_one_partition(
    store: CqlStore, session: CqlSession
) -> None:
    one, two = make_view("one"), make_view("two", features={"x": BIGINT})
    rows = {"carrier": ["A"], "mean": [1.0], "count": [1]}
    store.write(one, "v1", 0, [make_batch(one, rows)])
    store.write(two, "v1", 0, [make_batch(two, {"carrier": ["A"], "x": [7]})])
    keys = [key for key, _, _ in stored_rows(session)]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_chunks_in_any_order_and_twice_leave_the_same_bytes(
    store: CqlStore, session: CqlSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 100)
    batches = list(numbered_batches(1, many=MANY))
    store.write(numbered_view(), "v1", 1, batches)
    once = stored_rows(session)
    assert len(once) == MANY
    version = store.write(numbered_view(), "v2", 1, [*batches[::-1], *batches, batches[1]])
    assert version.rows == MANY
    assert sorted(set(stored_rows(session))) == once
    assert len(stored_rows(session)) == 2 * MANY


def test_replaced_and_abandoned_versions_leave_nothing_behind(
    settings: CqlSettings, session: CqlSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", MANY // 3)
    now_s = [1_000_000.0]
    store = CqlStore.open(settings, replaced_s=60, abandoned_s=600, clock=lambda: now_s[0])

    def broken() -> Iterator[pa.RecordBatch]:
        yield from numbered_batches(0, many=MANY)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        store.write(numbered_view(), "v0", 0, broken())
    counts = []
    for number, pause_s in enumerate((0, 30, 31, 1000, 1000), start=1):
        now_s[0] += pause_s
        store.write(numbered_view(), f"v{number}", number, numbered_batches(number, many=MANY))
        assert numbers_read(store, MANY) == {(f"v{number}", number, f"t{number}")}
        counts.append(len(stored_rows(session)))
    left = 2 * MANY // 3
    assert counts == [left + MANY, left + 2 * MANY, left + 3 * MANY, 2 * MANY, 2 * MANY]
    query = f"SELECT COUNT(*) FROM {settings.keyspace}.online_chunks"
    assert session.run(query)[0][0] == 2 * 3
    query = f"SELECT kind, name FROM {settings.keyspace}.online_state"
    assert len(session.run(query)) == 1 + 1 + 1 + 2 + 2 + 1
    store.close()


def test_of_two_that_write_one_view_the_later_to_begin_wins(
    settings: CqlSettings, store: CqlStore
) -> None:
    other = CqlStore.open(settings)

    def overtaken() -> Iterator[pa.RecordBatch]:
        yield simple_batch(1.0)
        other.write(make_view(), "later", 2, [simple_batch(2.0)])

    store.write(make_view(), "first", 0, [simple_batch(0.0)])
    assert code_of(lambda: store.write(make_view(), "slow", 1, overtaken())) == "superseded"
    assert mean_of(store) == mean_of(other) == [2.0]
    other.close()


def test_a_version_that_was_taken_for_abandoned_never_becomes_current(
    settings: CqlSettings, store: CqlStore
) -> None:
    other_view = make_view("other")
    impatient = CqlStore.open(settings, abandoned_s=-1)

    def slow() -> Iterator[pa.RecordBatch]:
        yield simple_batch(1.0)
        impatient.write(other_view, "v1", 0, [])

    store.write(make_view(), "v0", 0, [simple_batch(0.0)])
    assert code_of(lambda: store.write(make_view(), "v1", 0, slow())) == "superseded"
    assert mean_of(store) == [0.0]
    impatient.close()


def test_a_current_version_is_never_removed_whatever_its_mark_says(
    settings: CqlSettings, session: CqlSession
) -> None:
    eager = CqlStore.open(settings, replaced_s=-1, abandoned_s=-1)
    number = eager.write(make_view(), "v1", 0, [simple_batch(1.0)]).number
    session.run(
        f"UPDATE {settings.keyspace}.online_state SET value = '{number} writing 0'"
        " WHERE scope = 'store' AND kind = 'garbage' AND name = 'delay'"
    )
    eager.write(make_view("other"), "v1", 0, [])
    assert mean_of(eager) == [1.0]
    eager.close()


def test_a_reader_looks_for_new_versions_as_often_as_the_settings_say(
    settings: CqlSettings, store: CqlStore
) -> None:
    store.write(make_view(), "v1", 0, [simple_batch(1.0)])
    reader = CqlStore.open(replace(settings, refresh_ms=500))
    assert mean_of(reader) == [1.0]
    store.write(make_view(), "v2", 0, [simple_batch(2.0)])
    assert mean_of(reader) == [1.0]
    time.sleep(0.6)
    assert mean_of(reader) == [2.0]
    store.write(make_view(), "v3", 0, [simple_batch(3.0)])
    assert reader.current()["delay"].version == "v3"
    assert mean_of(reader) == [3.0]
    reader.close()


def test_rows_of_any_size_are_written_and_read(store: CqlStore) -> None:
    view = make_view(keys={"a": VARCHAR, "b": VARCHAR}, features={"text": VARCHAR})
    sizes = [0, 10, 40_000, 60_000, 1_000_000, 100]
    texts: list[object] = ["x" * size for size in sizes]
    keys: dict[str, list[object]] = {
        "a": ["k" * size for size in (0, 600, 1_000, 1_020, 5_000, 70_000)],
        "b": ["", "", "l" * 5_000, "", "", ""],
    }
    store.write(view, "v1", 0, [make_batch(view, {**keys, "text": texts})])
    assert read_one(store, lookup(view, **keys))["text"] == texts


def test_a_user_is_let_in_by_the_password_alone(settings: CqlSettings) -> None:
    if settings.password is None:
        pytest.skip("the server that was given asks for no password")
    for wrong in (replace(settings, password="wrong"), replace(settings, user=None)):  # noqa: S106
        with pytest.raises(OnlineStoreError) as caught:
            CqlStore.open(wrong)
        assert caught.value.code == "denied"
        assert "wrong" not in str(caught.value)
    assert settings.password not in repr(settings).replace(settings.user or "", "")


def test_a_user_who_may_not_write_is_told(settings: CqlSettings, session: CqlSession) -> None:
    if settings.password is None:
        pytest.skip("the server that was given asks for no password")
    user = f"reader_{settings.keyspace}"
    session.run(f"CREATE ROLE {user} WITH PASSWORD = 'secret' AND LOGIN = true")
    store = CqlStore.open(replace(settings, user=user, password="secret"))  # noqa: S106 - its own
    assert code_of(lambda: store.write(make_view(), "v1", 0, [])) == "denied"
    store.close()


def test_tls_is_spoken_and_the_servers_certificate_is_checked(
    settings: CqlSettings, cql_server: CqlServer
) -> None:
    if cql_server.ca_cert is None:
        pytest.skip("the server that was given speaks no TLS")
    secure = replace(settings, secure=True, ca_cert=Path(cql_server.ca_cert))
    store = CqlStore.open(secure)
    store.write(make_view(), "v1", 0, [simple_batch()])
    assert mean_of(store) == [1.0]
    store.close()
    assert code_of(lambda: CqlStore.open(replace(secure, ca_cert=None))) == "unreachable"
    missing = replace(secure, ca_cert=Path("nowhere.pem"))
    assert code_of(lambda: CqlStore.open(missing)) == "unreachable"


def test_a_cluster_that_is_not_there_is_an_error(settings: CqlSettings) -> None:
    start = time.monotonic()
    with pytest.raises(OnlineStoreError, match="cannot be reached") as caught:
        CqlStore.open(replace(settings, port=1))
    assert caught.value.code == "unreachable"
    assert "`hosts`" in (caught.value.hint or "")
    assert time.monotonic() - start < 10
    assert code_of(lambda: CqlStore.open(replace(settings, local_dc="nowhere"))) == "unreachable"


def test_a_write_goes_on_after_its_connections_were_cut(
    settings: CqlSettings, session: CqlSession, proxy: CutProxy
) -> None:
    store = CqlStore.open(replace(settings, port=proxy.port))
    store.write(numbered_view(), "v1", 1, numbered_batches(1, many=MANY))
    undisturbed = stored_rows(session)

    def disturbed() -> Iterator[pa.RecordBatch]:
        for at, batch in enumerate(numbered_batches(1, many=MANY)):
            if at == 1:
                proxy.cut()
            if at == 2:
                proxy.refuse(refusing=True)
                time.sleep(0.3)
                proxy.refuse(refusing=False)
            yield batch

    version = store.write(numbered_view(), "v2", 2, disturbed())
    assert version.rows == MANY
    assert numbers_read(store, MANY) == {("v2", 1, "t1")}
    assert sorted(set(stored_rows(session))) == undisturbed
    store.close()


def test_reads_fail_clearly_while_the_cluster_is_away_and_work_again_when_it_is_back(
    settings: CqlSettings, proxy: CutProxy
) -> None:
    store = CqlStore.open(replace(settings, port=proxy.port, timeout_ms=300))
    store.write(make_view(), "v1", 0, [simple_batch()])
    proxy.refuse(refusing=True)
    assert code_of(lambda: mean_of(store)) in {"unreachable", "timeout"}
    proxy.refuse(refusing=False)
    assert eventually(lambda: mean_of(store)) == [1.0]
    proxy.stall(stalling=True)
    start = time.monotonic()
    assert code_of(lambda: mean_of(store)) == "timeout"
    assert time.monotonic() - start < 2
    proxy.stall(stalling=False)
    assert eventually(lambda: mean_of(store)) == [1.0]
    store.close()


def test_a_write_whose_cluster_stays_away_ends_and_leaves_the_old_version(
    settings: CqlSettings, store: CqlStore, proxy: CutProxy
) -> None:
    store.write(make_view(), "v1", 0, [simple_batch(1.0)])
    through = replace(settings, port=proxy.port, patience_ms=500, timeout_ms=500)
    cut_off = CqlStore.open(through)

    def then_gone() -> Iterator[pa.RecordBatch]:
        yield simple_batch(2.0)
        proxy.refuse(refusing=True)

    start = time.monotonic()
    code = code_of(lambda: cut_off.write(make_view(), "v2", 0, then_gone()))
    assert code in {"unreachable", "timeout"}
    assert time.monotonic() - start < 10
    assert mean_of(store) == [1.0]
    cut_off.close()


def eventually(work: Callable[[], list[object]], wait_s: float = 10) -> list[object]:
    """Return what `work` gives when it no longer fails."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return work()
        except OnlineStoreError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
