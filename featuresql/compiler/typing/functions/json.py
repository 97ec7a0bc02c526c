"""Functions of JSON, as JSON or as text."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.function import Function, scalar_function

_JSONS: Final = ("JSON", "VARCHAR")


def _at_path(names: str, result: str, node: tuple[type[exp.Expr], ...] = ()) -> Function:
    """Declare a function of a JSON value and a path, a place in a list, or several paths."""
    return scalar_function(
        names,
        *(f"{json}, VARCHAR -> {result}" for json in _JSONS),
        *(f"{json}, BIGINT -> {result}" for json in _JSONS),
        *(f"{json}, VARCHAR[] -> {result}[]" for json in _JSONS),
        node=node,
        arguments="this expression" if node else "",
    )


def _maybe_at_path(names: str, result: str, node: tuple[type[exp.Expr], ...] = ()) -> Function:
    """Declare a function of a JSON value, of what is at a path in it, or at several paths."""
    return scalar_function(
        names,
        *(f"{json}, VARCHAR? -> {result}" for json in _JSONS),
        *(f"{json}, VARCHAR[] -> {result}[]" for json in _JSONS),
        node=node,
        arguments="this expression" if node else "",
    )


FUNCTIONS: Final = (
    _at_path("json_extract json_extract_path", "JSON", (exp.JSONExtract,)),
    _at_path("json_extract_string json_extract_path_text", "VARCHAR", (exp.JSONExtractScalar,)),
    _at_path("json_value", "VARCHAR"),
    scalar_function(
        "json_exists",
        *(f"{json}, VARCHAR -> BOOLEAN" for json in _JSONS),
        *(f"{json}, VARCHAR[] -> BOOLEAN[]" for json in _JSONS),
        node=exp.JSONExists,
        arguments="this path",
    ),
    _maybe_at_path("json_array_length", "UBIGINT"),
    _maybe_at_path("json_keys", "VARCHAR[]", (exp.JSONKeys,)),
    _maybe_at_path("json_type", "VARCHAR", (exp.JSONType,)),
    scalar_function("json_valid", *(f"{json} -> BOOLEAN" for json in _JSONS)),
    scalar_function("json_structure", *(f"{json} -> JSON" for json in _JSONS)),
    scalar_function(
        "json_contains", *(f"{left}, {right} -> BOOLEAN" for left in _JSONS for right in _JSONS)
    ),
    scalar_function("to_json json_quote", "ANY -> JSON"),
    scalar_function("array_to_json", "ANY -> JSON"),
    scalar_function("row_to_json", "ANY -> JSON"),
    scalar_function("json_array", "ANY... -> JSON", node=exp.JSONArray, arguments="expressions"),
    scalar_function("json", "VARCHAR -> JSON", node=exp.ParseJSON, arguments="this"),
    scalar_function("json_merge_patch", "JSON, JSON, JSON... -> JSON"),
    scalar_function("json_normalize", "JSON -> VARCHAR"),
    scalar_function("json_pretty", "JSON -> VARCHAR"),
)
