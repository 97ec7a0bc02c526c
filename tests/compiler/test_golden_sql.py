"""The SQL of each model in `golden/`, to the letter.

A file holds the template, a line of dashes, and the SQL for DuckDB. To accept changed SQL, run with
FEATURESQL_ACCEPT_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest
from small_project import MODELS, SOURCES, compile_small

from featuresql.compiler.asof import ROW, path_query, relation
from featuresql.compiler.place_relations import place_relations

FOLDER = Path(__file__).parent / "golden"
CASES = sorted(FOLDER.glob("*.sql"))
RULE = "\n-- compiled\n"


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_the_sql_is_what_was_agreed(case: Path) -> None:
    template, _, agreed = case.read_text().partition(RULE)
    compiled = compile_small({**MODELS, case.stem: template})
    sql = place_relations(compiled.models[case.stem].tree).sql("duckdb", pretty=True) + "\n"
    if os.environ.get("FEATURESQL_ACCEPT_GOLDEN"):
        case.write_text(template + RULE + sql)
        return
    assert sql == agreed


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_duckdb_takes_the_sql_and_gives_the_types(case: Path) -> None:
    template, _, agreed = case.read_text().partition(RULE)
    compiled = compile_small({**MODELS, case.stem: template})
    with duckdb.connect(":memory:") as connection:
        for schema in ("sources", "history", "as_of"):
            connection.execute(f"CREATE SCHEMA {schema}")
        for name, columns in SOURCES.items():
            declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            connection.execute(f"CREATE TABLE sources.{name} ({declared})")
        for name in ("single", "pair", "everybody"):
            model = compiled.models[name]
            select = place_relations(model.tree).sql("duckdb")
            connection.execute(
                f'CREATE TABLE history.{name} AS SELECT 0::BIGINT AS "{ROW}", * FROM ({select})'
            )
            path = path_query(model.view, relation("history", name)).sql("duckdb")
            connection.execute(f"CREATE TABLE as_of.{name} AS {path}")
            connection.execute(f"CREATE VIEW main.{name} AS {select}")
        described = connection.execute(f"DESCRIBE {agreed}").fetchall()
    columns = compiled.models[case.stem].columns
    assert [(row[0], row[1]) for row in described] == [(c.name, str(c.type)) for c in columns]
