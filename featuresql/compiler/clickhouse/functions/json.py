"""Functions of JSON in texts. What is no JSON is an error, on both engines."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions.json_paths import Place, find_place
from featuresql.compiler.clickhouse.functions.pieces import just, known, unless_null
from featuresql.compiler.clickhouse.types import is_composed

# Numbers that are written with a point or an exponent, but are whole, and those that no integer
# type holds: within lists and objects ClickHouse writes them in another way.
_OTHER_NUMBERS: Final = (
    r"\.0+([^0-9]|$)|[0-9][eE]|[0-9]{19,}|\.[0-9]{15,}|[0-9]{15,}\.|-0([^0-9.]|$)"
)
_STRINGS: Final = r'"(\\.|[^"\\])*"'
_UNWRITABLE: Final = "a number in this JSON is written differently by each engine"
_LONG_NUMBER: Final = r'^"-?[0-9]{19,}"$'
_TYPES: Final = {
    "Array": "ARRAY",
    "Object": "OBJECT",
    "Double": "DOUBLE",
    "String": "VARCHAR",
    "Bool": "BOOLEAN",
    "Null": "NULL",
}


def _refuse_if(wrong: exp.Expr, value: exp.Expr) -> exp.Expr:
    raised = sql.call("throwIf", sql.call("ifNull", wrong, sql.number(0)), sql.text(_UNWRITABLE))
    return sql.choose(sql.call("notEquals", raised, sql.number(0)), sql.text(""), value)


def _starts(raw: exp.Expr, *characters: str) -> exp.Expr:
    first = sql.call("substring", raw, sql.number(1), sql.number(1))
    return sql.call("in", first, sql.call("tuple", *map(sql.text, characters)))


def _container(place: Place, raw: exp.Expr) -> exp.Expr:
    """Return the JSON of a list or an object, if both engines write its numbers in one way."""
    strange = sql.text(_OTHER_NUMBERS)
    bare = sql.call("replaceRegexpAll", place.base.copy(), sql.text(_STRINGS), sql.text('""'))
    wrong = sql.both(
        sql.call("match", place.base.copy(), strange), sql.call("match", bare, strange.copy())
    )
    return _refuse_if(wrong, raw.copy())


def _number(place: Place, raw: exp.Expr) -> exp.Expr:
    """Return a number's text: DuckDB writes a whole DOUBLE with `.0`."""
    is_double = sql.call("equals", place.ask("JSONType"), sql.text("Double"))
    is_plain = sql.negated(sql.call("match", raw.copy(), sql.text("[.e]")))
    whole = sql.call("concat", raw.copy(), sql.text(".0"))
    return sql.choose(sql.both(is_double, is_plain), whole, raw.copy())


def _json_text(place: Place, *, is_json: bool) -> exp.Expr:
    raw = place.raw()
    string: exp.Expr
    null: exp.Expr
    if is_json:
        long_number = sql.call("match", raw.copy(), sql.text(_LONG_NUMBER))
        string, null = _refuse_if(long_number, raw.copy()), sql.text("null")
    else:
        string, null = sql.call("JSONExtractString", raw.copy()), sql.null()
    cases = (
        (sql.call("empty", raw), place.checked(sql.null())),
        (_starts(raw.copy(), '"'), string),
        (_starts(raw.copy(), "n"), null),
        (_starts(raw.copy(), "t", "f"), raw.copy()),
        (_starts(raw.copy(), "{", "["), _container(place, raw)),
    )
    made = _number(place, raw)
    for condition, value in reversed(cases):
        made = sql.choose(condition, value, made)
    return made


def _only_one(call: EmitCall) -> None:
    if any(is_composed(kind) for kind in call.bound):
        raise call.refuse(f"{call.name} at several paths", "extract one after the other")


def _extract(call: EmitCall) -> exp.Expr:
    _only_one(call)
    place = find_place(call)
    return unless_null((place.base,), _json_text(place, is_json=True), call.result)


def _extract_string(call: EmitCall) -> exp.Expr:
    _only_one(call)
    place = find_place(call)
    return unless_null((place.base,), _json_text(place, is_json=False), call.result)


def _exists(call: EmitCall) -> exp.Expr:
    _only_one(call)
    place = find_place(call)
    return unless_null((place.base,), place.checked(place.exists()), call.result)


def _where_there(place: Place, value: exp.Expr, call: EmitCall) -> exp.Expr:
    """Return `value`, or NULL where there is nothing at the place."""
    absent = place.checked(sql.negated(place.exists()))
    if is_composed(call.result):
        empty = sql.cast(sql.call("array"), f"Array({_TEXTS})")
        there = sql.choose(absent, empty, sql.cast(value, f"Array({_TEXTS})"))
    else:
        there = sql.choose(absent, sql.null(), value)
    return unless_null((place.base,), there, call.result)


_TEXTS: Final = "Array(Nullable(String))"


def _array_length(call: EmitCall) -> exp.Expr:
    _only_one(call)
    place = find_place(call)
    is_list = sql.call("equals", place.ask("JSONType"), sql.text("Array"))
    count = sql.choose(is_list, place.ask("JSONLength"), sql.number(0))
    return _where_there(place, count, call)


def _keys(call: EmitCall) -> exp.Expr:
    _only_one(call)
    place = find_place(call)
    safe = Place(known(place.base), place.steps)
    return _where_there(place, just(safe.ask("JSONExtractKeys")), call)


def _type(call: EmitCall) -> exp.Expr:
    _only_one(call)
    place = find_place(call)
    raw, kind = place.raw(), place.ask("JSONType")
    negative = sql.choose(_starts(raw, "-"), sql.text("BIGINT"), sql.text("UBIGINT"))
    name = sql.call(
        "transform",
        kind,
        sql.call("array", *map(sql.text, _TYPES)),
        sql.call("array", *map(sql.text, _TYPES.values())),
        negative,
    )
    long_number = sql.call("match", raw.copy(), sql.text(_LONG_NUMBER))
    zero = sql.both(
        sql.call("equals", raw.copy(), sql.text("0")),
        sql.call("match", place.base.copy(), sql.text("-0([^0-9.]|$)")),
    )
    return _where_there(place, _refuse_if(sql.either(long_number, zero), name), call)


_JS: Final = "CASE WHEN n <> 10 THEN js END"
_OWN: Final = "the engines write JSON in different ways"

ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    Emission(
        "json_extract",
        _extract,
        (
            *(f"({_JS})->'a'", f"({_JS})->'$.b'", f"json_extract({_JS}, '$.l[1]')", f"({_JS})->0"),
            *(f"({_JS})->'n'", f"json_extract({_JS}, '$')", f"({_JS})->'a'->0->'b'"),
            *(f"({_JS})->3->'k'", "'{\"a\":1.0}'->'a'", "'{\"a\":[1.5, \"1.0\"]}'->'a'"),
        ),
    ),
    Emission(
        "json_extract_string",
        _extract_string,
        (
            *(f"({_JS})->>'a'", f"({_JS})->>'$.b.c'", f"json_extract_string({_JS}, '$.l[0]')"),
            *(f"({_JS})->>'n'", f"({_JS})->>'$.l[-1]'", f"({_JS})->>'$.l[#-2]'", f"({_JS})->>'é'"),
            *(f"({_JS})->>'k\"q'", f"({_JS})->'b'->>'c'", f"({_JS})->>'$'", f"({_JS})->>1"),
            *("'{\"a\":1e2}'->>'a'", "'{\"a\":\"\\u00e9\"}'->>'a'", f"({_JS})->>'$.\"l\"[2]'"),
            *("'[1]'->>'$[5]'", "'{\"a\":12345678901234567890123}'->>'a'"),
        ),
    ),
    Emission(
        "json_exists",
        _exists,
        (f"json_exists({_JS}, '$.a')", f"json_exists({_JS}, '$.n')", f"json_exists({_JS}, '$[3]')"),
    ),
    Emission(
        "json_array_length",
        _array_length,
        (f"json_array_length({_JS})", f"json_array_length({_JS}, '$.l')"),
    ),
    Emission("json_keys", _keys, (f"json_keys({_JS})", f"json_keys({_JS}, '$.b')")),
    Emission(
        "json_type",
        _type,
        (f"json_type({_JS})", f"json_type({_JS}, '$.a')", f"json_type({_JS}, '$[0]')"),
    ),
    Refusal("json_valid", "the engines read different texts as JSON"),
    Refusal("json_value", "it gives text in quotes", "write json_extract_string"),
    *(
        Refusal(name, _OWN, "build the text where the JSON is read")
        for name in ("to_json", "json_array", "json_structure", "json_pretty", "row_to_json")
    ),
    Refusal("json_contains", "it is not known to mean the same", "extract the values to compare"),
)
