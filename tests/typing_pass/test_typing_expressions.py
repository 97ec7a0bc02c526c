"""Types of expressions over columns of every type, beside DuckDB."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from duckdb_beside import COLUMNS, FOREIGN, Both
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot.errors import SqlglotError

from featuresql.compiler.typing import FUNCTIONS, Function
from featuresql.errors import FeatureSQLError

LITERALS = ("'a'", "5", "300", "-5", "3000000000", "1.5", "NULL", "true", "[1, 2]", "['a']")
VALUES = (*COLUMNS, *LITERALS)
EXAMPLES = 300
# Operators that DuckDB accepts and refuses alike are asked together.
ARITHMETIC = (("+",), ("-",), ("*",), ("/",), ("//",), ("%",), ("&", "|"), ("<<", ">>"), ("||",))
COMMON = (
    "coalesce({0}, {1}), CASE WHEN b THEN {0} ELSE {1} END, greatest({0}, {1}), [{0}, {1}], "
    "if(b, {0}, {1})"
)

# What DuckDB binds and the pass refuses, on purpose: a comparison that fails on the first row that
# holds something else, and what would be guessed from a value's text.
MIXED = ("{} = {}", "{} <> {}", "{} IS DISTINCT FROM {}", "{} IN ({}, 5)", "nullif({}, {})")


def answer(both: Both, sql: str) -> tuple[object, object]:
    """Return DuckDB's types and ours, None each where it is refused."""
    try:
        ours: object = both.our_types(sql, qualified=False)
    except (FeatureSQLError, SqlglotError):
        ours = None
    theirs = both.duckdb_types(sql)
    return (None if theirs is not None and FOREIGN in theirs else theirs), ours


@pytest.mark.parametrize("operators", ARITHMETIC, ids="".join)
def test_an_operator_on_all_pairs_of_types_is_as_in_duckdb(
    both: Both, operators: tuple[str, ...]
) -> None:
    wrong = []
    for left, right in itertools.product(VALUES, VALUES):
        items = ", ".join(f"{left} {operator} {right}" for operator in operators)
        theirs, ours = answer(both, f"SELECT {items} FROM t")
        # A bare NULL for a list is refused: DuckDB gives NULL of no type for some of them.
        if theirs != ours and not (operators == ("+",) and "NULL" in (left, right)):
            wrong.append((items, theirs, ours))
    assert wrong == []


def test_the_common_type_of_all_pairs_is_as_in_duckdb(both: Both) -> None:
    wrong = []
    for left, right in itertools.product(VALUES, VALUES):
        theirs, ours = answer(both, f"SELECT {COMMON.format(left, right)} FROM t")
        if theirs != ours:
            wrong.append((left, right, theirs, ours))
    assert wrong == []


def test_comparisons_refuse_what_duckdb_refuses_for_less_than(both: Both) -> None:
    wrong = []
    for left, right in itertools.product(VALUES, VALUES):
        sql = f"SELECT {left} < {right} AS x FROM t"
        theirs, ours = answer(both, sql)
        if theirs != ours:
            wrong.append((sql, theirs, ours))
    assert wrong == []


@pytest.mark.parametrize("template", MIXED)
def test_what_compares_by_equality_has_the_type_of_duckdb_or_is_refused(
    both: Both, template: str
) -> None:
    accepted = 0
    for left, right in itertools.product(VALUES[::2], VALUES[1::2]):
        theirs, ours = answer(both, f"SELECT {template.format(left, right)} AS x FROM t")
        assert ours is None or theirs is None or ours == theirs
        accepted += ours is not None
    assert accepted > len(VALUES)


def test_a_set_operation_has_the_types_of_duckdb_or_is_refused(both: Both) -> None:
    accepted = 0
    for left, right in itertools.product(VALUES[::2], VALUES):
        sql = f"SELECT {left} AS x FROM t UNION ALL SELECT {right} FROM t"
        theirs, ours = answer(both, sql)
        assert ours is None or ours == theirs, sql
        accepted += ours is not None
    assert accepted > len(VALUES) * 5


SPELLED = [
    pytest.param(function, name, id=name)
    for function in FUNCTIONS
    for name in function.names
    if name.isidentifier()
    and name.islower()
    and any(signature.accepts(1) for signature in function.signatures)
]


@pytest.mark.parametrize(("function", "name"), SPELLED)
def test_a_function_of_one_argument_has_the_type_of_duckdb(
    both: Both, function: Function, name: str
) -> None:
    over = " OVER ()" if function.kind == "window" else ""
    accepted = 0
    for value in (*VALUES, "[[1], [2]]", "'2024-01-01'", "map(['k'], [1])", "[true]"):
        theirs, ours = answer(both, f"SELECT {name}({value}){over} AS x FROM t")
        assert ours is None or theirs is None or ours == theirs, value
        accepted += ours is not None and theirs is not None
    only_maps = all("map" in str(s.parameters).lower() for s in function.signatures)
    gives_maps = name in {"histogram", "list_histogram", "list_zip", "array_zip"}
    needs_groups = name in {"grouping", "grouping_id"}
    assert accepted > 0 or gives_maps or only_maps or needs_groups


def arguments_of(function: Function) -> st.SearchStrategy[list[str]]:
    """Return calls' arguments: for each parameter a value that is likely to fit."""
    likely = {
        "VARCHAR": ["s", "'a'", "'day'"],
        "BIGINT": ["i8", "i4", "2"],
        "INTEGER": ["i4", "i2", "2"],
        "DOUBLE": ["f8", "d1", "i4", "0.5"],
        "FLOAT": ["f4", "0.5"],
        "LIST": ["li", "ls", "[1.5]", "[0.25, 0.5]"],
        "INTERVAL": ["iv", "INTERVAL 1 DAY"],
        "MAP": ["map(['k'], [i4])"],
    }

    def fill(index: int) -> st.SearchStrategy[list[str]]:
        signature = function.signatures[index]
        rest = () if signature.rest is None else (signature.rest,)
        return st.tuples(
            *(
                st.sampled_from(likely.get(kind.name, [])) | st.sampled_from(VALUES)
                if kind.name in likely
                else st.sampled_from(
                    [n for n, t in COLUMNS.items() if t.startswith(kind.name)] or VALUES
                )
                | st.sampled_from(VALUES)
                for kind in (*signature.parameters, *rest)
            )
        ).map(list)

    return st.integers(0, len(function.signatures) - 1).flatmap(fill)


CALLS = st.sampled_from(
    [(f, name) for f in FUNCTIONS for name in f.names if name.isidentifier() and name.islower()]
).flatmap(
    lambda entry: arguments_of(entry[0]).map(
        lambda values: (
            f"{entry[1]}({', '.join(values)})"
            + (" OVER (ORDER BY ts)" if entry[0].kind == "window" else "")
        )
    )
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(call=CALLS)
def test_no_call_of_the_table_has_another_type_than_in_duckdb(both: Both, call: str) -> None:
    theirs, ours = answer(both, f"SELECT {call} AS x FROM t")
    assert ours is None or theirs is None or ours == theirs


def wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return expressions made of smaller ones."""
    one = st.sampled_from(
        [
            "(-{})",
            "({})",
            "CAST({} AS VARCHAR)",
            "CAST({} AS DOUBLE)",
            "TRY_CAST({} AS BIGINT)",
            "({} IS NULL)",
            "coalesce({}, 1)",
            "coalesce({}, 'x')",
            "CASE WHEN b THEN {} END",
            "CASE WHEN b THEN 1 WHEN i4 > 1 THEN {} ELSE 2 END",
            "list_transform([{}], lambda x: x)",
            "[{}]",
            "[x FOR x IN [{}] IF x IS NOT NULL]",
            "(SELECT {})",
            "abs({})",
            "round({}, 1)",
            "list_sum([{}])",
            "{{'f': {}}}.f",
            "map(['k'], [{}])['k']",
            "(SELECT max(y) FROM (SELECT {} AS y FROM t) AS q)",
        ]
    )
    two = st.sampled_from(
        [
            "({} + {})",
            "({} - {})",
            "({} * {})",
            "({} / {})",
            "({} % {})",
            "({} || {})",
            "({} < {})",
            "coalesce({}, {})",
            "greatest({}, {})",
            "CASE WHEN b THEN {} ELSE {} END",
            "if(b, {}, {})",
            "[{}, {}]",
            "list_append([{}], {})",
            "(SELECT y FROM (VALUES ({}), ({})) AS v(y) LIMIT 1)",
            "arg_max({}, {}) OVER ()",
            "date_diff('day', {}, {})",
        ]
    )
    return st.builds(str.format, one, inner) | st.builds(str.format, two, inner, inner)


EXPRESSIONS = st.recursive(st.sampled_from(VALUES), wrapped, max_leaves=6)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expression=EXPRESSIONS)
def test_no_nested_expression_has_another_type_than_in_duckdb(both: Both, expression: str) -> None:
    theirs, ours = answer(both, f"SELECT {expression} AS x FROM t")
    assert ours is None or theirs is None or ours == theirs


def test_a_column_of_each_type_keeps_it(same: Callable[[str], None]) -> None:
    same("SELECT * FROM t")
