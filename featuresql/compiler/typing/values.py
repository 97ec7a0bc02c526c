"""Literals, columns, casts, CASE: what is neither a function nor a condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.typing.argument import (
    NULL,
    Argument,
    describe,
    integer_literal,
    string_literal,
)
from featuresql.compiler.typing.call_function import call_function, call_with, lookup_function
from featuresql.compiler.typing.cast_cost import cast_cost
from featuresql.compiler.typing.common_type import common_argument
from featuresql.compiler.typing.conditions import check_truth
from featuresql.compiler.typing.data_types import from_data_type
from featuresql.compiler.typing.explicit_cast import check_cast
from featuresql.compiler.typing.function_table import operands_of
from featuresql.errors import CompileError
from featuresql.spec.column_type import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    MAX_DECIMAL_PRECISION,
    VARCHAR,
    decimal,
    list_of,
    scalar,
)

if TYPE_CHECKING:
    from featuresql.compiler.typing.typer import Typer

INTERVAL: Final = scalar("INTERVAL")


def mix(arguments: Iterable[Argument], what: str) -> Argument:
    """Return what all `arguments` become together, as a plain type.

    Raises `CompileError` where DuckDB wants an explicit cast; `what` names the construct.
    """
    found = Argument(NULL)
    for argument in arguments:
        common = common_argument(found, argument)
        if common is None:
            raise CompileError(
                f"{what} cannot mix {describe(found)} and {describe(argument)}",
                code="type-mismatch",
                hint="cast one of them to the type that is meant",
            )
        found = common
    return Argument(found.type)


def _literal(_typer: Typer, node: exp.Expr) -> Argument:
    text = str(node.this)
    if node.args.get("is_string"):
        return string_literal(text)
    digits = text.replace("_", "").lower()
    if digits.isdigit():
        try:
            return integer_literal(int(digits))
        except ValueError as error:
            raise CompileError(str(error), code="type-mismatch") from None
    whole, _, fraction = digits.partition(".")
    precision = len(whole) + len(fraction)
    if "e" in digits or precision > MAX_DECIMAL_PRECISION:
        return Argument(DOUBLE)
    return Argument(decimal(precision, len(fraction)))


def _column(typer: Typer, node: exp.Expr) -> Argument:
    if not isinstance(node, exp.Column):
        raise TypeError(node)
    if not node.table:
        parameter = typer.names.find_parameter(node.name)
        if parameter is not None:
            return parameter
    kind = typer.names.find_column(node.table, node.name)
    if kind is None:
        raise CompileError(f"there is no column '{node.sql('duckdb')}'", code="unknown-column")
    return Argument(kind)


def _identifier(typer: Typer, node: exp.Expr) -> Argument:
    found = typer.names.find_parameter(node.name)
    if found is not None:
        return found
    kind = typer.names.find_column("", node.name)
    if kind is None:
        raise CompileError(f"there is no column '{node.name}'", code="unknown-column")
    return Argument(kind)


def _negation(typer: Typer, node: exp.Expr) -> Argument:
    argument = typer.argument(node.this)
    if isinstance(argument.literal, int):
        return integer_literal(-argument.literal)
    return call_function(typer, node)


def _cast(typer: Typer, node: exp.Expr) -> Argument:
    target = node.args["to"]
    kind = from_data_type(target)
    if kind is None:
        raise CompileError(
            f"FeatureSQL has no type {target.sql('duckdb')}",
            code="unsupported-type",
            hint="cast to one of the types that a column may have",
        )
    check_cast(typer.argument(node.this), kind)
    return Argument(kind)


def _case(typer: Typer, node: exp.Expr) -> Argument:
    default = node.args.get("default")
    branches = [typer.argument(branch.args["true"]) for branch in node.args["ifs"]]
    for branch in node.args["ifs"]:
        if node.this is None:
            check_truth(typer.argument(branch.this), "WHEN")
        else:
            mix((typer.argument(node.this), typer.argument(branch.this)), "CASE")
    # ELSE comes first: so literals in WHEN branches adapt to it.
    return mix([*([typer.argument(default)] if default else []), *branches], "CASE")


def _if(typer: Typer, node: exp.Expr) -> Argument:
    then = typer.argument(node.args["true"])
    if isinstance(node.parent, exp.Case) and node.arg_key == "ifs":
        return Argument(then.type)
    check_truth(typer.argument(node.this), "IF")
    default = node.args.get("false")
    return mix([*([typer.argument(default)] if default else []), then], "IF")


def _first_with_rest(what: str) -> Callable[[Typer, exp.Expr], Argument]:
    def handle(typer: Typer, node: exp.Expr) -> Argument:
        return mix((typer.argument(part) for part in (node.this, *node.expressions)), what)

    return handle


def _nullif(typer: Typer, node: exp.Expr) -> Argument:
    left, right = typer.argument(node.this), typer.argument(node.expression)
    mix((left, right), "NULLIF")
    return Argument(left.type)


def _same(typer: Typer, node: exp.Expr) -> Argument:
    return typer.argument(node.this)


def _collated(typer: Typer, node: exp.Expr) -> Argument:
    if not isinstance(node.expression, exp.Column | exp.Identifier | exp.Var):
        raise CompileError("COLLATE is followed by a name", code="syntax")
    return Argument(typer.argument(node.this).type)


def _named(typer: Typer, node: exp.Expr) -> Argument:
    """Type `name := value`, the field of a struct that is being made."""
    if not isinstance(node.parent, exp.Struct):
        raise CompileError(
            f"'{node.name}' is given by name", code="unsupported", hint="write the value alone"
        )
    return typer.argument(node.expression)


def _plain(typer: Typer, node: exp.Expr) -> Argument:
    return Argument(typer.argument(node.this).type)


def _argument_list(typer: Typer, node: exp.Expr) -> Argument:
    parts = [node.this] if isinstance(node, exp.Order) else node.expressions
    return typer.argument(parts[0]) if parts and parts[0] is not None else Argument(NULL)


def _concat(typer: Typer, node: exp.Expr) -> Argument:
    parts = node.expressions or [node.this, node.expression]
    arguments = [typer.argument(part) for part in parts]
    spoils = isinstance(node, exp.DPipe)
    given = [argument for argument in arguments if not argument.is_null]
    if not given or (spoils and len(given) < len(arguments)):
        return Argument(NULL if spoils else VARCHAR)
    lists = [argument for argument in given if argument.type.element is not None]
    if len(lists) == len(given):
        return mix(lists, "||")
    if lists:
        raise CompileError(
            f"|| cannot join {describe(given[0])} and {describe(given[-1])}",
            code="type-mismatch",
            hint="put the single value into a list: [value]",
        )
    if all(argument.type.name == "BLOB" for argument in given):
        return Argument(given[0].type)
    return Argument(VARCHAR)


def _within_group(typer: Typer, node: exp.Expr) -> Argument:
    """Type `quantile_cont(0.5) WITHIN GROUP (ORDER BY x)` as `quantile_cont(x, 0.5)`."""
    inner, order = node.this, node.expression
    function = lookup_function(typer, inner)
    rest = operands_of(inner, function)
    for operand in rest:
        typer.annotate(operand)
    ordered = [part.this for part in order.expressions]
    found = call_with(typer, inner, function, [*ordered, *rest])
    typer.give(inner, found)
    return found


def _fixed(argument: Argument) -> Callable[[Typer, exp.Expr], Argument]:
    return lambda _typer, _node: argument


def _text(_typer: Typer, node: exp.Expr) -> Argument:
    return string_literal(str(node.name))


def _interval(typer: Typer, node: exp.Expr) -> Argument:
    if node.this is not None:
        count = typer.argument(node.this)
        if cast_cost(count, DOUBLE) is None:
            raise CompileError(
                f"an interval of {describe(count)}",
                code="type-mismatch",
                hint="give it a whole number, as in INTERVAL (n) DAY",
            )
    return Argument(INTERVAL)


def _window_default(typer: Typer, node: exp.Expr) -> Argument:
    """Type `lag(x, n, default)`: the default is cast to the type of x."""
    found = call_function(typer, node)
    default = node.args.get("default")
    if default is not None:
        check_cast(typer.argument(default), found.type)
    return found


def _series(typer: Typer, node: exp.Expr) -> Argument:
    found = call_function(typer, node)
    return Argument(found.type if found.type.element is not None else list_of(BIGINT))


HANDLERS: Final[dict[type[exp.Expr], Callable[[Typer, exp.Expr], Argument]]] = {
    exp.Literal: _literal,
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Boolean: _fixed(Argument(BOOLEAN)),
    exp.Null: _fixed(Argument(NULL)),
    exp.Star: _fixed(Argument(NULL)),
    exp.Var: _text,
    exp.JSONPath: _fixed(string_literal("")),
    exp.Interval: _interval,
    exp.Neg: _negation,
    exp.Paren: _same,
    exp.Alias: _plain,
    exp.PropertyEQ: _named,
    exp.Kwarg: _named,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _first_with_rest("COALESCE"),
    exp.Greatest: _first_with_rest("GREATEST"),
    exp.Least: _first_with_rest("LEAST"),
    exp.Nullif: _nullif,
    exp.DPipe: _concat,
    exp.Concat: _concat,
    exp.Collate: _collated,
    exp.Window: _plain,
    exp.Filter: _plain,
    exp.IgnoreNulls: _plain,
    exp.RespectNulls: _plain,
    exp.WithinGroup: _within_group,
    exp.Order: _argument_list,
    exp.Distinct: _argument_list,
    exp.GenerateSeries: _series,
    exp.Lag: _window_default,
    exp.Lead: _window_default,
}
