"""Functions of lists, structs and maps. Those that take a lambda are in `lambdas.py`."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.argument import NULL, tuple_of, type_text
from featuresql.compiler.typing.common_type import common_type
from featuresql.compiler.typing.function import Call, Function, scalar_function, signatures
from featuresql.compiler.typing.rules import element_of_first, require_constants, same_as_first
from featuresql.errors import CompileError
from featuresql.spec.column_type import ColumnType, list_of

_VECTORS: Final = ("FLOAT[], FLOAT[] -> FLOAT", "DOUBLE[], DOUBLE[] -> DOUBLE")
_SERIES: Final = (
    "BIGINT -> BIGINT[]",
    "BIGINT, BIGINT, BIGINT? -> BIGINT[]",
    "TIMESTAMP, TIMESTAMP, INTERVAL -> TIMESTAMP[]",
    "TIMESTAMPTZ, TIMESTAMPTZ, INTERVAL -> TIMESTAMPTZ[]",
)


def _sorted(call: Call) -> ColumnType:
    """Give the list's own type; how it is sorted must be written as text."""
    require_constants(call)
    if not all(argument.is_string_literal for argument in call.arguments[1:]):
        raise CompileError(f"{call.name}() sorts by 'ASC' or 'DESC'", code="type-mismatch")
    return call.arguments[0].type


def _with_element(call: Call) -> ColumnType:
    """Give the list that holds both a list and one more value, whichever comes first."""
    kinds = [a.type for a in call.arguments]
    listed, single = kinds if call.name == "list_append" else reversed(kinds)
    found = common_type(listed, list_of(single))
    if found is None:
        raise CompileError(
            f"{call.name}() cannot put {type_text(single)} into {type_text(listed)}",
            code="type-mismatch",
            hint="cast the value",
        )
    return found


def _selected(call: Call) -> ColumnType:
    """Give the list's own type, or NULL where what selects is a bare NULL."""
    return NULL if call.arguments[1].is_null else call.arguments[0].type


def _zipped(call: Call) -> ColumnType:
    """Give lists of rows with one element of each argument."""
    return list_of(tuple_of(tuple(a.type.element or a.type for a in call.arguments)))


FUNCTIONS: Final = (
    scalar_function(
        "list_contains list_has array_contains array_has",
        "T[], T -> BOOLEAN",
        node=exp.ArrayContains,
        arguments="this expression",
    ),
    scalar_function(
        "list_position list_indexof array_position array_indexof",
        "T[], T -> INTEGER",
        node=exp.ArrayPosition,
        arguments="this expression",
    ),
    scalar_function(
        "list_has_any array_has_any &&",
        "T[], T[] -> BOOLEAN",
        node=exp.ArrayOverlaps,
        arguments="this expression",
    ),
    scalar_function(
        "list_has_all array_has_all @>",
        "T[], T[] -> BOOLEAN",
        node=exp.ArrayContainsAll,
        arguments="this expression",
    ),
    scalar_function("list_value list_pack", "-> T[]", "T, T... -> T[]"),
    scalar_function(
        "list_concat list_cat array_concat array_cat",
        "T[], T[]... -> T[]",
        node=exp.ArrayConcat,
        arguments="this expressions",
    ),
    scalar_function(
        "list_append array_append array_push_back",
        "ANY[], ANY -> ANY[]",
        rule=_with_element,
        node=exp.ArrayAppend,
        arguments="this expression",
    ),
    scalar_function(
        "list_prepend array_prepend",
        "ANY, ANY[] -> ANY[]",
        rule=_with_element,
        node=exp.ArrayPrepend,
        arguments="expression this",
    ),
    scalar_function(
        "array_length", "ANY[], BIGINT? -> BIGINT", node=exp.ArraySize, arguments="this expression"
    ),
    scalar_function(
        "list_distinct array_distinct", "T[] -> T[]", node=exp.ArrayDistinct, arguments="this"
    ),
    scalar_function("list_unique array_unique", "ANY[] -> UBIGINT"),
    scalar_function(
        "list_intersect array_intersect",
        "T[], T[] -> T[]",
        node=exp.ArrayIntersect,
        arguments="expressions",
    ),
    scalar_function("list_reverse array_reverse", "T[] -> T[]", node=exp.ArrayReverse),
    Function(
        ("list_sort", "array_sort", "list_reverse_sort", "array_reverse_sort"),
        signatures("ANY[], VARCHAR?, VARCHAR? -> ANY[]", rule=_sorted),
        nodes=(exp.ArraySort,),
        arguments=("this",),
    ),
    scalar_function(
        "list_grade_up array_grade_up grade_up", "ANY[], VARCHAR?, VARCHAR? -> BIGINT[]"
    ),
    scalar_function(
        "list_slice array_slice",
        "T[], BIGINT, BIGINT, BIGINT? -> T[]",
        "VARCHAR, BIGINT, BIGINT -> VARCHAR",
        node=exp.ArraySlice,
        arguments="this start end step",
    ),
    scalar_function(
        "list_extract list_element array_extract", "T[], BIGINT -> T", "VARCHAR, BIGINT -> VARCHAR"
    ),
    Function(
        ("list_resize", "array_resize"),
        signatures("ANY[], BIGINT, ANY? -> ANY[]", rule=same_as_first),
    ),
    scalar_function("list_where array_where", "ANY[], BOOLEAN[] -> ANY[]", rule=_selected),
    scalar_function("list_select array_select", "ANY[], BIGINT[] -> ANY[]", rule=_selected),
    Function(("list_zip", "array_zip"), signatures("ANY[], ANY[]... -> ANY", rule=_zipped)),
    Function(("flatten",), signatures("T[][] -> T[]"), nodes=(exp.Flatten,)),
    Function(
        ("unnest",),
        signatures("ANY[] -> ANY", rule=element_of_first),
        nodes=(exp.Explode,),
        arguments=("this",),
    ),
    scalar_function(
        "range generate_series", *_SERIES, node=exp.GenerateSeries, arguments="start end step"
    ),
    scalar_function(
        "array_to_string",
        "ANY[], VARCHAR -> VARCHAR",
        node=exp.ArrayToString,
        arguments="this expression",
    ),
    scalar_function(
        "list_distance array_distance <->",
        *_VECTORS,
        node=exp.EuclideanDistance,
        arguments="this expression",
    ),
    scalar_function(
        "list_cosine_distance <=>", *_VECTORS, node=exp.CosineDistance, arguments="this expression"
    ),
    scalar_function("list_cosine_similarity", *_VECTORS),
    scalar_function("list_dot_product list_inner_product", *_VECTORS),
    scalar_function("list_negative_dot_product list_negative_inner_product", *_VECTORS),
    scalar_function(
        "map", "K[], V[] -> MAP(K, V)", "-> MAP(K, V)", node=exp.Map, arguments="keys values"
    ),
    scalar_function("map_keys", "MAP(K, V) -> K[]", node=exp.MapKeys),
    scalar_function("map_values", "MAP(K, V) -> V[]"),
    scalar_function("map_extract element_at", "MAP(K, V), K -> V[]"),
    scalar_function("map_extract_value", "MAP(K, V), K -> V"),
    scalar_function("map_contains", "MAP(K, V), K -> BOOLEAN"),
    scalar_function("cardinality", "MAP(K, V) -> UBIGINT"),
)
