"""One entry of the allow-list: how a function is said in ClickHouse, or why it is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.types import held
from featuresql.spec.column_type import ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

_FRESH: Final = re.compile(r"__(\d+)")


@dataclass(frozen=True, slots=True)
class Aggregation:
    """What stands around an aggregate's call: DISTINCT, ORDER BY, FILTER and OVER.

    `order` holds (value, type, descending, nulls first), `over` the emitted window or None, `peers`
    whether a row's key is NULL and the window that it has then, where the two differ. `elements`
    is a name and the Array over whose elements, under that name, the call goes instead of rows.
    """

    distinct: bool = False
    order: tuple[tuple[exp.Expr, ColumnType, bool, bool], ...] = ()
    condition: exp.Expr | None = None
    over: exp.Window | None = None
    peers: tuple[exp.Expr, exp.Window] | None = None
    ignore_nulls: bool = False
    elements: tuple[str, exp.Expr] | None = None


@dataclass(frozen=True, slots=True)
class EmitCall:
    """A call to be said in ClickHouse.

    `args` are the operands, already said in ClickHouse and cast to `bound`, the parameters' types
    of the overload that DuckDB chose. `operands` are the nodes in DuckDB's dialect, where an
    emission depends on a constant. `result` is the type that the emission must give, NULL allowed.
    """

    emitter: Emitter
    name: str
    node: exp.Expr
    operands: tuple[exp.Expr, ...]
    args: tuple[exp.Expr, ...]
    bound: tuple[ColumnType, ...]
    result: ColumnType
    around: Aggregation = Aggregation()

    def as_result(self, value: exp.Expr) -> exp.Expr:
        """Return `value` cast to how the result's type is held."""
        return sql.cast(value, held(self.result))

    def fresh(self) -> str:
        """Return a name for a lambda's parameter that the operands do not use.

        It depends on the operands alone: ClickHouse finds a GROUP BY's expression by its text.
        """
        used = [
            int(found[1])
            for operand in self.args
            for part in operand.find_all(exp.Identifier)
            if (found := _FRESH.fullmatch(part.name))
        ]
        return f"__{max(used, default=0) + 1}"

    def refuse(self, reason: str, hint: str | None = None) -> Exception:
        """Return the error of a call that cannot be said in ClickHouse."""
        return self.emitter.refuse(self.node, reason, hint)

    def aggregate(
        self, name: str, *args: exp.Expr, parameters: tuple[exp.Expr, ...] = ()
    ) -> exp.Expr:
        """Return the aggregate `name` over `args`, under the call's FILTER and in its window.

        FILTER becomes the combinator If.
        """
        around = self.around
        if around.condition is not None:
            name, args = f"{name}If", (*args, around.condition.copy())
        if around.elements is not None:
            each, values = around.elements
            arrays = (
                sql.call("arrayMap", sql.function((each,), arg.copy()), values.copy())
                for arg in args
            )
            return sql.call("arrayReduce", sql.text(name), *arrays)
        made = sql.parametric(name, parameters, *args) if parameters else sql.call(name, *args)
        return self.windowed(made)

    def windowed(self, made: exp.Expr) -> exp.Expr:
        """Return `made`, an aggregate's call, in the window where there is one.

        A frame that leaves its own row out has, for a row whose key is NULL, the other such rows
        and itself in DuckDB: that is a window of its own.
        """
        around = self.around
        if around.over is None:
            return made
        window = _over(around.over, made)
        if around.peers is None:
            return window
        is_null, peers = around.peers
        return sql.choose(is_null.copy(), _over(peers, made.copy()), window)


def where(call: EmitCall, condition: exp.Expr) -> EmitCall:
    """Return the aggregate's call over those rows alone for which `condition` is true too."""
    around = call.around
    if around.condition is not None:
        condition = sql.both(around.condition.copy(), condition)
    return replace(call, around=replace(around, condition=condition))


def _over(window: exp.Window, made: exp.Expr) -> exp.Window:
    window = window.copy()
    window.set("this", made)
    return window


Build: TypeAlias = Callable[[EmitCall], exp.Expr]


@dataclass(frozen=True, slots=True)
class Emission:
    """How the function called `name` is said in ClickHouse.

    `cases` are expressions in DuckDB's dialect that the tests run on both engines and compare; they
    may use the columns of the tests' table `t`.
    """

    name: str
    build: Build
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the function called `name` runs on both engines in no model, and what to write."""

    name: str
    reason: str
    hint: str | None = None


def same(name: str, clickhouse: str, *cases: str) -> Emission:
    """Declare a function that ClickHouse has under another name, with the same arguments."""
    return Emission(name, lambda call: sql.call(clickhouse, *call.args), cases)


def same_cast(name: str, clickhouse: str, *cases: str) -> Emission:
    """Declare a function that ClickHouse has, whose result is of another type there."""
    return Emission(name, lambda call: call.as_result(sql.call(clickhouse, *call.args)), cases)
