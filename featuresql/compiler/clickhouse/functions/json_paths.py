"""Constant paths into JSON, and what ClickHouse finds there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import EmitCall
from featuresql.compiler.typing.rules import constant_integer, constant_text
from featuresql.spec.column_type import VARCHAR

Step: TypeAlias = str | int

_STEP: Final = re.compile(r'\.([\w-]+)|\."([^"\\]+)"|\[(#?-?\d+)\]')
_INVALID: Final = "this is no JSON that both engines read"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a JSON text: keys, and positions from 0 or, negative, from the end."""

    base: exp.Expr
    steps: tuple[Step, ...]

    def ask(self, function: str, depth: int | None = None) -> exp.Expr:
        """Return ClickHouse's `function` of this place, or of what is around it at `depth`."""
        steps = self.steps if depth is None else self.steps[:depth]
        return sql.call(function, self.base.copy(), *map(_argument, steps))

    def raw(self) -> exp.Expr:
        """Return the place's JSON, no text where there is nothing, or where the base is no JSON."""
        return self._where_lists_are(self.ask("JSONExtractRaw"), sql.text(""))

    def exists(self) -> exp.Expr:
        """Return whether there is something, NULL among it."""
        if not self.steps:
            return exp.true()
        return self._where_lists_are(self.ask("JSONHas"), sql.number(0))

    def checked(self, value: exp.Expr) -> exp.Expr:
        """Return `value`, or an error where the base is no JSON."""
        invalid = sql.negated(sql.call("isValidJSON", self.base.copy()))
        raised = sql.call("throwIf", sql.call("ifNull", invalid, sql.number(0)), sql.text(_INVALID))
        return sql.choose(sql.call("notEquals", raised, sql.number(0)), sql.null(), value)

    def _where_lists_are(self, value: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
        """Return `value` where each position is one in a list: ClickHouse counts fields too."""
        lists = [
            sql.call("equals", self.ask("JSONType", depth), sql.text("Array"))
            for depth, step in enumerate(self.steps)
            if isinstance(step, int)
        ]
        return sql.choose(sql.both(*lists), value, otherwise) if lists else value


def _argument(step: Step) -> exp.Expr:
    if isinstance(step, str):
        return sql.text(step)
    return sql.number(step + 1 if step >= 0 else step)


def find_place(call: EmitCall, position: int = 1) -> Place:
    """Return the place that a call asks for; one within what another call extracts is one place."""
    steps = _steps(call, call.operands[position]) if len(call.operands) > position else ()
    node = _inside(call.operands[0])
    while True:
        inner = call.emitter.typer.calls.get(id(node))
        if inner is None or inner.name != "json_extract":
            break
        steps = _steps(call, inner.operands[1]) + steps
        node = _inside(inner.operands[0])
    kind = call.emitter.kind(node)
    base = call.emitter.emit_as(node, VARCHAR) if kind.name == "NULL" else call.emitter.emit(node)
    return Place(base, steps)


def _inside(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _steps(call: EmitCall, node: exp.Expr) -> tuple[Step, ...]:
    position, text = constant_integer(node), constant_text(node)
    if position is not None:
        return (position,)
    if text is None or not isinstance(_inside(node), exp.Literal):
        raise call.refuse(f"{call.name} at a path that is no constant", "write the path as text")
    if not text.startswith(("$", "/")):
        if not text:
            raise call.refuse(f"{call.name} at no path")
        return (text,)
    steps: list[Step] = []
    end = 1
    while found := _STEP.match(text, end):
        key, quoted, index = found.groups()
        steps.append(key or quoted or int(index.removeprefix("#")))
        end = found.end()
    if text[0] == "/" or end != len(text) or "[#" in text.replace("[#-", ""):
        raise call.refuse(f"{call.name} at '{text}'", "write a path such as '$.name[0]'")
    return tuple(steps)
