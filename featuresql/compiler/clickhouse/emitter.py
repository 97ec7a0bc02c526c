"""The walk from a typed tree in DuckDB's dialect to ClickHouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.around import inside
from featuresql.compiler.clickhouse.casts import convert
from featuresql.compiler.clickhouse.emission import Aggregation, Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.range_frames import Framed
from featuresql.compiler.clickhouse.read_framed import FRAMED, flat_name, read_columns
from featuresql.compiler.clickhouse.types import held, is_composed
from featuresql.compiler.typing.argument import NULL, type_text
from featuresql.compiler.typing.typer import Typer
from featuresql.errors import CompileError
from featuresql.spec.column_type import ColumnType

Handler: TypeAlias = Callable[["Emitter", exp.Expr], exp.Expr]

NOT_PORTABLE: Final = "not-portable"
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
    renamed: Mapping[tuple[str, str], exp.Column] = field(default_factory=dict)

    def emit(self, node: exp.Expr) -> exp.Expr:
        """Return `node` in ClickHouse, of the type that `types.held` gives for its type.

        Raises `CompileError` with code `not-portable`.
        """
        made = self._emit(node)
        if self.float_keys and self.kind(node).is_float and node.sql() in self.float_keys:
            return sql.call("plus", made, sql.cast(sql.text("0"), "Float64"))
        return made

    @contextmanager
    def grouped_by(self, select: exp.Select) -> Iterator[None]:
        """Let the floats among the keys of `select` be one key for 0.0 and -0.0, as in DuckDB."""
        before = self.float_keys
        group = select.args.get("group")
        keys = group.expressions if group else ()
        self.float_keys = frozenset(key.sql() for key in keys if self.kind(key).is_float)
        try:
            yield
        finally:
            self.float_keys = before

    @contextmanager
    def after_frames(self, select: exp.Select, frames: Mapping[str, Framed]) -> Iterator[None]:
        """Read what `select` reads from the relation that `read_framed` made for `frames`."""
        before = self.framed, self.renamed
        if frames:
            self.framed = frames
            self.renamed = {
                (table.lower(), name.lower()): exp.column(
                    flat_name(table, name), table=FRAMED, quoted=True
                )
                for table, name in read_columns(select)
            }
        try:
            yield
        finally:
            self.framed, self.renamed = before

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
        handler = self.handlers.get(type(node))
        return handler(self, node) if handler else self.emit_call(node)

    def emit_as(self, node: exp.Expr, kind: ColumnType) -> exp.Expr:
        """Return `node` in ClickHouse, cast to `kind` as DuckDB casts implicitly."""
        source = self.kind(node)
        if source == NULL:
            return sql.cast(sql.null() if not is_composed(kind) else sql.call("array"), held(kind))
        if source == kind:
            return self.emit(node)
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

    def refuse(self, node: exp.Expr, reason: str, hint: str | None = None) -> CompileError:
        """Return the error of something that cannot be said in ClickHouse."""
        message = f"this cannot run on ClickHouse: {reason}"
        advice = f"{hint}, {_OWN_ENGINE}" if hint else _OWN_ENGINE.removeprefix("or ")
        return self.typer.make_error(NOT_PORTABLE, message, node, advice)

    def refuse_type(self, node: exp.Expr, kind: ColumnType) -> CompileError:
        """Return the error of a value of a type that ClickHouse does not hold."""
        return self.refuse(node, f"it has no {type_text(kind)}")
