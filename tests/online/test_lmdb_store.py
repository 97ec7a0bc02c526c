"""LMDB as an online store: the contract, and what only it can meet."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import lmdb
import pyarrow as pa
import pytest
from online_store_contract import OnlineStoreContract
from online_store_helpers import (
    MANY,
    SPAWN,
    lookup,
    make_batch,
    make_view,
    numbered_batches,
    numbered_view,
    numbers_read,
    read_one,
    write_in_other_process,
)

from featuresql.errors import OnlineStoreError
from featuresql.online.lmdb_environment import LmdbEnvironment
from featuresql.online.lmdb_store import LmdbStore
from featuresql.online.writer_lock import LOCK_FILE
from featuresql.spec.column_type import BIGINT, DOUBLE, VARCHAR, list_of

PAGE = 4096


def open_store(path: Path) -> LmdbStore:
    return LmdbStore.open(path)


class TestLmdbStore(OnlineStoreContract):
    open_store = staticmethod(open_store)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "target" / "online"


def simple_batch(value: float = 1.0) -> pa.RecordBatch:
    return make_batch(make_view(), {"carrier": ["A"], "mean": [value], "count": [1]})


def write_simple(folder: Path, value: float = 1.0) -> None:
    store = open_store(folder)
    store.write(make_view(), "v1", 0, [simple_batch(value)])
    store.close()


def mean_of(store: LmdbStore) -> list[object]:
    return read_one(store, lookup(make_view(), carrier=["A"]))["mean"]


def entries(folder: Path) -> int:
    """Return how many keys the file holds; no store may have it open."""
    with lmdb.open(str(folder), readonly=True) as environment:
        return int(environment.stat()["entries"])


@pytest.mark.parametrize("read_only", [False, True])
def test_opening_a_folder_that_does_not_exist_makes_nothing(folder: Path, read_only: bool) -> None:  # noqa: FBT001
    store = LmdbStore.open(folder, read_only=read_only)
    assert dict(store.current()) == {}
    with pytest.raises(OnlineStoreError) as caught:
        mean_of(store)
    assert caught.value.code == "not-materialized"
    assert not folder.exists()
    write_simple(folder)
    assert mean_of(store) == [1.0]
    store.close()


def test_a_store_for_reading_does_not_write(folder: Path) -> None:
    write_simple(folder)
    store = LmdbStore.open(folder, read_only=True)
    with pytest.raises(OnlineStoreError) as caught:
        store.write(make_view(), "v2", 0, [])
    assert caught.value.code == "read-only"
    assert mean_of(store) == [1.0]
    store.close()


def test_a_folder_that_was_removed_and_written_again_is_read_anew(folder: Path) -> None:
    write_simple(folder, 1.0)
    store = LmdbStore.open(folder, read_only=True)
    assert mean_of(store) == [1.0]
    shutil.rmtree(folder)
    with pytest.raises(OnlineStoreError) as caught:
        mean_of(store)
    assert caught.value.code == "not-materialized"
    write_simple(folder, 2.0)
    assert mean_of(store) == [2.0]
    store.close()


def test_the_map_grows_by_itself_under_threads_that_read(folder: Path) -> None:
    store = LmdbStore.open(folder, map_bytes=16 * PAGE)
    store.write(make_view(), "v1", 0, [simple_batch()])
    done = False

    def keep_reading() -> int:
        count = 0
        while not done:
            assert mean_of(store) == [1.0]
            count += 1
        return count

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(keep_reading) for _ in range(3)]
        try:
            store.write(numbered_view(), "v1", 1, numbered_batches(1))
        finally:
            done = True
        assert all(reader.result() > 0 for reader in readers)
    assert numbers_read(store) == {("v1", 1, "t1")}
    assert (folder / "data.mdb").stat().st_size > 16 * PAGE
    store.close()


def test_a_map_that_another_process_has_grown_is_taken_over(folder: Path) -> None:
    store = LmdbStore.open(folder, map_bytes=16 * PAGE)
    store.write(make_view(), "v1", 0, [simple_batch()])
    mine, theirs = SPAWN.Pipe()
    writer = SPAWN.Process(target=write_in_other_process, args=(open_store, folder, 1, theirs))
    writer.start()
    assert [mine.recv(), mine.recv()] == ["ready", "done"]
    writer.join(30)
    assert numbers_read(store) == {("v1", 1, "t1")}
    store.write(numbered_view(), "v2", 2, numbered_batches(2))
    assert numbers_read(store) == {("v2", 2, "t2")}
    store.close()


def test_replaced_versions_leave_nothing_behind(folder: Path) -> None:
    store = open_store(folder)
    other = make_view("other", "row", {"id": BIGINT}, {"x": BIGINT})
    store.write(other, "v1", 0, [make_batch(other, {"id": [1, 2], "x": [1, 2]})])
    for number in range(4):
        store.write(numbered_view(), f"v{number}", number, numbered_batches(number))
    assert read_one(store, lookup(other, id=[1, 2]))["x"] == [1, 2]
    size = (folder / "data.mdb").stat().st_size
    for number in range(4, 8):
        store.write(numbered_view(), f"v{number}", number, numbered_batches(number))
    assert (folder / "data.mdb").stat().st_size <= size * 1.1
    store.close()
    assert MANY + 2 < entries(folder) < MANY + 12


def test_what_a_killed_write_left_goes_with_the_next_one(folder: Path) -> None:
    write_simple(folder)
    before = entries(folder)
    mine, theirs = SPAWN.Pipe()
    killed = SPAWN.Process(target=write_half, args=(folder, theirs))
    killed.start()
    assert mine.recv() == "half"
    assert killed.pid is not None
    os.kill(killed.pid, signal.SIGKILL)
    killed.join(30)
    assert entries(folder) > before + 60_000
    write_simple(folder, 2.0)
    assert entries(folder) <= before + 1
    store = open_store(folder)
    assert mean_of(store) == [2.0]
    store.close()


def write_half(folder: Path, pipe: Connection) -> None:
    """Write a chunk and a bit of another view, then wait to be killed."""

    def rows() -> Iterator[pa.RecordBatch]:
        for first in (0, 65_536, 131_072):
            ids: list[object] = list(range(first, first + 65_536))
            yield make_batch(numbered_view(), {"id": ids, "number": ids, "text": [None] * len(ids)})
        pipe.send("half")
        time.sleep(60)

    open_store(folder).write(numbered_view(), "v1", 0, rows())


def test_a_second_writer_waits_and_is_then_told(folder: Path) -> None:
    write_simple(folder)
    with (folder / LOCK_FILE).open("rb+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        store = LmdbStore.open(folder, writer_wait_s=0.2)
        start = time.monotonic()
        with pytest.raises(OnlineStoreError, match="another process is writing") as caught:
            store.write(make_view(), "v2", 0, [simple_batch(2.0)])
        assert 0.2 <= time.monotonic() - start < 5
        assert caught.value.code == "writer-busy"
        assert caught.value.hint
        assert mean_of(store) == [1.0]
    store.write(make_view(), "v2", 0, [simple_batch(2.0)])
    assert mean_of(store) == [2.0]
    store.close()


def test_two_stores_of_one_process_write_one_after_the_other(folder: Path) -> None:
    stores = [open_store(folder) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        numbers = list(
            pool.map(
                lambda at: (
                    stores[at].write(numbered_view(), f"v{at}", at, numbered_batches(at)).number
                ),
                range(3),
            )
        )
    assert len(set(numbers)) == 3
    latest = numbers.index(max(numbers))
    assert numbers_read(stores[0]) == {(f"v{latest}", latest, f"t{latest}")}
    for store in stores:
        store.close()
    assert entries(folder) < MANY + 12


def test_a_store_of_another_version_is_refused(folder: Path) -> None:
    write_simple(folder)
    with lmdb.open(str(folder)) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"\0\0\0\0format", b"featuresql online store 99")
    for use in (lambda: LmdbStore.open(folder), lambda: write_simple(folder)):
        with pytest.raises(OnlineStoreError, match="store 99") as caught:
            use()
        assert caught.value.code == "store-version"
        assert "materialize again" in (caught.value.hint or "")


def test_a_file_of_lmdb_that_is_no_store_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    with lmdb.open(str(folder)) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"some", b"thing")
    with pytest.raises(OnlineStoreError) as caught:
        LmdbStore.open(folder)
    assert caught.value.code == "store-version"
    assert entries(folder) == 1


def test_a_file_that_is_none_of_lmdb_is_refused(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "data.mdb").write_bytes(os.urandom(4 * PAGE))
    for use in (lambda: LmdbStore.open(folder), lambda: write_simple(folder)):
        with pytest.raises(OnlineStoreError) as caught:
            use()
        assert caught.value.code == "corrupt"


def test_a_file_that_was_cut_off_is_refused_instead_of_killing_the_process(folder: Path) -> None:
    store = open_store(folder)
    store.write(numbered_view(), "v1", 1, numbered_batches(1))
    store.close()
    data = folder / "data.mdb"
    os.truncate(data, data.stat().st_size // 2 // PAGE * PAGE)
    with pytest.raises(OnlineStoreError, match="cut off") as caught:
        open_store(folder)
    assert caught.value.code == "corrupt"


def test_pages_that_lmdb_never_wrote_do_not_look_cut_off(folder: Path) -> None:
    def take_and_free(transaction: lmdb.Transaction[bytes]) -> None:
        transaction.put(b"\0\0\0\0big", bytes(100 * PAGE))
        transaction.delete(b"\0\0\0\0big")

    write_simple(folder)
    environment = LmdbEnvironment.acquire(folder, 2**24)
    environment.write(take_and_free)
    environment.release()
    assert (folder / "data.mdb").stat().st_size > 100 * PAGE
    store = open_store(folder)
    assert mean_of(store) == [1.0]
    store.close()


def test_rows_that_no_write_made_are_refused(folder: Path) -> None:
    write_simple(folder)
    with lmdb.open(str(folder)) as environment, environment.begin(write=True) as transaction:
        cursor = transaction.cursor()
        assert cursor.set_range(b"\0\0\0\x01")
        transaction.put(cursor.key(), cursor.value()[:-1])
    store = open_store(folder)
    with pytest.raises(OnlineStoreError) as caught:
        mean_of(store)
    assert caught.value.code == "corrupt"
    store.close()


def test_a_damaged_record_of_a_version_is_refused(folder: Path) -> None:
    write_simple(folder)
    with lmdb.open(str(folder)) as environment, environment.begin(write=True) as transaction:
        key = b"\0\0\0\0current/delay"
        text = transaction.get(key) or b""
        transaction.put(key, text.replace(b'"DOUBLE"', b'"BIGINT"'))
    store = open_store(folder)
    with pytest.raises(OnlineStoreError, match="schema") as caught:
        store.current()
    assert caught.value.code == "corrupt"
    store.close()


def test_a_file_where_the_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "online").write_text("not a folder")
    with pytest.raises(OnlineStoreError):
        write_simple(tmp_path / "online")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_is_an_error(folder: Path) -> None:
    folder.parent.mkdir()
    folder.parent.chmod(0o500)
    with pytest.raises(OnlineStoreError) as caught:
        write_simple(folder)
    assert caught.value.code == "denied"


def write_beyond_the_limit(folder: Path, pipe: Connection) -> None:
    """Write with a limit on the size of files, as a full disk would have it, and then without."""
    store = open_store(folder)
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, most[1]))
    try:
        store.write(numbered_view(), "v2", 2, numbered_batches(2))
    except OnlineStoreError as error:
        pipe.send((error.code, error.hint, numbers_read(store)))
    else:
        pipe.send(None)
    resource.setrlimit(resource.RLIMIT_FSIZE, most)
    store.write(numbered_view(), "v3", 3, numbered_batches(3))
    pipe.send(numbers_read(store))
    store.close()


def test_a_full_disk_is_an_error_that_leaves_the_old_version_served(folder: Path) -> None:
    store = open_store(folder)
    store.write(numbered_view(), "v1", 1, numbered_batches(1))
    store.close()
    mine, theirs = SPAWN.Pipe()
    writer = SPAWN.Process(target=write_beyond_the_limit, args=(folder, theirs))
    writer.start()
    failure, after = mine.recv(), mine.recv()
    writer.join(30)
    assert failure is not None
    code, hint, seen = failure
    assert code == "full"
    assert "make room" in hint
    assert seen == {("v1", 1, "t1")}
    assert after == {("v3", 3, "t3")}


def test_keys_of_any_length_are_found(folder: Path) -> None:
    store = open_store(folder)
    view = make_view(keys={"a": VARCHAR, "b": VARCHAR}, features={"n": BIGINT})
    keys = [("x" * n, "y" * (600 - n)) for n in range(0, 600, 50)] + [("x", "y"), ("", "")]
    columns: dict[str, list[object]] = {
        "a": [key[0] for key in keys],
        "b": [key[1] for key in keys],
    }
    numbers: list[object] = list(range(len(keys)))
    store.write(view, "v1", 0, [make_batch(view, {**columns, "n": numbers})])
    assert read_one(store, lookup(view, a=columns["a"], b=columns["b"]))["n"] == numbers
    assert read_one(store, lookup(view, a=["x" * 601], b=[""]))["n"] == [None]
    store.close()


def test_wide_rows_are_written_in_bounded_chunks(folder: Path) -> None:
    store = open_store(folder)
    view = make_view(keys={"id": BIGINT}, features={"vector": list_of(DOUBLE), "text": VARCHAR})
    width, count = 1536, 6000
    values = pa.array(range(width * count)).cast(pa.float64())
    vectors = pa.ListArray.from_arrays(range(0, width * count + 1, width), values)
    ticks = pa.array([1] * count, pa.timestamp("us", tz="UTC"))
    texts = pa.array([f"t{i}" for i in range(count)])
    batch = pa.RecordBatch.from_arrays(
        [pa.array(range(count)), ticks, ticks, vectors, texts],
        names=["id", "event_ts", "available_at", "vector", "text"],
    )
    assert store.write(view, "v1", 0, [batch]).rows == count
    (answer,) = store.read([lookup(view, id=[5999, 7, None, 2999])])
    wanted = pa.array([5999, 7, None, 2999])
    assert answer.rows.column("vector").equals(vectors.take(wanted))
    assert answer.rows.column("text").equals(texts.take(wanted))
    store.close()


def test_many_keys_at_once_keep_their_order(folder: Path) -> None:
    store = open_store(folder)
    store.write(numbered_view(), "v1", 1, numbered_batches(1))
    ids: list[object] = [(i * 7919) % (2 * MANY) for i in range(3 * MANY)]
    found = read_one(store, lookup(numbered_view(), id=ids))["number"]
    assert found == [1 if int(str(i)) < MANY else None for i in ids]
    store.close()


def test_the_last_store_to_close_gives_the_file_back(folder: Path) -> None:
    first, second = open_store(folder), open_store(folder)
    first.write(make_view(), "v1", 0, [simple_batch()])
    first.close()
    assert mean_of(second) == [1.0]
    second.close()
    assert not LmdbEnvironment._open  # noqa: SLF001 - what it holds is the point
    assert entries(folder) > 0
