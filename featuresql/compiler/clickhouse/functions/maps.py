"""Functions of maps. A map is held as an Array of none or one Array of pairs, in their order."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall
from featuresql.compiler.clickhouse.functions.pieces import (
    just,
    parameters,
    unless_null,
    value_of,
    within,
)
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.spec.column_type import ColumnType


def _part(pair: str, place: int) -> exp.Expr:
    return sql.call("tupleElement", sql.name(pair), sql.number(place))


def _types(call: EmitCall) -> tuple[ColumnType, ColumnType]:
    (_, key), (_, value) = call.bound[0].fields
    return key, value


def _is_key(call: EmitCall, pair: str) -> exp.Expr:
    key, _ = _types(call)
    if is_composed(key) or key.is_float:
        raise call.refuse("a MAP by this kind of key", "use text or whole numbers")
    same = sql.call("equals", _part(pair, 1), call.args[1])
    return sql.function((pair,), sql.call("ifNull", same, exp.false()))


def contains(call: EmitCall) -> exp.Expr:
    """Return whether a map has a key."""
    one, pair = parameters(call, 2)
    test = _is_key(call, pair)
    found = within(
        (one,), call.args[:1], call.result, lambda inside: sql.call("arrayExists", test, inside)
    )
    return unless_null(call.args[1:], found, call.result)


def _values_at(call: EmitCall, inside: exp.Expr, pair: str) -> exp.Expr:
    found = sql.call("arrayFilter", _is_key(call, pair), inside)
    return sql.call("arrayMap", sql.function((pair,), _part(pair, 2)), found)


def _extract_value(call: EmitCall) -> exp.Expr:
    one, pair = parameters(call, 2)
    return within(
        (one,),
        call.args[:1],
        call.result,
        lambda inside: value_of(_values_at(call, inside, pair)),
    )


def _extract(call: EmitCall) -> exp.Expr:
    one, pair = parameters(call, 2)
    return within(
        (one,), call.args[:1], call.result, lambda inside: just(_values_at(call, inside, pair))
    )


def _all(place: int) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        one, pair = parameters(call, 2)
        each = sql.function((pair,), _part(pair, place))
        return within(
            (one,), call.args, call.result, lambda inside: just(sql.call("arrayMap", each, inside))
        )

    name = "map_keys" if place == 1 else "map_values"
    return Emission(
        name, build, (f"{name}(map(['a', 'k' || n], [n, i4]))", f"{name}(MAP {{n: s}})")
    )


def _cardinality(call: EmitCall) -> exp.Expr:
    return within(
        parameters(call, 1), call.args, call.result, lambda inside: sql.call("length", inside)
    )


def pairs(keys: exp.Expr, values: exp.Expr, left: str, right: str) -> exp.Expr:
    """Return a map's pairs from an Array of its keys and one of its values."""
    pair = sql.function((left, right), sql.call("tuple", sql.name(left), sql.name(right)))
    made = sql.call("arrayMap", pair, keys, values)
    none = sql.function((left,), sql.is_null(sql.name(left)))
    absent = sql.call("arrayExists", none, keys.copy())
    unique = sql.call("arrayUniq", keys.copy())
    twice = sql.call("notEquals", sql.call("length", keys.copy()), unique)
    wrong = sql.call("throwIf", sql.either(absent, twice), sql.text("a map's keys must be unique"))
    empty = sql.call("arrayResize", made, sql.number(0))
    return sql.choose(sql.call("notEquals", wrong, sql.number(0)), empty, made.copy())


def _map(call: EmitCall) -> exp.Expr:
    if not call.args:
        return sql.cast(just(sql.call("array")), held(call.result))
    key = call.bound[0].element
    if key is None or is_composed(key) or key.is_float:
        raise call.refuse("a MAP by this kind of key", "use text or whole numbers")
    keys, values, left, right = parameters(call, 4)
    return within(
        (keys, values),
        call.args,
        call.result,
        lambda first, second: just(pairs(first, second, left, right)),
    )


ENTRIES: Final = (
    Emission(
        "map",
        _map,
        ("map(['k', 'l'], [n, 2])['k']", "cardinality(map(['k'], [NULL]))", "map([n], [s])[5]"),
    ),
    _all(1),
    _all(2),
    Emission(
        "map_extract_value",
        _extract_value,
        ("map(['k', 'l'], [n, 2])['zzz']", "map([n], [li])[4]", "map(['a', 'b'], [1, i4])[s2]"),
    ),
    Emission("map_extract", _extract, ("map_extract(map(['k', 'b'], [n, 2]), s2)",)),
    Emission("map_contains", contains, ("map_contains(map(['k', 'b'], [n, NULL]), s2)",)),
    Emission("cardinality", _cardinality, ("cardinality(map(['k', 'b'], [n, 2]))",)),
)
