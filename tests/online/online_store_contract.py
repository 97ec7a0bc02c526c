"""What every online store must do. An adapter's tests subclass `OnlineStoreContract`."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from online_store_helpers import (
    MANY,
    SPAWN,
    Opener,
    lookup,
    make_batch,
    make_view,
    numbered_batches,
    numbered_view,
    numbers_read,
    read_in_other_process,
    read_one,
    write_in_other_process,
)
from online_strategies import (
    exact_column,
    key_column_types,
    tables,
    values_of,
)

from featuresql.errors import OnlineStoreError
from featuresql.ports import OnlineStore, OnlineVersion, ViewLookup
from featuresql.spec.column_type import (
    BIGINT,
    DOUBLE,
    TIMESTAMP_ARROW,
    VARCHAR,
    ColumnType,
    list_of,
)


class OnlineStoreContract:
    """The tests. `open_store` is a module's function, so that other processes can call it.

    `many` and `chunk_rows` are how many rows they write at once, and in how many pieces a store
    that is slow to write may be given them.
    """

    open_store: ClassVar[Opener]
    many: ClassVar[int] = MANY
    chunk_rows: ClassVar[int] = 65_536

    def batches(self, number: int, pause_s: float = 0.0) -> Iterator[pa.RecordBatch]:
        return numbered_batches(number, pause_s, self.many)

    def numbers(self, store: OnlineStore) -> set[tuple[object, ...]]:
        return numbers_read(store, self.many)

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "online"

    @pytest.fixture
    def store(self, path: Path) -> Iterator[OnlineStore]:
        store = type(self).open_store(path)
        yield store
        store.close()

    def test_an_empty_store_has_no_versions_and_answers_nothing(self, store: OnlineStore) -> None:
        assert dict(store.current()) == {}
        assert store.read([]) == ()
        with pytest.raises(OnlineStoreError) as caught:
            store.read([lookup(make_view(), carrier=["AA"])])
        assert caught.value.code == "not-materialized"
        assert "featuresql materialize --select delay" in (caught.value.hint or "")

    def test_what_was_written_is_read_in_the_order_asked(self, store: OnlineStore) -> None:
        view = make_view()
        rows = {"carrier": ["UA", "AA", ""], "mean": [1.5, None, 3.0], "count": [1, 2, None]}
        version = store.write(view, "v1", 99, [make_batch(view, rows, [5, 6, 7], [8, 9, 10])])
        assert version == OnlineVersion(view, "v1", version.number, 99, 3)
        (answer,) = store.read([lookup(view, carrier=["AA", "", "AA", "UA"])])
        assert answer.version == version
        assert answer.rows.schema == pa.schema(
            [
                ("event_ts", TIMESTAMP_ARROW),
                ("available_at", TIMESTAMP_ARROW),
                ("mean", pa.float64()),
                ("count", pa.int64()),
            ]
        )
        found = answer.rows
        assert found.column("mean").to_pylist() == [None, 3.0, None, 1.5]
        assert found.column("count").to_pylist() == [2, None, 2, 1]
        assert found.column("event_ts").cast(pa.int64()).to_pylist() == [6, 7, 6, 5]
        assert found.column("available_at").cast(pa.int64()).to_pylist() == [9, 10, 9, 8]

    def test_null_and_unknown_keys_give_rows_of_nulls(self, store: OnlineStore) -> None:
        view = make_view()
        store.write(
            view, "v1", 0, [make_batch(view, {"carrier": [""], "mean": [1.0], "count": [2]})]
        )
        found = read_one(store, lookup(view, carrier=[None, "ZZ", "", None]))
        assert found["mean"] == [None, None, 1.0, None]
        assert [tick is None for tick in found["event_ts"]] == [True, True, False, True]
        assert [tick is None for tick in found["available_at"]] == [True, True, False, True]

    def test_no_keys_give_no_rows(self, store: OnlineStore) -> None:
        view = make_view()
        store.write(
            view, "v1", 0, [make_batch(view, {"carrier": [""], "mean": [1.0], "count": [2]})]
        )
        (answer,) = store.read([lookup(view, carrier=[])])
        assert answer.rows.num_rows == 0
        assert answer.rows.schema.names == ["event_ts", "available_at", "mean", "count"]

    def test_only_the_asked_features_come_and_in_the_order_asked(self, store: OnlineStore) -> None:
        view = make_view()
        store.write(
            view, "v1", 0, [make_batch(view, {"carrier": ["A"], "mean": [1.0], "count": [2]})]
        )
        (answer,) = store.read([lookup(view, ("count",), carrier=["A"])])
        assert answer.rows.schema.names == ["event_ts", "available_at", "count"]
        (answer,) = store.read([lookup(view, ("count", "mean"), carrier=["A"])])
        assert answer.rows.select(["count", "mean"]).to_pylist() == [{"count": 2, "mean": 1.0}]
        (answer,) = store.read([lookup(view, (), carrier=["A"])])
        assert answer.rows.schema.names == ["event_ts", "available_at"]

    def test_a_feature_that_was_not_written_is_named(self, store: OnlineStore) -> None:
        view = make_view()
        store.write(view, "v1", 0, [])
        with pytest.raises(OnlineStoreError, match="'meen'") as caught:
            store.read([lookup(view, ("meen",), carrier=["A"])])
        assert caught.value.code == "not-materialized"
        assert "did you mean 'mean'" in (caught.value.hint or "")

    def test_keys_of_another_type_are_refused(self, store: OnlineStore) -> None:
        view = make_view()
        store.write(view, "v1", 0, [])
        changed = make_view(keys={"carrier": BIGINT})
        with pytest.raises(OnlineStoreError) as caught:
            store.read([lookup(changed, carrier=[1])])
        assert caught.value.code == "key-type"

    @pytest.mark.parametrize("batches", [[], ["empty"], ["empty", "empty"]])
    def test_a_version_without_rows_is_a_version(
        self, store: OnlineStore, batches: list[str]
    ) -> None:
        view = make_view()
        empty = make_batch(view, {"carrier": [], "mean": [], "count": []})
        version = store.write(view, "v1", 0, [empty for _ in batches])
        assert version.rows == 0
        assert store.current()["delay"] == version
        assert read_one(store, lookup(view, carrier=["AA"]))["mean"] == [None]

    def test_of_several_rows_of_a_key_the_greatest_instants_stay(self, store: OnlineStore) -> None:
        view = make_view(keys={"id": BIGINT}, features={"what": VARCHAR})
        first = make_batch(
            view,
            {"id": [1, 2, 1, 3, 4, 2], "what": ["a", "b", "c", "d", "e", "f"]},
            [5, 5, 6, 5, 5, 5],
            [5, 9, 6, 5, 5, 7],
        )
        second = make_batch(
            view, {"id": [3, 4, 3, 5], "what": ["g", "h", "i", "j"]}, [5, 4, 5, 1], [6, 9, 5, 1]
        )
        version = store.write(view, "v1", 0, [first, second])
        assert version.rows == 5
        found = read_one(store, lookup(view, id=[1, 2, 3, 4, 5]))
        assert found["what"] == ["c", "b", "g", "e", "j"]

    def test_duplicates_converge_across_chunks_in_either_order(self, store: OnlineStore) -> None:
        view = make_view(keys={"id": BIGINT}, features={"what": BIGINT})
        count = self.chunk_rows + 4_464
        ids: list[object] = list(range(count))
        old = make_batch(view, {"id": ids, "what": [1] * count}, [1] * count)
        ticks = [2 if i % 3 else 0 for i in range(count)]
        new = make_batch(view, {"id": ids[::-1], "what": [2] * count}, ticks[::-1])
        expected = [2 if tick else 1 for tick in ticks]
        for name, batches in (("v1", [old, new]), ("v2", [new, old])):
            assert store.write(view, name, 0, batches).rows == count
            (answer,) = store.read([lookup(view, id=ids)])
            assert answer.rows.column("what").to_pylist() == expected

    def test_of_several_later_rows_in_a_later_chunk_the_last_stays(
        self, store: OnlineStore
    ) -> None:
        view = make_view(keys={"id": BIGINT}, features={"what": BIGINT})
        ids: list[object] = list(range(self.chunk_rows))
        old = make_batch(view, {"id": ids, "what": [10] * len(ids)}, [10] * len(ids))
        ticks = [20, 15, 15, 20, 9, 8]
        new = make_batch(view, {"id": [3, 3, 4, 4, 5, 5], "what": ticks}, ticks)
        assert store.write(view, "v1", 0, [old, new]).rows == len(ids)
        assert read_one(store, lookup(view, id=[3, 4, 5]))["what"] == [20, 20, 10]

    def test_views_of_one_entity_and_of_others_do_not_touch_each_other(
        self, store: OnlineStore
    ) -> None:
        one = make_view("one", "carrier")
        two = make_view("two", "carrier", features={"text": VARCHAR})
        far = make_view("far", "place", {"a": VARCHAR, "b": VARCHAR}, {"x": BIGINT})
        rows = {"carrier": ["A", "B"], "mean": [1.0, 2.0], "count": [1, 2]}
        store.write(one, "v1", 0, [make_batch(one, rows)])
        store.write(two, "v1", 0, [make_batch(two, {"carrier": ["B"], "text": ["b"]})])
        store.write(far, "v1", 0, [make_batch(far, {"a": ["A"], "b": ["B"], "x": [7]})])
        store.write(
            one, "v2", 0, [make_batch(one, {"carrier": ["A"], "mean": [9.0], "count": [9]})]
        )
        asked = lookup(one, carrier=["A", "B"])
        answers = store.read(
            [
                asked,
                lookup(two, carrier=["A", "B"]),
                lookup(far, a=["A", "AB"], b=["B", ""]),
                ViewLookup("two", asked.keys, ()),
            ]
        )
        assert [a.version.version for a in answers] == ["v2", "v1", "v1", "v1"]
        assert answers[0].rows.column("mean").to_pylist() == [9.0, None]
        assert answers[1].rows.column("text").to_pylist() == [None, "b"]
        assert answers[2].rows.column("x").to_pylist() == [7, None]
        assert answers[3].rows.column("event_ts").is_valid().to_pylist() == [False, True]

    def test_entities_with_equal_keys_stay_apart_in_one_read(self, store: OnlineStore) -> None:
        views = [make_view("one", "carrier"), make_view("two", "airline")]
        for at, view in enumerate(views):
            rows = {"carrier": ["A"], "mean": [float(at)], "count": [at]}
            store.write(view, "v1", 0, [make_batch(view, rows)])
        answers = store.read([lookup(view, carrier=["A", None]) for view in views])
        assert [a.rows.column("count").to_pylist() for a in answers] == [[0, None], [1, None]]

    def test_a_version_carries_its_whole_view_and_numbers_grow(
        self, store: OnlineStore, path: Path
    ) -> None:
        nested = ColumnType("STRUCT", fields=(('odd "name", (x)', list_of(VARCHAR)),))
        view = make_view(keys={"a": BIGINT, "b": VARCHAR}, features={"s": nested, "d": DOUBLE})
        other = make_view("other")
        written = [store.write(v, "v", 3, []) for v in (view, other, view, other)]
        assert sorted(v.number for v in written) == [v.number for v in written]
        assert len({v.number for v in written}) == len(written)
        expected = {"delay": written[2], "other": written[3]}
        assert dict(store.current()) == expected
        again = type(self).open_store(path)
        assert dict(again.current()) == expected
        again.close()

    def test_a_view_may_change_its_features_with_a_version(self, store: OnlineStore) -> None:
        old = make_view(features={"x": BIGINT})
        new = make_view(features={"y": VARCHAR, "x": DOUBLE})
        store.write(old, "v1", 0, [make_batch(old, {"carrier": ["A"], "x": [1]})])
        store.write(new, "v2", 0, [make_batch(new, {"carrier": ["A"], "x": [0.5], "y": ["q"]})])
        found = read_one(store, lookup(new, carrier=["A"]))
        assert (found["x"], found["y"]) == ([0.5], ["q"])

    @pytest.mark.parametrize(
        ("broken", "code"),
        [
            ({"carrier": [None], "mean": [1.0], "count": [1]}, "null-key"),
            ({"carrier": ["A"], "mean": [1.0], "other": [1]}, "schema"),
            ({"carrier": ["A"], "mean": ["x"], "count": [1]}, "schema"),
        ],
    )
    def test_batches_that_do_not_fit_are_refused_and_change_nothing(
        self, store: OnlineStore, broken: dict[str, list[object]], code: str
    ) -> None:
        view = make_view()
        good = make_batch(view, {"carrier": ["A"], "mean": [1.0], "count": [1]})
        store.write(view, "v1", 0, [good])
        ticks = [pa.array([1], TIMESTAMP_ARROW)] * 2
        arrays = [pa.array(values) for values in broken.values()]
        names = list(broken)
        bad = pa.RecordBatch.from_arrays(
            [arrays[0].cast(pa.string()), *ticks, *arrays[1:]],
            names=[names[0], "event_ts", "available_at", *names[1:]],
        )
        with pytest.raises(OnlineStoreError) as caught:
            store.write(view, "v2", 0, [good, bad])
        assert caught.value.code == code
        assert store.current()["delay"].version == "v1"

    def test_a_null_instant_is_refused(self, store: OnlineStore) -> None:
        view = make_view()
        rows = {"carrier": ["A"], "mean": [1.0], "count": [1]}
        bad = make_batch(view, rows, [None])  # type: ignore[list-item]
        with pytest.raises(OnlineStoreError, match="event_ts"):
            store.write(view, "v1", 0, [bad])

    def test_readers_see_the_old_version_until_the_new_one_is_complete(
        self, store: OnlineStore, path: Path
    ) -> None:
        other = type(self).open_store(path)
        store.write(numbered_view(), "v1", 1, self.batches(1))

        def watched() -> Iterator[pa.RecordBatch]:
            for batch in self.batches(2):
                yield batch
                assert self.numbers(store) == {("v1", 1, "t1")}
                assert self.numbers(other) == {("v1", 1, "t1")}

        store.write(numbered_view(), "v2", 2, watched())
        assert self.numbers(store) == self.numbers(other) == {("v2", 2, "t2")}
        other.close()

    def test_a_failed_write_keeps_the_old_version_and_the_next_one_works(
        self, store: OnlineStore
    ) -> None:
        def broken() -> Iterator[pa.RecordBatch]:
            yield from list(self.batches(2))[:2]
            raise OSError(5, "the engine broke")

        store.write(numbered_view(), "v1", 1, self.batches(1))
        with pytest.raises(OSError, match="the engine broke"):
            store.write(numbered_view(), "v2", 2, broken())
        assert self.numbers(store) == {("v1", 1, "t1")}
        store.write(numbered_view(), "v3", 3, self.batches(3))
        assert self.numbers(store) == {("v3", 3, "t3")}

    def test_threads_read_whole_versions_while_one_writes(self, store: OnlineStore) -> None:
        store.write(numbered_view(), "v0", 0, self.batches(0))
        done = threading.Event()

        def keep_reading() -> list[set[tuple[object, ...]]]:
            seen = []
            while not done.is_set():
                seen.append(self.numbers(store))
            return seen

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(keep_reading) for _ in range(4)]
            try:
                for number in range(1, 4):
                    store.write(numbered_view(), f"v{number}", number, self.batches(number))
            finally:
                done.set()
            seen = [numbers for reader in readers for numbers in reader.result()]
        _assert_whole_and_in_order(seen, ordered=False)

    def test_another_process_reads_whole_versions_only_and_never_goes_back(
        self, store: OnlineStore, path: Path
    ) -> None:
        store.write(numbered_view(), "v0", 0, self.batches(0))
        mine, theirs = SPAWN.Pipe()
        reader = SPAWN.Process(
            target=read_in_other_process, args=(type(self).open_store, path, theirs, self.many)
        )
        reader.start()
        assert mine.recv() == "ready"
        for number in range(1, 5):
            store.write(numbered_view(), f"v{number}", number, self.batches(number, 0.01))
        mine.send("stop")
        seen = mine.recv()
        reader.join(30)
        assert reader.exitcode == 0
        assert len({version for numbers in seen for version in numbers}) > 1
        _assert_whole_and_in_order(seen, ordered=True)

    def test_a_writer_killed_at_any_time_leaves_the_old_or_the_new_version(
        self, store: OnlineStore, path: Path
    ) -> None:
        store.write(numbered_view(), "v0", 0, self.batches(0))
        last = ("v0", 0, "t0")
        for number, wait_s in enumerate((0.0, 0.02, 0.05, 0.1, 0.2), start=1):
            mine, theirs = SPAWN.Pipe()
            writer = SPAWN.Process(
                target=write_in_other_process,
                args=(type(self).open_store, path, number, theirs, self.many),
            )
            writer.start()
            assert mine.recv() == "ready"
            time.sleep(wait_s)
            assert writer.pid is not None
            os.kill(writer.pid, signal.SIGKILL)
            writer.join(30)
            (seen,) = self.numbers(store)
            assert seen in {last, (f"v{number}", number, f"t{number}")}
            last = seen
        store.write(numbered_view(), "v9", 9, self.batches(9))
        assert self.numbers(store) == {("v9", 9, "t9")}

    def test_a_closed_store_says_so(self, store: OnlineStore) -> None:
        store.close()
        store.close()
        uses: Iterable[Callable[[], object]] = (
            store.current,
            partial(store.read, []),
            partial(store.write, make_view(), "v1", 0, []),
        )
        for use in uses:
            with pytest.raises(OnlineStoreError) as caught:
                use()
            assert caught.value.code == "closed"

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[
            HealthCheck.differing_executors,
            HealthCheck.too_slow,
            HealthCheck.function_scoped_fixture,
        ],
    )
    @given(tables(), st.lists(key_column_types, min_size=1, max_size=3), st.data())
    def test_rows_of_every_type_come_back_to_the_bit(
        self,
        store: OnlineStore,
        table: tuple[list[ColumnType], list[pa.Array]],
        key_kinds: list[ColumnType],
        data: st.DataObject,
    ) -> None:
        kinds, columns = table
        count = len(columns[0]) if columns else 1
        row = st.tuples(*(values_of(kind, nulls=False) for kind in key_kinds))
        rows = data.draw(st.lists(row, min_size=count, max_size=count, unique=True))
        view = make_view(
            keys={f"k{i}": kind for i, kind in enumerate(key_kinds)},
            features={f"f{i}": kind for i, kind in enumerate(kinds)},
        )
        keys = {f"k{i}": [row[i] for row in rows] for i in range(len(key_kinds))}
        ticks = pa.array(range(count), TIMESTAMP_ARROW)
        arrays = [pa.array(keys[c.name], c.type.arrow) for c in view.keys]
        schema = [c.name for c in view.keys] + ["event_ts", "available_at"]
        batch = pa.RecordBatch.from_arrays(
            [*arrays, ticks, ticks, *columns], names=[*schema, *(c.name for c in view.features)]
        )
        order = data.draw(st.permutations(range(count)))
        asked = {name: [None, *(values[i] for i in order)] for name, values in keys.items()}
        assert store.write(view, "v1", 0, [batch]).rows == count
        (answer,) = store.read([lookup(view, **asked)])
        for i, column in enumerate(columns):
            expected = exact_column(column)
            assert exact_column(answer.rows.column(f"f{i}")) == [
                None,
                *(expected[r] for r in order),
            ]


def _assert_whole_and_in_order(seen: list[set[tuple[object, ...]]], *, ordered: bool) -> None:
    assert all(len(numbers) == 1 for numbers in seen)
    rows = [next(iter(numbers)) for numbers in seen]
    assert all(row == (f"v{row[1]}", row[1], f"t{row[1]}") for row in rows)
    if ordered:
        numbers = [int(str(row[1])) for row in rows]
        assert numbers == sorted(numbers)
