"""Functions of lists. A list is held as an Array of none or one Array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.casts import convert
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions import maps, series, text_parts, vectors
from featuresql.compiler.clickhouse.functions.pieces import (
    constant_operand,
    just,
    known,
    parameters,
    unless_null,
    value_of,
    within,
)
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.compiler.clickhouse.values import missing
from featuresql.compiler.typing.argument import NULL
from featuresql.compiler.typing.function_table import call_name, find_function
from featuresql.compiler.typing.rules import constant_integer, constant_text
from featuresql.spec.column_type import VARCHAR, ColumnType

_UNORDERED: Final = "the order of its elements is not fixed"
_IN_ORDER: Final = "sort it: list_sort(...)"
# What gives the same for the elements of a list in any order.
_NEEDS_NO_ORDER: Final = frozenset(
    {
        *("list_sort", "list_reverse_sort", "length", "array_length", "list_unique"),
        *("list_contains", "list_min", "list_max", "list_count", "list_has_any", "list_has_all"),
        *("list_distinct", "list_intersect", "contains"),
    }
)


def element(kind: ColumnType) -> ColumnType:
    """Return the type of a list's elements."""
    return kind.element or NULL


def equal(kind: ColumnType, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """Return whether two values of type `kind` are equal, neither of them NULL; never NULL."""
    made: exp.Expr = sql.call("equals", left, right)
    if is_composed(kind):
        return sql.both(sql.call("notEmpty", left.copy()), made)
    if kind.is_float:
        both = sql.both(sql.call("isNaN", left.copy()), sql.call("isNaN", right.copy()))
        made = sql.either(made, both)
    return sql.call("ifNull", made, exp.false())


def present(value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return whether a value of type `kind` is not NULL."""
    return sql.negated(missing(value, kind))


def without_nulls(listed: exp.Expr, kind: ColumnType, parameter: str) -> exp.Expr:
    """Return the elements, of type `kind`, of an Array that are not NULL."""
    keep = sql.function((parameter,), present(sql.name(parameter), kind))
    return sql.call("arrayFilter", keep, listed)


def sorted_array(
    listed: exp.Expr, kind: ColumnType, parameter: str, *, descending: bool, nulls_first: bool
) -> exp.Expr:
    """Return an Array in order: NaN above every number, NULL at the end that is named."""
    value = sql.name(parameter)
    absent = missing(value, kind)
    keys = [sql.negated(absent) if nulls_first != descending else absent]
    if kind.is_float:
        keys.append(sql.call("ifNull", sql.call("isNaN", value.copy()), sql.number(0)))
    key = sql.call("tuple", *keys, value.copy())
    name = "arrayReverseSort" if descending else "arraySort"
    return sql.call(name, sql.function((parameter,), key), listed)


def length(call: EmitCall) -> exp.Expr:
    """Return the length of a list."""
    dimension = constant_integer(call.operands[1]) if len(call.operands) > 1 else 1
    if dimension != 1:
        raise call.refuse("the length in a dimension", "write len(list)")
    return within(
        parameters(call, 1), call.args[:1], call.result, lambda inside: sql.call("length", inside)
    )


def contains(call: EmitCall) -> exp.Expr:
    """Return whether a list has an element; NULL for NULL."""
    if call.bound[0].name == "MAP":
        return maps.contains(call)
    kind = element(call.bound[0])
    wanted = call.args[1]
    one, each = parameters(call, 2)
    found = within(
        (one,),
        call.args[:1],
        call.result,
        lambda inside: sql.call(
            "arrayExists", sql.function((each,), equal(kind, sql.name(each), wanted)), inside
        ),
    )
    return sql.choose(missing(wanted.copy(), kind), sql.cast(sql.null(), held(call.result)), found)


def _position(call: EmitCall) -> exp.Expr:
    kind = element(call.bound[0])
    wanted = call.args[1]
    one, each = parameters(call, 2)
    value = sql.name(each)
    nulls = sql.both(missing(value, kind), missing(wanted.copy(), kind))
    test = sql.function((each,), sql.either(equal(kind, value, wanted), nulls))
    return within(
        (one,),
        call.args[:1],
        call.result,
        lambda inside: sql.call("nullIf", sql.call("arrayFirstIndex", test, inside), sql.number(0)),
    )


def _has(quantifier: str) -> Callable[[EmitCall], exp.Expr]:
    def build(call: EmitCall) -> exp.Expr:
        """Look for the right list's elements in the left one; NULL elements do not count."""
        kind = element(call.bound[0])
        left, right, outer, inner = parameters(call, 4)
        there = sql.function((inner,), equal(kind, sql.name(inner), sql.name(outer)))

        def test(listed: exp.Expr, wanted: exp.Expr) -> exp.Expr:
            found = sql.call("arrayExists", there, listed)
            given = without_nulls(wanted, kind, outer)
            return sql.call(quantifier, sql.function((outer,), found), given)

        return within((left, right), call.args, call.result, test)

    return build


def _extract(call: EmitCall) -> exp.Expr:
    if not is_composed(call.bound[0]):
        return text_parts.text_element(call)
    position = constant_integer(call.operands[1])
    (one,) = parameters(call, 1)
    if position is not None:
        if position == 0:
            raise call.refuse("position 0", "positions count from 1")
        index = call.args[1]
    else:
        # Where a position is 0 or NULL, one behind the end stands for it: that is NULL.
        absent = sql.call("ifNull", sql.call("nullIf", call.args[1], sql.number(0)), _beyond())
        index = sql.call("assumeNotNull", absent)
    return within(
        (one,), call.args[:1], call.result, lambda inside: sql.call("arrayElement", inside, index)
    )


def _beyond() -> exp.Expr:
    return sql.call("toInt64", sql.number(2**62))


def _slice(call: EmitCall) -> exp.Expr:
    if not is_composed(call.bound[0]):
        return text_parts.text_slice(call)
    step = constant_integer(call.operands[3]) if len(call.operands) > 3 else 1  # noqa: PLR2004 - a step
    if not step:
        raise call.refuse("a slice whose step is no constant", "write the step as a number")
    begin, end = call.args[1:3] if step > 0 else (call.args[2], call.args[1])
    one, each, place = parameters(call, 3)
    bounds = [sql.call("assumeNotNull", bound.copy()) for bound in (begin, end)]

    def cut(inside: exp.Expr) -> exp.Expr:
        size = sql.call("toInt64", sql.call("length", inside.copy()))
        first, last = text_parts.slice_ends(size, *bounds)
        count = sql.call("minus", sql.call("plus", last, sql.number(1)), first)
        found = sql.call(
            "arraySlice",
            inside,
            first.copy(),
            sql.call("greatest", count, sql.number(0)),
        )
        if step < 0:
            found = sql.call("arrayReverse", found)
        if abs(step) > 1:
            index = sql.call("modulo", sql.name(place), sql.number(abs(step)))
            keep = sql.function((each, place), sql.call("equals", index, sql.number(1)))
            places = sql.call("arrayEnumerate", found.copy())
            found = sql.call("arrayFilter", keep, found, places)
        return just(found)

    made = within((one,), call.args[:1], call.result, cut)
    return unless_null((begin, end), made, call.result)


def _inside(name: str) -> Callable[[EmitCall], exp.Expr]:
    """Return the build of a function of one list that ClickHouse has for Arrays."""

    def build(call: EmitCall) -> exp.Expr:
        return within(
            parameters(call, 1), call.args, call.result, lambda inside: just(sql.call(name, inside))
        )

    return build


def _value(call: EmitCall) -> exp.Expr:
    return sql.cast(just(sql.call("array", *call.args)), held(call.result))


def _concat(call: EmitCall) -> exp.Expr:
    """Join lists; one that is NULL counts as empty."""
    joined = sql.call("arrayConcat", *map(value_of, call.args))
    return sql.cast(just(joined), held(call.result))


def _add(call: EmitCall) -> exp.Expr:
    at_end = call.name == "list_append"
    listed, single = call.operands if at_end else reversed(call.operands)
    emitter = call.emitter
    whole = value_of(emitter.emit_as(listed, call.result))
    one = emitter.emit_as(single, element(call.result))
    name = "arrayPushBack" if at_end else "arrayPushFront"
    return sql.cast(just(sql.call(name, whole, one)), held(call.result))


def _distinct_array(call: EmitCall, inside: exp.Expr, each: str) -> exp.Expr:
    kind = element(call.bound[0])
    if is_composed(kind) or kind.is_float:
        raise call.refuse(f"{call.name} of this list", "make the elements text or whole numbers")
    return sql.call("arrayDistinct", without_nulls(inside, kind, each))


def _needs_order(call: EmitCall) -> bool:
    parent = call.node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    entry = find_function(parent) if isinstance(parent, exp.Func) else None
    return entry is None or entry.name not in _NEEDS_NO_ORDER


def _distinct(call: EmitCall) -> exp.Expr:
    if _needs_order(call):
        raise call.refuse(f"{call.name}: {_UNORDERED}", _IN_ORDER)
    one, each = parameters(call, 2)
    return within(
        (one,), call.args, call.result, lambda inside: just(_distinct_array(call, inside, each))
    )


def _unique(call: EmitCall) -> exp.Expr:
    one, each = parameters(call, 2)
    return within(
        (one,),
        call.args,
        call.result,
        lambda inside: sql.call("length", _distinct_array(call, inside, each)),
    )


def _intersect(call: EmitCall) -> exp.Expr:
    if _needs_order(call):
        raise call.refuse(f"{call.name}: {_UNORDERED}", _IN_ORDER)
    left, right, each = parameters(call, 3)

    def build(first: exp.Expr, second: exp.Expr) -> exp.Expr:
        among = sql.function((each,), sql.call("has", second, sql.name(each)))
        return just(sql.call("arrayFilter", among, _distinct_array(call, first, each)))

    return within((left, right), call.args, call.result, build)


def _order(call: EmitCall) -> tuple[bool, bool]:
    """Return whether a list is sorted downwards, and whether NULL comes first."""
    if isinstance(call.node, exp.ArraySort):
        up, first = (call.node.args.get(key) for key in ("asc", "nulls_first"))
        return up is not None and not up.this, first is not None and bool(first.this)
    words = [(constant_text(operand) or "").upper() for operand in call.operands[1:]]
    return "reverse" in call_name(call.node) or "DESC" in words, "NULLS FIRST" in words


def _sort(call: EmitCall) -> exp.Expr:
    kind = element(call.bound[0])
    if is_composed(kind):
        raise call.refuse(f"{call.name} of lists or structs")
    descending, nulls_first = _order(call)
    one, each = parameters(call, 2)
    return within(
        (one,),
        call.args[:1],
        call.result,
        lambda inside: just(
            sorted_array(inside, kind, each, descending=descending, nulls_first=nulls_first)
        ),
    )


def _flatten(call: EmitCall) -> exp.Expr:
    """Join the lists of a list; those that are NULL are left out."""
    one, each = parameters(call, 2)
    lists = sql.function((each,), value_of(sql.name(each)))
    return within(
        (one,),
        call.args,
        call.result,
        lambda inside: (
            just(sql.call("arrayFlatten", sql.call("arrayMap", lists, inside)))
            if not is_composed(element(call.result))
            else _deep(call)
        ),
    )


def _deep(call: EmitCall) -> exp.Expr:
    raise call.refuse("flatten of lists of lists of lists")


def _zip(call: EmitCall) -> exp.Expr:
    (place,) = parameters(call, 1)
    lists = [value_of(argument) for argument in call.args]
    sizes = [sql.call("length", listed.copy()) for listed in lists]
    longest = sizes[0] if len(sizes) == 1 else sql.call("greatest", *sizes)
    row = sql.call(
        "tuple", *(sql.call("arrayElement", listed, sql.name(place)) for listed in lists)
    )
    places = sql.call("range", sql.number(1), sql.call("plus", longest, sql.number(1)))
    made = sql.call("arrayMap", sql.function((place,), just(row)), places)
    return sql.cast(just(made), held(call.result))


def _to_string(call: EmitCall) -> exp.Expr:
    separator = constant_operand(call, 1, "a separator")
    kind = element(call.bound[0])
    if is_composed(kind):
        raise call.refuse("array_to_string of lists or structs")
    one, each = parameters(call, 2)

    def join(inside: exp.Expr) -> exp.Expr:
        given = without_nulls(inside, kind, each)
        text = convert(call.emitter, call.node, sql.name(each), kind, VARCHAR)
        texts = sql.call("arrayMap", sql.function((each,), known(text)), given)
        joined = sql.call("arrayStringConcat", texts, sql.text(separator))
        only_nulls = sql.both(sql.call("notEmpty", inside.copy()), sql.call("empty", given.copy()))
        return sql.choose(only_nulls, sql.null(), joined)

    return within((one,), call.args[:1], call.result, join)


def _unnest(call: EmitCall) -> exp.Expr:
    """Give a row for each element, none for an empty list or NULL."""
    select = call.node.parent_select
    if select is None or len(list(select.find_all(exp.Explode))) > 1:
        raise call.refuse("several unnest() in one SELECT", "unnest list_zip(...) instead")
    if select.args.get("group") or select.find(exp.Window, exp.AggFunc):
        raise call.refuse("unnest() beside aggregates or windows", "put it in a CTE of its own")
    return sql.call("arrayJoin", value_of(call.args[0]))


ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    *maps.ENTRIES,
    *series.ENTRIES,
    *vectors.ENTRIES,
    Emission(
        "array_length", length, ("array_length(li)", "array_length(ls, 1)", "array_length([s])")
    ),
    Emission(
        "list_contains",
        contains,
        (
            *("list_contains(li, 3)", "list_contains(li, i4)", "list_contains(ls, s2)"),
            *("list_contains(lf, 'nan'::DOUBLE)", "list_contains(lf, -0.0::DOUBLE)"),
            *("list_contains([li], [8])", "list_contains(li, NULL)", "list_contains(ls, 'x')"),
        ),
    ),
    Emission(
        "list_position",
        _position,
        ("list_position(li, 3)", "list_position(li, NULL)", "list_position(ls, s2)"),
    ),
    Emission(
        "list_has_any",
        _has("arrayExists"),
        ("list_has_any(li, [1, 7])", "list_has_any(li, [NULL, 8])", "ls && ['a']"),
    ),
    Emission(
        "list_has_all",
        _has("arrayAll"),
        ("list_has_all(li, [1, 3])", "list_has_all(li, [NULL, 8])", "list_has_all(ls, [])"),
    ),
    Emission(
        "list_extract",
        _extract,
        (
            *("li[1]", "li[-1]", "li[n]", "list_extract(li, n - 5)", "ls[2]", "[li, [1]][1]"),
            *("s[1]", "s[-1]", "s[n]", "s[n - 6]", "s[0]", "lf[1]", "li[i4]"),
        ),
    ),
    Emission(
        "list_slice",
        _slice,
        (
            *("li[1:2]", "li[2:]", "li[:-2]", "li[-2:]", "li[0:1]", "li[n - 4:n]", "ls[i4:2]"),
            *("li[1:5:2]", "li[5:1:-2]", "li[:-1:-1]", "s[2:3]", "s[-2:]", "s[n - 5:n]", "s[i8:9]"),
        ),
    ),
    Emission("list_value", _value, ("list_value(n, i4)", "list_value(s, NULL)")),
    Emission(
        "list_concat",
        _concat,
        (
            *(
                "list_concat(li, [1])",
                "list_concat(li, NULL::INTEGER[])",
                "list_concat(ls, ls, [s])",
            ),
            "list_concat(CASE WHEN n > 5 THEN li END, CASE WHEN n > 8 THEN li END)",
        ),
    ),
    Emission(
        "list_append",
        _add,
        ("list_append(li, n)", "list_append(ls, NULL)", "list_append(NULL::INTEGER[], 1)"),
    ),
    Emission("list_prepend", _add, ("list_prepend(n, li)", "list_prepend(NULL, ls)")),
    Emission(
        "list_distinct",
        _distinct,
        (
            "list_sort(list_distinct(li))",
            "len(list_distinct(ls))",
            "list_contains(list_distinct(li), 3)",
        ),
    ),
    Emission("list_unique", _unique, ("list_unique(li)", "list_unique(ls)")),
    Emission(
        "list_intersect",
        _intersect,
        ("list_sort(list_intersect(li, [1, 3, 8, NULL]))", "len(list_intersect(ls, ['a', 'b']))"),
    ),
    Emission(
        "list_reverse", _inside("arrayReverse"), ("list_reverse(li)", "list_reverse(['a', s])")
    ),
    Emission(
        "list_sort",
        _sort,
        (
            *("list_sort(li)", "list_sort(lf)", "list_sort(ls, 'DESC')", "list_sort([f8, f9, 1])"),
            *("list_sort(li, 'ASC', 'NULLS FIRST')", "list_sort([f8, f9], 'DESC', 'NULLS LAST')"),
            *("list_reverse_sort(lf)", "list_reverse_sort(li, 'NULLS FIRST')"),
        ),
    ),
    Emission("flatten", _flatten, ("flatten([li, NULL, [1]])", "flatten([ls])", "flatten([[n]])")),
    Emission(
        "list_zip",
        _zip,
        ("list_zip(li, ls)[1][1]", "len(list_zip(li, ls))", "list_zip(li, [n])[2][2]"),
    ),
    Emission(
        "array_to_string",
        _to_string,
        ("array_to_string(ls, ',')", "array_to_string([s, s2, 'x'], '')"),
    ),
    Emission(
        "unnest",
        _unnest,
        (
            "SELECT n, unnest(li) AS v FROM t",
            "SELECT unnest(ls) AS v FROM t",
            "SELECT n, unnest(CASE WHEN n > 3 THEN li END) + 1 AS v FROM t WHERE n > 4",
        ),
    ),
    *(
        Refusal(name, "positions outside of the list are not known to mean the same", hint)
        for name, hint in (
            ("list_select", "write [l[i] FOR i IN positions]"),
            ("list_where", "write [x FOR x IN l IF condition]"),
            ("list_resize", "write l[1:n]"),
            ("list_grade_up", "sort a list of structs of the values and their places"),
        )
    ),
)
