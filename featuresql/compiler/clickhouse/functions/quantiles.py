"""Quantiles: the sorted values, and what stands at a place among them or between two of them.

DuckDB interpolates by one fused multiplication and addition, in doubles whatever the type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.cast_numbers import digits_of, exact_integer, scaled, unscaled
from featuresql.compiler.clickhouse.comparable import comparable
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.functions.pieces import just
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.compiler.clickhouse.values import nothing
from featuresql.spec.column_type import ColumnType

_REAL: Final = "Float64"
_MICROSECONDS: Final = "DateTime64(6, 'UTC')"
# An integer of so many digits is a double without an error.
_EXACT_DIGITS: Final = 15
_SHORT: Final = 18
# Half of a double's bits: what splits one into two that multiply without an error.
_SPLIT: Final = "134217729"
_SPLITS_BELOW: Final = "1e290"
# n times a quantile of so many digits is an Int64.
_MAX_DIGITS: Final = 9
_NO_ORDER: Final = frozenset({"INTERVAL", "JSON"})

_HALF: Final = Decimal("0.5")

Let: TypeAlias = Callable[[], exp.Expr]


def _real(text: str) -> exp.Expr:
    return sql.cast(sql.text(text), _REAL)


def _constant(node: exp.Expr) -> Decimal | None:
    """Return the value of a number as it is written, None where it is more than a number."""
    if isinstance(node, exp.Paren):
        return _constant(node.this)
    if isinstance(node, exp.Neg):
        inside = _constant(node.this)
        return None if inside is None else -inside
    if isinstance(node, exp.Literal) and not node.is_string and "e" not in node.name.lower():
        return Decimal(node.name.replace("_", ""))
    return None


def _wanted(call: EmitCall) -> tuple[list[Decimal], bool]:
    """Return the quantiles asked for, below 0 where from the end, and whether as a list."""
    node = call.operands[1]
    several = isinstance(node, exp.Array)
    found = []
    for part in node.expressions if several else [node]:
        value = _constant(part)
        if value is None or -int(value.as_tuple().exponent) > _MAX_DIGITS:
            raise call.refuse(f"{call.name} of {part.sql('duckdb')}", "write it as in 0.95")
        found.append(-abs(value) if value.is_signed() or _from_the_end(call) else value)
    return found, several


def _from_the_end(call: EmitCall) -> bool:
    """Whether WITHIN GROUP (ORDER BY x DESC) turns the values around."""
    if not call.around.order:
        return False
    value, _, descending, _ = call.around.order[0]
    if len(call.around.order) > 1 or value != call.emitter.emit(call.operands[0]):
        raise call.refuse(f"{call.name} with ORDER BY another value")
    return descending


def _sorted(call: EmitCall, value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return the values that are not NULL in their order, NaN last."""
    gathered = call.aggregate("groupArray", value)
    if call.around.distinct:
        if kind.is_float:
            raise call.refuse(f"{call.name}(DISTINCT) of floats")
        gathered = sql.call("arrayDistinct", gathered)
    if kind.name == "UUID":
        each = sql.fresh(gathered)
        return sql.call(
            "arraySort", sql.function((each,), comparable(sql.name(each), kind)), gathered
        )
    return sql.call("arraySort", gathered)


def _turned(values: exp.Expr, quantile: Decimal) -> exp.Expr:
    return sql.call("arrayReverse", values) if quantile.is_signed() else values


def _count(values: Let) -> exp.Expr:
    return sql.call("toInt64", sql.call("length", values()))


def _at(values: Let, quantile: Decimal) -> exp.Expr:
    """Return the value at a quantile, by whole numbers alone."""
    size = 10 ** max(0, -int(quantile.as_tuple().exponent))
    above = size - int(abs(quantile) * size)
    after = sql.call(
        "intDiv", sql.call("multiply", _count(values), sql.number(above)), sql.number(size)
    )
    place = sql.call("greatest", sql.call("minus", _count(values), after), sql.number(1))
    return sql.call("arrayElement", _turned(values(), quantile), place)


def _fused(factor: exp.Expr, weight: exp.Expr, addend: exp.Expr) -> exp.Expr:
    """Return `factor * weight + addend`, rounded once: by products and sums without an error."""

    def split(value: Let) -> tuple[exp.Expr, exp.Expr]:
        scaled_up = sql.call("multiply", value(), _real(_SPLIT))
        high = sql.call("minus", scaled_up, sql.call("minus", scaled_up.copy(), value()))
        return high, sql.call("minus", value(), high.copy())

    def body(x: Let, w: Let, c: Let) -> exp.Expr:
        (xh, xl), (wh, wl) = split(x), split(w)
        product = sql.call("multiply", x(), w())

        def rest(p: Let) -> exp.Expr:
            parts = [(xh, wh), (xh, wl), (xl, wh), (xl, wl)]
            error: exp.Expr = sql.call("negate", p())
            for left, right in parts:
                error = sql.call("plus", error, sql.call("multiply", left.copy(), right.copy()))
            total = sql.call("plus", p(), c())
            part = sql.call("minus", total.copy(), p())
            lost = sql.call(
                "plus",
                sql.call("minus", p(), sql.call("minus", total.copy(), part)),
                sql.call("minus", c(), part.copy()),
            )
            return sql.call("plus", total, sql.call("plus", lost, error))

        splits = sql.call("less", sql.call("abs", x()), _real(_SPLITS_BELOW))
        exact = sql.bind(product, rest)
        plain = sql.call("plus", product.copy(), c())
        return sql.bind(
            exact,
            lambda made: sql.choose(sql.both(splits, sql.call("isFinite", made())), made(), plain),
        )

    return sql.bind(
        factor, lambda x: sql.bind(weight, lambda w: sql.bind(addend, lambda c: body(x, w, c)))
    )


def _between(
    values: Let,
    quantile: Decimal,
    mix: Callable[[exp.Expr, exp.Expr, exp.Expr], exp.Expr],
) -> exp.Expr:
    """Return the value at a quantile: `mix(lower, upper, distance)` where it is between two."""
    last = sql.cast(sql.call("minus", _count(values), sql.number(1)), _REAL)
    place = sql.call("multiply", last, _real(str(abs(quantile))))

    def element(place: exp.Expr) -> exp.Expr:
        index = sql.call("plus", sql.call("toInt64", place), sql.number(1))
        return sql.call("arrayElement", _turned(values(), quantile), index)

    def body(place: Let) -> exp.Expr:
        low, high = sql.call("floor", place()), sql.call("ceil", place())
        distance = sql.call("minus", place(), low.copy())
        return sql.choose(
            sql.call("equals", low, high),
            element(low.copy()),
            mix(element(low.copy()), element(high.copy()), distance),
        )

    return sql.bind(place, body)


def _blended(lower: exp.Expr, upper: exp.Expr, distance: exp.Expr) -> exp.Expr:
    weight = sql.call("minus", sql.number(1), distance)
    upper_part = sql.call("multiply", sql.cast(upper, _REAL), distance.copy())
    return _fused(sql.cast(lower, _REAL), weight, upper_part)


def _mean(lower: exp.Expr, upper: exp.Expr, _distance: exp.Expr) -> exp.Expr:
    halves = [sql.call("multiply", sql.cast(side, _REAL), _real("0.5")) for side in (lower, upper)]
    return sql.call("plus", *halves)


def _stepped(lower: exp.Expr, upper: exp.Expr, distance: exp.Expr) -> exp.Expr:
    """Return a step from `lower` to `upper` for integers that no double holds."""
    delta = sql.cast(sql.call("minus", upper, lower), _REAL)
    step = sql.call("trunc", sql.call("multiply", delta, distance))
    return sql.call("plus", lower.copy(), exact_integer(step))


def _half_away(value: exp.Expr) -> exp.Expr:
    """Return the whole number that is nearest, for what has room for another half."""

    def body(again: Let) -> exp.Expr:
        moved = sql.call("plus", sql.call("abs", again()), _real("0.5"))
        whole = sql.call("toInt64", sql.call("floor", moved))
        return sql.call("multiply", whole, sql.call("sign", again()))

    return sql.bind(value, body)


@dataclass(frozen=True, slots=True)
class _Space:
    """Where values of a type are interpolated.

    `enter` takes a value there, `settle` makes a value of that space of a double between two, or is
    None where doubles are not used, `leave` takes the result back.
    """

    enter: Callable[[exp.Expr], exp.Expr]
    settle: Callable[[exp.Expr], exp.Expr] | None
    leave: Callable[[exp.Expr], exp.Expr]

    def between(self, values: Let, quantile: Decimal) -> exp.Expr:
        """Return the quantile of sorted values of this space, as a value of the result."""
        blend = _mean if abs(quantile) == _HALF else _blended

        def mix(lower: exp.Expr, upper: exp.Expr, distance: exp.Expr) -> exp.Expr:
            if self.settle is None:
                return _stepped(lower, upper, distance)
            return self.settle(blend(lower, upper, distance))

        return self.leave(_between(values, quantile, mix))


def _space(call: EmitCall, kind: ColumnType, result: ColumnType) -> _Space:
    def leave(value: exp.Expr) -> exp.Expr:
        return sql.cast(value, held(result))

    if kind.is_integer or kind.is_float:
        return _Space(lambda value: sql.cast(value, f"Nullable({_REAL})"), _same, leave)
    if kind.name == "DECIMAL":
        precision, _ = digits_of(kind)
        if _EXACT_DIGITS < precision <= _SHORT:
            raise call.refuse(f"{call.name} of {kind}", "cast it to DOUBLE or to DECIMAL(15, s)")
        settle = _truncated if precision <= _EXACT_DIGITS else None
        return _Space(
            lambda value: unscaled(value, kind), settle, lambda value: scaled(value, result)
        )
    if kind.name in {"DATE", "TIMESTAMP", "TIMESTAMPTZ"}:
        return _Space(
            lambda value: sql.call(
                "toUnixTimestamp64Micro", sql.cast(value, f"Nullable({_MICROSECONDS})")
            ),
            _half_away,
            lambda value: leave(sql.call("fromUnixTimestamp64Micro", value, sql.text("UTC"))),
        )
    raise call.refuse(f"{call.name} of {kind}", "take quantile_disc")


def _same(value: exp.Expr) -> exp.Expr:
    return value


def _truncated(value: exp.Expr) -> exp.Expr:
    return sql.call("toInt64", value)


def _kind(call: EmitCall) -> ColumnType:
    """Return the type of what is sorted, with a DECIMAL's digits."""
    kind = call.bound[0]
    if kind.name == "DECIMAL" and kind.precision is None:
        return call.emitter.kind(call.operands[0])
    return kind


def _of_values(
    call: EmitCall,
    value: exp.Expr,
    kind: ColumnType,
    build: Callable[[Let], exp.Expr],
) -> exp.Expr:
    """Return what `build` makes of the sorted values, NULL where there are none."""
    return sql.bind(
        _sorted(call, value, kind),
        lambda values: sql.choose(sql.call("empty", values()), nothing(call.result), build(values)),
    )


def _answer(
    call: EmitCall, value: exp.Expr, kind: ColumnType, one: Callable[[Let, Decimal], exp.Expr]
) -> exp.Expr:
    quantiles, several = _wanted(call)

    def build(values: Let) -> exp.Expr:
        found = [one(values, quantile) for quantile in quantiles]
        if not several:
            return found[0]
        return sql.cast(just(sql.call("array", *found)), held(call.result))

    return _of_values(call, value, kind, build)


def _continuous(call: EmitCall) -> exp.Expr:
    kind = _kind(call)
    space = _space(call, kind, call.result.element or call.result)
    return _answer(call, space.enter(call.args[0]), kind, space.between)


def _refuse_unordered(call: EmitCall, kind: ColumnType) -> None:
    if is_composed(kind) or kind.name in _NO_ORDER:
        raise call.refuse(f"{call.name} of {kind}")


def _discrete(call: EmitCall) -> exp.Expr:
    kind = _kind(call)
    _refuse_unordered(call, kind)

    def one(values: Let, quantile: Decimal) -> exp.Expr:
        return sql.cast(_at(values, quantile), held(kind))

    return _answer(call, sql.cast(call.args[0], held(kind)), kind, one)


def _median(call: EmitCall) -> exp.Expr:
    if call.around.order:
        raise call.refuse("ORDER BY in median()")
    kind = _kind(call)
    if kind.is_numeric or kind.name in {"DATE", "TIMESTAMP", "TIMESTAMPTZ"}:
        space = _space(call, kind, call.result)
        return _of_values(
            call,
            space.enter(call.args[0]),
            kind,
            lambda values: space.between(values, _HALF),
        )
    _refuse_unordered(call, kind)
    value = sql.cast(call.args[0], held(kind))
    return _of_values(call, value, kind, lambda values: sql.cast(_at(values, _HALF), held(kind)))


def _deviation(call: EmitCall) -> exp.Expr:
    """Return the median of the distances from the median, in the type's own arithmetic."""
    if call.around.order or call.around.distinct:
        raise call.refuse("DISTINCT or ORDER BY in mad()")
    kind = _kind(call)
    if not kind.is_numeric:
        raise call.refuse(f"mad of {kind}", "take it of epoch_us(x)")
    space = _space(call, kind, call.result)
    if space.settle is None:
        raise call.refuse(f"mad of {kind}", "cast it to DOUBLE")

    def build(values: Let) -> exp.Expr:
        middle = space.between(values, _HALF)
        if kind.name == "DECIMAL":
            middle = unscaled(middle, kind)
        width = "Float32" if kind.name == "FLOAT" else ""

        def distances(middle: Let) -> exp.Expr:
            def distance(it: exp.Expr) -> exp.Expr:
                apart = sql.call("abs", sql.call("minus", it, middle()))
                return sql.cast(sql.cast(apart, width), _REAL) if width else apart

            # The lambda's value cannot be NULL, as there is a median.
            return sql.call("arraySort", sql.mapped(values(), distance))

        found = sql.bind(sql.call("assumeNotNull", middle), distances)
        return sql.bind(found, lambda again: space.between(again, _HALF))

    return _of_values(call, space.enter(call.args[0]), kind, build)


def _group(call: str) -> str:
    return f"SELECT g, {call} AS v FROM t GROUP BY g"


_FRAME: Final = "OVER (PARTITION BY g ORDER BY n ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)"
_COLUMNS: Final = ("i4", "i8", "u8", "f4", "f8", "f9", "d1", "d", "ts")

ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    Emission(
        "quantile_cont",
        _continuous,
        (
            *(_group(f"quantile_cont({column}, 0.3)") for column in _COLUMNS),
            _group("quantile_cont(f9, [0.1, 0.5, 0.99])"),
            _group("quantile_cont(f9, -0.3)"),
            _group("quantile_cont(d2::DECIMAL(38, 4), 0.3)"),
            _group("quantile_cont(i4, 0.25) FILTER (WHERE n > 3)"),
            _group("quantile_cont(DISTINCT i4, 0.4)"),
            _group("percentile_cont(0.3) WITHIN GROUP (ORDER BY f9 DESC)"),
            _group("percentile_cont(0.3) WITHIN GROUP (ORDER BY i2)"),
            "SELECT quantile_cont(i4, 0.0) AS v, quantile_cont(i4, 1) AS w FROM t",
            f"quantile_cont(f9, 0.9) {_FRAME}",
        ),
    ),
    Emission(
        "quantile_disc",
        _discrete,
        (
            *(_group(f"quantile_disc({column}, 0.3)") for column in (*_COLUMNS, "d2", "s", "b")),
            _group("quantile_disc(i4, [0.1, 0.5, 0.99])"),
            _group("quantile_disc(s, -0.3)"),
            _group("quantile(DISTINCT s, 0.7)"),
            _group("percentile_disc(0.3) WITHIN GROUP (ORDER BY s DESC) FILTER (WHERE n > 3)"),
            f"quantile_disc(f8, 0.9) {_FRAME}",
        ),
    ),
    Emission(
        "median",
        _median,
        (
            *(_group(f"median({column})") for column in (*_COLUMNS, "s", "b", "i8::HUGEINT")),
            "SELECT median(i2) AS v FROM t",
            _group("median(f9) FILTER (WHERE b)"),
            f"median(f9) {_FRAME}",
        ),
    ),
    Emission(
        "mad",
        _deviation,
        (
            *(_group(f"mad({column})") for column in ("i4", "f4", "f9", "d1")),
            "SELECT mad(f8) AS v FROM t",
            f"mad(f9) {_FRAME}",
        ),
    ),
)
