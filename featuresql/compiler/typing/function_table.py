"""The function table as a whole, and which entry a call means."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.function import Function
from featuresql.compiler.typing.functions import (
    aggregates,
    dates,
    json,
    list_aggregates,
    lists,
    numbers,
    operators,
    strings,
    windows,
)

FUNCTIONS: Final[tuple[Function, ...]] = (
    *operators.FUNCTIONS,
    *numbers.FUNCTIONS,
    *strings.FUNCTIONS,
    *dates.FUNCTIONS,
    *lists.FUNCTIONS,
    *list_aggregates.FUNCTIONS,
    *json.FUNCTIONS,
    *aggregates.FUNCTIONS,
    *windows.FUNCTIONS,
)
BY_NAME: Final = MappingProxyType({name: f for f in FUNCTIONS for name in f.names})
BY_NODE: Final = MappingProxyType({node: f for f in FUNCTIONS for node in f.nodes})

# What reads files, the network, the environment or the engine's own state.
FORBIDDEN_NAMES: Final = frozenset(
    {
        *("getenv", "glob", "query", "query_table", "current_setting", "getvariable", "setseed"),
        *("nextval", "currval", "setval", "sleep_ms", "write_log", "error", "current_query"),
        *("current_database", "current_schema", "current_schemas", "current_user", "version"),
        *("session_user", "user", "current_catalog", "current_role", "txid_current", "sniff_csv"),
        *("seq_scan", "parquet_scan", "iceberg_scan", "delta_scan", "sqlite_scan"),
        *("postgres_scan", "mysql_scan", "arrow_scan", "pandas_scan", "which_secret"),
        *("json_execute_serialized_sql", "json_serialize_sql", "json_deserialize_sql"),
        *("checkpoint", "force_checkpoint", "in_search_path", "current_connection_id"),
        *("current_query_id", "current_transaction_id", "vector_type", "stats"),
    }
)
_FORBIDDEN_PREFIXES: Final = ("read_", "pg_", "duckdb_", "pragma_", "has_", "enable_", "disable_")
_FORBIDDEN_NODES: Final = tuple(
    getattr(exp, name)
    for name in (
        "ReadCSV",
        "ReadParquet",
        "CurrentUser",
        "CurrentSchema",
        "CurrentVersion",
        "SessionUser",
        "CurrentDatabase",
        "CurrentCatalog",
        "CurrentRole",
    )
    if hasattr(exp, name)
)
_EPOCHS: Final = {None: "to_timestamp", "3": "epoch_ms", "6": "make_timestamp"}


def call_name(node: exp.Expr) -> str:
    """Return the name that a call is written with, in lower case."""
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        return str(node.name if isinstance(node.this, exp.Expr) else node.this).lower()
    return str(node.sql_name() if isinstance(node, exp.Func) else node.key).lower()


def find_function(node: exp.Expr) -> Function | None:
    """Return the entry of the function or operator that `node` calls, or None."""
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        return BY_NAME.get(call_name(node))
    if isinstance(node, exp.UnixToTime):
        scale = node.args.get("scale")
        return BY_NAME.get(_EPOCHS.get(scale.name if scale else None, ""))
    return BY_NODE.get(type(node))


def is_forbidden(node: exp.Expr) -> bool:
    """Whether `node` calls something that a model must never call."""
    if type(node) in BY_NODE:  # such as the operator GLOB, which reads no files
        return False
    name = call_name(node)
    return (
        isinstance(node, _FORBIDDEN_NODES)
        or name in FORBIDDEN_NAMES
        or name.startswith(_FORBIDDEN_PREFIXES)
    )


def operands_of(node: exp.Expr, function: Function) -> list[exp.Expr]:
    """Return the arguments of a call in the order in which DuckDB takes them.

    DISTINCT and ORDER BY within an aggregate's parentheses are looked through.
    """
    if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
        keys: tuple[str, ...] = ("expressions",)
    else:
        keys = ("this",) if isinstance(node, exp.UnixToTime) else function.arguments
        keys = keys or tuple(type(node).arg_types)
    operands: list[exp.Expr] = []
    for key in keys:
        value = node.args.get(key)
        values = value if isinstance(value, list) else [value]
        for operand in values:
            if isinstance(operand, exp.Expr):
                operands += _look_through(operand)
    return operands


def _look_through(operand: exp.Expr) -> list[exp.Expr]:
    if isinstance(operand, exp.Distinct):
        return [inner for part in operand.expressions for inner in _look_through(part)]
    if isinstance(operand, exp.Order) and operand.this is not None:
        return _look_through(operand.this)
    return [operand]
