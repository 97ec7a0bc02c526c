"""The walk from a typed tree in DuckDB's dialect to ClickHouse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.around import inside
from featuresql.compiler.clickhouse.casts import convert
from featuresql.compiler.clickhouse.comparable import distinguished, has_floats
from featuresql.compiler.clickhouse.emission import Aggregation, Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.lists_and_structs import emit_literal_as
from featuresql.compiler.clickhouse.range_frames import Framed
from featuresql.compiler.clickhouse.scopes import names_of
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.compiler.typing.argument import NULL, type_text
from featuresql.compiler.typing.function_table import BY_NAME as KNOWN
from featuresql.compiler.typing.typer import Typer
from featuresql.errors import CompileError
from featuresql.spec.column_type import ColumnType

# Queries that read rows of the query around them, computed as columns, by the id of their node.
Finish: TypeAlias = Callable[[exp.Expr], exp.Expr]
Handler: TypeAlias = Callable[["Emitter", exp.Expr], exp.Expr]


@dataclass(frozen=True, slots=True)
class Lifted:
    """A query's answer that was computed as the column `column`, and what makes a value of it."""

    column: exp.Column
    finish: Finish


NOT_PORTABLE: Final = "not-portable"
_NONE_COUNTED: Final = frozenset(
    {"count", "count_star", "regr_count", "approx_count_distinct", "entropy"}
)
_OWN_ENGINE: Final = "or keep the model to one engine: config(engines=['duckdb'])"


@dataclass(slots=True)
class Emitter:
    """Says one typed tree in ClickHouse; the tree itself stays as it is.

    `handlers` say the classes that are no functions of the table, `functions` the others.
    `is_held(schema, name)` tells whether a table's columns are held as `types.held` says.
    """

    typer: Typer
    handlers: Mapping[type[exp.Expr], Handler]
    functions: Mapping[str, Emission | Refusal]
    is_held: Callable[[str, str], bool]
    float_keys: frozenset[str] = frozenset()
    framed: Mapping[str, Framed] = field(default_factory=dict)
    renamed: Mapping[tuple[str, str], exp.Expr] = field(default_factory=dict)
    lifted: Mapping[int, Lifted] = field(default_factory=dict)
    no_rows: bool = False
    flattened: int = 0

    def emit(self, node: exp.Expr) -> exp.Expr:
        """Return `node` in ClickHouse, of the type that `types.held` gives for its type.

        Raises `CompileError` with code `not-portable`.
        """
        made = self._emit(node)
        if self.float_keys and node.sql() in self.float_keys:
            return sql.cast(distinguished(made, self.kind(node)), held(self.kind(node)))
        return made

    @contextmanager
    def grouped_by(self, keys: Iterable[exp.Expr]) -> Iterator[None]:
        """Let the floats among `keys` be one key for 0.0 and -0.0, and one for NaN, for a while."""
        before = self.float_keys
        self.float_keys = frozenset(key.sql() for key in keys if has_floats(self.kind(key)))
        try:
            yield
        finally:
            self.float_keys = before

    @contextmanager
    def within_select(self, select: exp.Select) -> Iterator[None]:
        """Say what stands in `select`: its relations hide those of the same names around it."""
        before = self.framed, self.renamed, self.lifted
        own = names_of(select)
        self.framed, self.lifted = {}, {}
        self.renamed = {place: made for place, made in before[1].items() if place[0] not in own}
        try:
            yield
        finally:
            self.framed, self.renamed, self.lifted = before

    @contextmanager
    def naming(self, renamed: Mapping[tuple[str, str], exp.Expr]) -> Iterator[None]:
        """Say the columns `renamed`, by relation and name, as these expressions for a while."""
        before = self.renamed
        self.renamed = {**before, **renamed}
        try:
            yield
        finally:
            self.renamed = before

    @contextmanager
    def over_no_rows(self) -> Iterator[None]:
        """Say each aggregate as what it is of no rows for a while."""
        self.no_rows = True
        try:
            yield
        finally:
            self.no_rows = False

    def is_cte(self, table: exp.Table) -> bool:
        """Whether a bare name means a CTE of the queries around it."""
        node: exp.Expr | None = table
        while node is not None:
            clause = node.args.get("with_")
            names = [cte.alias.lower() for cte in clause.expressions] if clause else []
            if table.name.lower() in names:
                return True
            node = node.parent
        return False

    def _emit(self, node: exp.Expr) -> exp.Expr:
        lifted = self.lifted.get(id(node))
        if lifted is not None:
            return lifted.finish(lifted.column.copy())
        handler = self.handlers.get(type(node))
        return handler(self, node) if handler else self.emit_call(node)

    def emit_as(self, node: exp.Expr, kind: ColumnType) -> exp.Expr:
        """Return `node` in ClickHouse, cast to `kind` as DuckDB casts implicitly."""
        source = self.kind(node)
        if source == NULL:
            return sql.cast(sql.null() if not is_composed(kind) else sql.call("array"), held(kind))
        if source == kind:
            return self.emit(node)
        written = emit_literal_as(self, node, kind)
        if written is not None:
            return written
        return convert(self, node, self.emit(node), source, kind)

    def kind(self, node: exp.Expr) -> ColumnType:
        """Return the type of `node`, a bare NULL's being NULL."""
        return self.typer.argument(node).type

    def emit_call(self, node: exp.Expr, around: Aggregation | None = None) -> exp.Expr:
        """Return the call of a function of the table in ClickHouse."""
        call = self.typer.calls.get(id(node))
        if call is None:
            raise self.refuse(node, f"{node.key.upper()} is not known to mean the same there")
        entry = self.functions.get(call.name)
        if entry is None:
            raise self.refuse(node, f"{call.name} is not known to mean the same there")
        if isinstance(entry, Refusal):
            raise self.refuse(node, f"{call.name}: {entry.reason}", entry.hint)
        if self.no_rows and self.is_aggregate(node):
            return of_no_rows(call.name, self.kind(node))
        args = tuple(
            self.emit_as(operand, kind)
            for operand, kind in zip(call.operands, call.bound, strict=True)
            if not isinstance(operand, exp.Lambda | exp.Star)
        )
        return entry.build(
            EmitCall(
                emitter=self,
                name=call.name,
                node=node,
                operands=call.operands,
                args=args,
                bound=call.bound,
                result=self.kind(node),
                around=inside(self, node, around or Aggregation()),
            )
        )

    def is_aggregate(self, node: exp.Expr) -> bool:
        """Whether `node` calls an aggregate."""
        call = self.typer.calls.get(id(node))
        function = KNOWN.get(call.name) if call else None
        return function is not None and function.kind == "aggregate"

    def refuse(self, node: exp.Expr, reason: str, hint: str | None = None) -> CompileError:
        """Return the error of something that cannot be said in ClickHouse."""
        message = f"this cannot run on ClickHouse: {reason}"
        advice = f"{hint}, {_OWN_ENGINE}" if hint else _OWN_ENGINE.removeprefix("or ")
        return self.typer.make_error(NOT_PORTABLE, message, node, advice)

    def refuse_type(self, node: exp.Expr, kind: ColumnType) -> CompileError:
        """Return the error of a value of a type that ClickHouse does not hold."""
        return self.refuse(node, f"it has no {type_text(kind)}")


def of_no_rows(name: str, kind: ColumnType) -> exp.Expr:
    """Return what the aggregate called `name` gives where there are no rows."""
    if name in _NONE_COUNTED:
        return sql.cast(sql.number(0), held(kind))
    return sql.cast(sql.call("array") if is_composed(kind) else sql.null(), held(kind))
