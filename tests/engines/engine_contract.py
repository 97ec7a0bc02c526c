"""What every engine does, as tests that each engine's own file runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp, parse_one

from featuresql.compiler.write_sql import write_query, write_table, write_view
from featuresql.errors import EngineError, FeatureSQLError, Location
from featuresql.ports import Engine, EngineSession
from featuresql.spec.column_type import ColumnType, parse_type
from featuresql.spec.model import Column, Source

HERE = Location("featuresql.yml", 3)
Open = Callable[..., Engine]
UTC_TIME = pa.timestamp("us", tz="UTC")
VALUES: dict[str, list[object]] = {
    "BOOLEAN": [True, False, None],
    "TINYINT": [-128, 127, None],
    "SMALLINT": [-(2**15), None, 2**15 - 1],
    "INTEGER": [-(2**31), None, 2**31 - 1],
    "BIGINT": [-(2**63), None, 2**63 - 1],
    "UTINYINT": [0, None, 255],
    "USMALLINT": [0, None, 2**16 - 1],
    "UINTEGER": [0, None, 2**32 - 1],
    "UBIGINT": [0, None, 2**64 - 1],
    "FLOAT": [float("inf"), None, -0.5],
    "DOUBLE": [float("-inf"), None, 5e-324],
    "DECIMAL(5,2)": [Decimal("-999.99"), None, Decimal("0.01")],
    "DECIMAL(38,0)": [Decimal(10**37), None, Decimal(-1)],
    "VARCHAR": ["", None, "naïve 🙂\n\\'\x00"],
    "BLOB": [b"", None, b"\xff\x00"],
    "DATE": [date(1900, 1, 1), None, date(2299, 12, 31)],
    "TIMESTAMP": [
        datetime(1900, 1, 1, tzinfo=UTC),
        None,
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
    "INTEGER[]": [[1, None], None, []],
    "VARCHAR[][]": [[["a", None], None, []], None, []],
    'STRUCT("a" INTEGER, "b" VARCHAR)': [{"a": 1, "b": None}, None, {"a": None, "b": None}],
    'STRUCT("a" DOUBLE[], "b" STRUCT("c" BIGINT))': [
        {"a": [1.5, None], "b": None},
        None,
        {"a": None, "b": {"c": 7}},
    ],
    'STRUCT("n" UTINYINT)[]': [[{"n": 1}, None], None, []],
    "FLOAT[]": [[0.1, None, float("inf")], None, [1.0]],
    "DATE[]": [[date(2000, 2, 29)], None, [None]],
}
TYPES = {f"c{place}": parse_type(text) for place, text in enumerate(VALUES)}
WHOLE = pa.table(
    {
        name: pa.array(values, kind.arrow)
        for (name, kind), values in zip(TYPES.items(), VALUES.values(), strict=True)
    }
)


def numbers(count: int) -> pa.Table:
    return pa.table({"n": pa.array(range(count), pa.int64())})


def source(name: str, **options: object) -> Source:
    return Source(name, HERE, path=f"{name}.parquet", **options)


def ask(  # noqa: PLR0913, PLR0917 - what a query is made of
    engine: Engine,
    session: EngineSession,
    sql: str,
    known: dict[tuple[str, str], tuple[Column, ...]],
    answer: dict[str, ColumnType] | None = None,
    inputs: dict[str, pa.Table] | None = None,
) -> pa.Table:
    """Run a qualified query in DuckDB's dialect on any engine."""
    tree = parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    statement = write_query(tree, engine.dialect, lambda schema, name: known.get((schema, name)))
    columns = [Column(name, kind) for name, kind in answer.items()] if answer else None
    return session.query(statement, inputs, columns).read_all()


def select_all(schema: str, name: str, columns: tuple[Column, ...]) -> str:
    names = ", ".join(f'"t"."{c.name}" AS "{c.name}"' for c in columns)
    return f'SELECT {names} FROM "{schema}"."{name}" AS "t"'


def read_source(engine: Engine, name: str) -> pa.Table:
    found = engine.describe(source(name))
    known = {("sources", name): found}
    with engine.session() as session:
        sql = select_all("sources", name, found)
        return ask(engine, session, sql, known, {c.name: c.type for c in found})


class EngineContract:
    """Tests of one engine; `open_engine(root, sources)` is the engine's own fixture."""

    def test_values_of_every_type_come_back_as_they_were(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        pq.write_table(WHOLE, tmp_path / "all.parquet")
        engine = open_engine(tmp_path, [source("all")])
        found = read_source(engine, "all")
        assert found.schema == WHOLE.schema
        assert found.to_pylist() == WHOLE.to_pylist()

    def test_an_empty_table_has_the_same_schema(self, open_engine: Open, tmp_path: Path) -> None:
        pq.write_table(WHOLE.slice(0, 0), tmp_path / "all.parquet")
        found = read_source(open_engine(tmp_path, [source("all")]), "all")
        assert found.num_rows == 0
        assert found.schema == WHOLE.schema

    def test_what_is_loaded_is_numbered_and_typed(self, open_engine: Open, tmp_path: Path) -> None:
        engine = open_engine(tmp_path, [])
        with engine.scratch() as session:
            session.load("main", "given", numbers(2))
            session.load("main", "given", WHOLE)
            columns = session.columns("main", "given")
            assert session.relations() == {("main", "given")}
            known = {("main", "given"): columns}
            types = {c.name: c.type for c in columns}
            sql = select_all("main", "given", columns) + ' ORDER BY "t"."__row"'
            found = ask(engine, session, sql, known, types)
        assert {name: types[name] for name in TYPES} == TYPES
        assert found.drop_columns(["__row"]).to_pylist() == WHOLE.to_pylist()
        assert found["__row"].to_pylist() == [0, 1, 2]

    def test_a_scratch_leaves_nothing_and_knows_no_source(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        pq.write_table(numbers(1), tmp_path / "s.parquet")
        engine = open_engine(tmp_path, [source("s")])
        with engine.scratch() as session:
            session.load("main", "given", numbers(1))
            with pytest.raises(EngineError):
                ask(engine, session, 'SELECT "t"."n" AS "n" FROM "sources"."s" AS "t"', N_OF_S)
        with engine.scratch() as session:
            assert session.relations() == frozenset()
        with engine.session() as session:
            assert ("main", "given") not in session.relations()

    def test_tables_and_views_are_made_replaced_and_described(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        pq.write_table(numbers(3), tmp_path / "s.parquet")
        engine = open_engine(tmp_path, [source("s")])
        known: dict[tuple[str, str], tuple[Column, ...]] = dict(N_OF_S)
        place, view = ("versions", "m__1"), ("main", "m")
        made = parse_one('SELECT "t"."n" AS "n", [["t"."n"]] AS "l" FROM "sources"."s" AS "t"')
        with engine.session() as session:
            for _ in range(2):
                session.execute([make_table(engine, place, made, known)])
            known[place] = session.columns(*place)
            shown = parse_one('SELECT "t"."l" AS "l" FROM "versions"."m__1" AS "t"')
            session.execute([make_view(engine, view, shown, known)])
            assert {place, view} <= session.relations()
            assert known[place] == (
                Column("n", parse_type("BIGINT")),
                Column("l", parse_type("BIGINT[][]")),
            )
            assert session.columns(*view) == known[place][1:]
            known[view] = session.columns(*view)
        with engine.session() as session:
            rows = ask(engine, session, 'SELECT "t"."l" AS "l" FROM "main"."m" AS "t"', known)
        assert sorted(rows["l"].to_pylist()) == [[[0]], [[1]], [[2]]]

    def test_a_build_that_fails_leaves_what_was_there(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        pq.write_table(numbers(300_000), tmp_path / "s.parquet")
        engine = open_engine(tmp_path, [source("s")])
        place = ("versions", "m__1")
        good = parse_one('SELECT "t"."n" AS "n" FROM "sources"."s" AS "t" WHERE "t"."n" < 5')
        bad = parse_one(
            'SELECT CASE WHEN "t"."n" = 299999 THEN 9223372036854775807 + "t"."n" ELSE "t"."n" END '
            'AS "n" FROM "sources"."s" AS "t"'
        )
        with engine.session() as session:
            session.execute([make_table(engine, place, good, N_OF_S)])
            with pytest.raises(EngineError, match=r"(?i)overflow|safely converted"):
                session.execute([make_table(engine, place, bad, N_OF_S)])
            known = {place: session.columns(*place)}
            sql = 'SELECT "t"."n" AS "n" FROM "versions"."m__1" AS "t"'
            assert ask(engine, session, sql, known).num_rows == 5
            assert session.relations() >= {place}

    def test_inputs_are_the_sessions_own(self, open_engine: Open, tmp_path: Path) -> None:
        engine = open_engine(tmp_path, [])
        spine = {("", "spine_input"): tuple(Column(n, t) for n, t in TYPES.items())}
        sql = select_all("", "spine_input", spine["", "spine_input"]).replace('"".', "")
        with engine.session() as one, engine.session() as other:
            first = ask(engine, one, sql, spine, TYPES, {"spine_input": WHOLE})
            second = ask(engine, other, sql, spine, TYPES, {"spine_input": WHOLE.slice(1, 1)})
            again = ask(engine, one, sql, spine, TYPES, {"spine_input": WHOLE.slice(0, 2)})
            assert ("main", "spine_input") not in one.relations()
        assert first.to_pylist() == WHOLE.to_pylist()
        assert second.to_pylist() == WHOLE.slice(1, 1).to_pylist()
        assert again.to_pylist() == WHOLE.slice(0, 2).to_pylist()

    def test_a_source_is_read_again_when_its_file_changes(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        pq.write_table(numbers(2), tmp_path / "s.parquet")
        engine = open_engine(tmp_path, [source("s")])
        before = engine.state(source("s"))
        assert read_source(engine, "s").num_rows == 2
        assert engine.state(source("s")) == before
        pq.write_table(numbers(5), tmp_path / "s.parquet")
        assert engine.state(source("s")) != before
        assert read_source(engine, "s").num_rows == 5

    def test_a_view_over_a_source_shows_the_file_as_it_is(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        pq.write_table(numbers(2), tmp_path / "s.parquet")
        engine = open_engine(tmp_path, [source("s")])
        tree = parse_one('SELECT "t"."n" AS "n" FROM "sources"."s" AS "t"')
        known = {**N_OF_S, ("main", "v"): N_OF_S["sources", "s"]}
        outer = parse_one('SELECT "t"."n" AS "n" FROM "main"."v" AS "t"')
        with engine.session() as session:
            session.execute([make_view(engine, ("main", "v"), tree, known)])
            session.execute([make_view(engine, ("main", "w"), outer, known)])
        pq.write_table(numbers(7), tmp_path / "s.parquet")
        known["main", "w"] = known["main", "v"]
        with engine.session() as session:
            rows = ask(engine, session, 'SELECT "t"."n" AS "n" FROM "main"."w" AS "t"', known)
        assert rows.num_rows == 7

    def test_a_missing_file_is_an_error_where_it_is_read(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        engine = open_engine(tmp_path, [source("gone")])
        with engine.session() as session:
            assert ("main", "gone") not in session.relations()
            sql = 'SELECT "t"."n" AS "n" FROM "sources"."gone" AS "t"'
            with pytest.raises(EngineError):
                ask(engine, session, sql, {("sources", "gone"): N_OF_S["sources", "s"]})
        with pytest.raises(EngineError) as caught:
            engine.describe(source("gone"))
        assert caught.value.code == "missing-file"
        assert caught.value.location == HERE

    def test_csv_and_naive_times_are_read_as_declared(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        text = "Code,at\n007,2024-03-10 02:30:00\n,\n"
        (tmp_path / "s.csv").write_text(text)
        columns = tuple(
            Column(name, parse_type(kind))
            for name, kind in (("code", "VARCHAR"), ("at", "TIMESTAMP"))
        )
        declared = Source("s", HERE, path="s.csv", timezone="America/New_York", columns=columns)
        engine = open_engine(tmp_path, [declared])
        found = engine.describe(declared)
        with engine.session() as session:
            sql = select_all("sources", "s", found)
            rows = ask(engine, session, sql, {("sources", "s"): found})
        assert rows.schema == pa.schema({"code": pa.string(), "at": UTC_TIME})
        there = datetime(2024, 3, 10, 7, 30, tzinfo=UTC)
        assert sorted(rows.to_pylist(), key=repr) == [
            {"code": "007", "at": there},
            {"code": None, "at": None},
        ]

    def test_a_long_answer_comes_in_batches_and_in_order(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        pq.write_table(numbers(200_000), tmp_path / "s.parquet")
        engine = open_engine(tmp_path, [source("s")])
        tree = parse_one('SELECT "t"."n" AS "n" FROM "sources"."s" AS "t" ORDER BY "t"."n" DESC')
        statement = write_query(tree, engine.dialect, lambda *place: N_OF_S.get(place))
        with engine.session() as session:
            batches = list(session.query(statement))
        assert len(batches) > 1
        rows = pa.Table.from_batches(batches)["n"].to_pylist()
        assert rows == list(range(199_999, -1, -1))

    def test_threads_work_side_by_side(self, open_engine: Open, tmp_path: Path) -> None:
        pq.write_table(numbers(1000), tmp_path / "s.parquet")
        engine = open_engine(tmp_path, [source("s")])
        seen: list[object] = []

        def work() -> None:
            try:
                seen.append(read_source(engine, "s").num_rows)
            except FeatureSQLError as error:
                seen.append(error)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [1000] * 6

    def test_what_the_engine_refuses_is_an_engine_error(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        engine = open_engine(tmp_path, [])
        with engine.session() as session:
            with pytest.raises(EngineError) as caught:
                session.query("SELECT nothing_of_the_kind").read_all()
            with pytest.raises(EngineError):
                session.columns("main", "nothing")
        assert "nothing_of_the_kind" in str(caught.value)
        assert "\n" not in caught.value.message
        assert "0x" not in caught.value.message

    def test_an_instant_of_another_time_of_day_is_kept_to_the_microsecond(
        self, open_engine: Open, tmp_path: Path
    ) -> None:
        start = datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)
        times = [start + timedelta(microseconds=step) for step in range(3)]
        pq.write_table(pa.table({"at": pa.array(times, UTC_TIME)}), tmp_path / "s.parquet")
        found = read_source(open_engine(tmp_path, [source("s")]), "s")
        assert sorted(found["at"].to_pylist()) == times


N_OF_S = {("sources", "s"): (Column("n", parse_type("BIGINT")),)}


def make_table(
    engine: Engine,
    place: tuple[str, str],
    tree: exp.Expr,
    known: dict[tuple[str, str], tuple[Column, ...]],
) -> str:
    assert isinstance(tree, exp.Query)
    return write_table(place, tree, engine.dialect, lambda *at: known.get(at), ["n"])


def make_view(
    engine: Engine,
    place: tuple[str, str],
    tree: exp.Expr,
    known: dict[tuple[str, str], tuple[Column, ...]],
) -> str:
    assert isinstance(tree, exp.Query)
    return write_view(place, tree, engine.dialect, lambda *at: known.get(at))
