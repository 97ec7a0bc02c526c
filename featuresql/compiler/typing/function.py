"""One entry of the function table: a function, its overloads and its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from sqlglot import exp

from featuresql.compiler.typing.argument import Argument, map_of
from featuresql.spec.column_type import ColumnType, list_of, parse_type

Kind: TypeAlias = Literal["scalar", "aggregate", "window"]

ANY: Final = ColumnType("ANY")
LAMBDA: Final = ColumnType("LAMBDA")
# Names in a signature that stand for whatever type the arguments have together.
GENERICS: Final = ("T", "K", "V")
# BIT is no column's type; its overloads count where they make a text literal ambiguous.
_PLACEHOLDERS: Final = {
    name: ColumnType(name)
    for name in (*GENERICS, "ANY", "LAMBDA", "DECIMAL", "STRUCT", "TUPLE", "BIT")
}


@dataclass(frozen=True, slots=True)
class Call:
    """A function's call whose overload has been chosen.

    `operands` are the nodes, `arguments` what they are, `bound` the types that they are cast to,
    `generics` what T, K and V stand for.
    """

    name: str
    node: exp.Expr
    operands: tuple[exp.Expr, ...]
    arguments: tuple[Argument, ...]
    bound: tuple[ColumnType, ...]
    generics: Mapping[str, ColumnType] = field(default_factory=dict)


Rule: TypeAlias = Callable[[Call], ColumnType]


@dataclass(frozen=True, slots=True)
class Signature:
    """One overload. `rest` is the type of any number of further arguments, None for no more.

    `result` is a type, which may name T, K or V, or a rule that works it out.
    """

    parameters: tuple[ColumnType, ...]
    result: ColumnType | Rule
    rest: ColumnType | None = None

    def accepts(self, count: int) -> bool:
        """Whether the overload takes `count` arguments."""
        fixed = len(self.parameters)
        return count == fixed or (self.rest is not None and count > fixed)

    def parameter(self, position: int) -> ColumnType:
        """Return the type of the parameter at `position`, from 0."""
        if position < len(self.parameters):
            return self.parameters[position]
        if self.rest is None:
            raise IndexError(position)
        return self.rest


@dataclass(frozen=True, slots=True)
class Function:
    """A function of DuckDB's dialect that models may call.

    `names` are its spellings, the first its own. `nodes` are the classes that sqlglot parses it to
    (none where the call stays `Anonymous`), `arguments` the keys of such a node's arguments in
    DuckDB's order, by default the class's own order. What is not `deterministic` depends on the
    clock or on chance.
    """

    names: tuple[str, ...]
    signatures: tuple[Signature, ...]
    kind: Kind = "scalar"
    nodes: tuple[type[exp.Expr], ...] = ()
    arguments: tuple[str, ...] = ()
    deterministic: bool = True

    @property
    def name(self) -> str:
        """Its own name."""
        return self.names[0]


def signatures(*texts: str, rule: Rule | None = None) -> tuple[Signature, ...]:
    """Read overloads written as `VARCHAR, BIGINT? -> VARCHAR`.

    `X?` is an argument that may be left out, `X...` any number of them. `T`, `K` and `V` stand for
    one type each. `rule` replaces the result of each.
    """
    found: list[Signature] = []
    for text in texts:
        left, _, right = text.partition("->")
        result = rule or parameter_type(right)
        words = [word.strip() for word in _split(left)]
        rest = parameter_type(words.pop()[:-3]) if words and words[-1].endswith("...") else None
        required = [word for word in words if not word.endswith("?")]
        for count in range(len(required), len(words) + 1):
            kinds = tuple(parameter_type(word.rstrip("?")) for word in words[:count])
            found.append(Signature(kinds, result, rest if count == len(words) else None))
    return tuple(found)


def parameter_type(text: str) -> ColumnType:
    """Return the type that a signature names, placeholders among them."""
    text = text.strip()
    if text.endswith("[]"):
        return list_of(parameter_type(text[:-2]))
    if text.startswith("MAP("):
        key, value = _split(text[4:-1])
        return map_of(parameter_type(key), parameter_type(value))
    return _PLACEHOLDERS.get(text) or parse_type(text)


def _split(text: str) -> list[str]:
    parts, level = [""], 0
    for character in text:
        level += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and level == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]


def scalar_function(
    names: str,
    *texts: str,
    node: type[exp.Expr] | tuple[type[exp.Expr], ...] = (),
    arguments: str = "",
    rule: Rule | None = None,
    deterministic: bool = True,
) -> Function:
    """Declare a scalar function. `names` and `arguments` are words with spaces between them."""
    nodes = node if isinstance(node, tuple) else (node,)
    return Function(
        tuple(names.split()),
        signatures(*texts, rule=rule),
        nodes=nodes,
        arguments=tuple(arguments.split()),
        deterministic=deterministic,
    )


def aggregate_function(
    names: str,
    *texts: str,
    node: type[exp.Expr] | tuple[type[exp.Expr], ...] = (),
    arguments: str = "",
    rule: Rule | None = None,
) -> Function:
    """Declare an aggregate, which may also be used as a window function."""
    nodes = node if isinstance(node, tuple) else (node,)
    return Function(
        tuple(names.split()),
        signatures(*texts, rule=rule),
        kind="aggregate",
        nodes=nodes,
        arguments=tuple(arguments.split()),
    )


def window_function(
    names: str,
    *texts: str,
    node: type[exp.Expr] | tuple[type[exp.Expr], ...] = (),
    arguments: str = "",
) -> Function:
    """Declare a function that needs an OVER clause."""
    nodes = node if isinstance(node, tuple) else (node,)
    return Function(
        tuple(names.split()),
        signatures(*texts),
        kind="window",
        nodes=nodes,
        arguments=tuple(arguments.split()),
    )
