"""What the emissions of text and lists are put together from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import EmitCall
from featuresql.compiler.clickhouse.types import held
from featuresql.compiler.typing.rules import constant_text
from featuresql.spec.column_type import ColumnType

FIRST: Final = sql.number(1)


def parameters(call: EmitCall, count: int) -> tuple[str, ...]:
    """Return `count` names for lambdas' parameters that the operands do not use."""
    first = int(call.fresh()[2:])
    return tuple(f"__{first + i}" for i in range(count))


def unused(inside: exp.Expr, count: int) -> tuple[str, ...]:
    """Return `count` names for lambdas' parameters that `inside` does not use."""
    used = {part.name for part in inside.find_all(exp.Identifier)}
    free = (f"__{i}" for i in range(1, len(used) + count + 1))
    return tuple([name for name in free if name not in used][:count])


def value_of(listed: exp.Expr) -> exp.Expr:
    """Return what is in an Array of none or one, or the default of its type."""
    return sql.call("arrayElement", listed, FIRST.copy())


def within(
    names: Sequence[str],
    composed: Sequence[exp.Expr],
    kind: ColumnType,
    build: Callable[..., exp.Expr],
) -> exp.Expr:
    """Return `build` of what the held lists, structs or maps `composed` hold, NULL if one is NULL.

    `build` takes the values, under `names`, and returns an expression that is cast to how `kind` is
    held.
    """
    made: exp.Expr = sql.cast(build(*map(sql.name, names)), held(kind))
    for name, value in zip(reversed(names), reversed(composed), strict=True):
        made = value_of(sql.call("arrayMap", sql.function((name,), made), value))
    return made


def just(value: exp.Expr) -> exp.Expr:
    """Return a list, struct or map that is not NULL as it is held."""
    return sql.call("array", value)


def unless_null(guards: Sequence[exp.Expr], value: exp.Expr, kind: ColumnType) -> exp.Expr:
    """Return `value`, or NULL where one of the scalars `guards` is NULL.

    ClickHouse's least() and greatest() leave NULL out, so NULL must not come that far.
    """
    absent = sql.either(*(sql.is_null(guard.copy()) for guard in guards))
    empty = sql.call("array") if held(kind).startswith("Array") else sql.null()
    return sql.choose(absent, sql.cast(empty, held(kind)), sql.cast(value, held(kind)))


def known(value: exp.Expr) -> exp.Expr:
    """Return a scalar as one that is never NULL; what stands for NULL is not to be looked at."""
    return sql.call("assumeNotNull", value.copy())


def checked(value: exp.Expr, wrong: exp.Expr, message: str) -> exp.Expr:
    """Return the number `value`, or fail with `message` in rows where `wrong` is true."""
    certain = sql.call("ifNull", wrong, sql.number(0))
    return sql.call("plus", value, sql.call("throwIf", certain, sql.text(message)))


def characters_of(text: exp.Expr) -> exp.Expr:
    """Return the characters of a text that is not NULL, as an Array."""
    return sql.call("extractAll", text, sql.text("(?s)."))


def constant_operand(call: EmitCall, position: int, what: str) -> str:
    """Return the text that stands at `position`, which must be a constant."""
    text = constant_text(call.operands[position])
    if text is None or not call.operands[position].find(exp.Literal):
        raise call.refuse(f"{call.name} with {what} that is no constant", "write it as text")
    return text
