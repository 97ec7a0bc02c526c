"""The walk that gives every expression its type, from the leaves upwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from sqlglot import exp

from featuresql.compiler.typing.argument import UNKNOWN, Argument
from featuresql.compiler.typing.call_function import call_function
from featuresql.compiler.typing.data_types import to_data_type
from featuresql.compiler.typing.function import Call
from featuresql.compiler.typing.names import Columns, Names
from featuresql.errors import CompileError
from featuresql.spec.model import Column

RelationColumns: TypeAlias = Callable[[str, str], tuple[Column, ...] | None]
MakeError: TypeAlias = Callable[[str, str, exp.Expr | None, str | None], CompileError]

# Which parts of a node are expressions of their own; all parts where the class is not named here.
_PARTS: Final[dict[type[exp.Expr], tuple[str, ...]]] = {
    exp.Alias: ("this",),
    exp.Cast: ("this",),
    exp.TryCast: ("this",),
    exp.Collate: ("this",),
    exp.Column: (),
    exp.Comprehension: (),
    exp.Dot: ("this",),
    exp.Interval: ("this",),
    exp.JSONPath: (),
    exp.Kwarg: ("expression",),
    exp.Lambda: (),
    exp.PropertyEQ: ("expression",),
    exp.ToMap: (),
    exp.Window: ("this", "partition_by", "order", "spec"),
    exp.WithinGroup: ("expression",),
}
# Parts of clauses: they hold expressions and are none.
_STRUCTURE: Final = (
    *(exp.Where, exp.Having, exp.Qualify, exp.Group, exp.Rollup, exp.Cube, exp.GroupingSets),
    *(exp.Ordered, exp.WindowSpec, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions),
    exp.Lambda,
)


@dataclass(slots=True)
class Typer:
    """Types the expressions of one tree, in place, and collects what is wrong with them.

    `handlers` type the classes that are no functions of the table. `rows` holds the columns of the
    queries that stand where a value is wanted, `calls` the overload that each call means, both
    by the id of their node.
    """

    relation_columns: RelationColumns
    make_error: MakeError
    handlers: Mapping[type[exp.Expr], Callable[[Typer, exp.Expr], Argument]]
    allow_non_deterministic: bool = False
    names: Names = field(default_factory=Names)
    errors: list[CompileError] = field(default_factory=list)
    rows: dict[int, Columns] = field(default_factory=dict)
    calls: dict[int, Call] = field(default_factory=dict)
    _types: dict[int, Argument] = field(default_factory=dict)

    def annotate(self, root: exp.Expr) -> Argument:
        """Type `root` and all expressions in it, and return what `root` is."""
        waiting: list[tuple[exp.Expr, bool]] = [(root, False)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                self._visit(node)
                continue
            waiting.append((node, True))
            if not isinstance(node, exp.Query):
                parts = list(_parts(node))
                waiting += [(part, False) for part in reversed(parts)]
        return self.argument(root)

    def argument(self, node: exp.Expr) -> Argument:
        """Return what an expression is that has been typed."""
        return self._types.get(id(node), Argument(UNKNOWN))

    def give(self, node: exp.Expr, argument: Argument) -> None:
        """Set the type of `node`."""
        self._types[id(node)] = argument
        node.type = to_data_type(argument.type)

    def report(self, node: exp.Expr, error: CompileError) -> None:
        """Note that `node` is wrong; what contains it is then of no known type."""
        self.errors.append(self.make_error(error.code, error.message, node, error.hint))

    @contextmanager
    def within(self, names: Names) -> Iterator[None]:
        """Resolve names by `names` for a while."""
        before, self.names = self.names, names
        try:
            yield
        finally:
            self.names = before

    def _visit(self, node: exp.Expr) -> None:
        if isinstance(node, _STRUCTURE):
            return
        if any(self._types.get(id(part)) == _LOST for part in _parts(node)):
            self.give(node, _LOST)
            return
        handler = self.handlers.get(type(node))
        try:
            argument = handler(self, node) if handler else call_function(self, node)
        except CompileError as error:
            self.report(node, error)
            argument = _LOST
        if argument.type == UNKNOWN and not self.errors:
            reason = f"'{node.sql('duckdb')}' is not supported"
            self.report(node, CompileError(reason, code="unsupported"))
        self.give(node, argument)


_LOST: Final = Argument(UNKNOWN)


def _parts(node: exp.Expr) -> Iterator[exp.Expr]:
    keys = _PARTS.get(type(node))
    if keys is None and isinstance(node, exp.Query):
        return
    for key in node.args if keys is None else keys:
        value = node.args.get(key)
        if isinstance(value, exp.Expr):
            yield value
        elif isinstance(value, list):
            yield from (part for part in value if isinstance(part, exp.Expr))
