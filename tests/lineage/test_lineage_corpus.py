"""Perturbations over all queries of the corpus: what changes is in the lineage."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest
import sqlglot
from perturb import Outcome, World
from small_project import compile_small
from sqlglot import exp

from featuresql.errors import CompileError, ManyErrors

DUCKDB_ONLY = "{{ config(engines=['duckdb']) }}"
CORPUS = Path(__file__).parent.parent / "typing_pass/sql_corpus"
CASES = {
    f"{case['category']}-{case['name']}": case["sql"]
    for case in json.loads((CORPUS / "cases.json").read_text("utf-8"))
}
# What no model may be: rows by chance, columns that hold no type of a column, two names for one.
NO_MODELS = {
    "agg-histogram",
    "array-zip",
    "rel-pivot_in",
    "rel-sample_all",
    "rel-unpivot",
}


def as_model(sql: str) -> str:
    """Return the query with its tables as sources."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Identifier) and table.name not in ctes:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
            table.set("db", exp.to_identifier("source"))
    return re.sub(r"\bsource\.(\w+)", r"{{ source('\1') }}", tree.sql("duckdb"))


@pytest.fixture(scope="module")
def tables() -> dict[str, dict[str, str]]:
    with duckdb.connect() as connection:
        connection.execute((CORPUS / "tables.sql").read_text("utf-8"))
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'main' ORDER BY table_name, ordinal_position"
        ).fetchall():
            found.setdefault(table, {})[column] = kind
    return found


def perturbed(sql: str, tables: dict[str, dict[str, str]]) -> Outcome:
    model = as_model(sql)
    read = set(re.findall(r"source\('(\w+)'\)", model))
    compiled = compile_small({"m": DUCKDB_ONLY + model}, {name: tables[name] for name in read})
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA base; SET schema = 'base'")
        connection.execute((CORPUS / "tables.sql").read_text("utf-8"))
        connection.execute("SET schema = 'main'")
        return World(compiled, connection).perturb(Outcome())


@pytest.mark.parametrize("name", CASES)
def test_what_changes_a_query_of_the_corpus_is_in_its_lineage(
    tables: dict[str, dict[str, str]], name: str
) -> None:
    if name in NO_MODELS:
        with pytest.raises((CompileError, ManyErrors)):
            perturbed(CASES[name], tables)
    else:
        assert perturbed(CASES[name], tables).misses == []
