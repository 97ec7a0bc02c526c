"""Rules that work out a function's result type where a fixed one will not do."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.argument import NULL
from featuresql.compiler.typing.common_type import as_decimal
from featuresql.compiler.typing.function import Call, Rule
from featuresql.errors import CompileError
from featuresql.spec.column_type import (
    DOUBLE,
    MAX_DECIMAL_PRECISION,
    ColumnType,
    decimal,
    list_of,
    parse_type,
)

# Up to this precision DuckDB keeps a DECIMAL in 64 bits, and its arithmetic stays there.
SMALL_DECIMAL: Final = 18


def fixed(text: str) -> Rule:
    """Return the rule that gives the type that `text` names, whatever the arguments."""
    kind = parse_type(text)
    return lambda _call: kind


def same_as_first(call: Call) -> ColumnType:
    """Give the type of the first argument."""
    return call.arguments[0].type


def same_as_bound(call: Call) -> ColumnType:
    """Give the type that the first argument is cast to."""
    return call.bound[0]


def list_of_first(call: Call) -> ColumnType:
    """Give lists of the first argument's type."""
    return list_of(call.arguments[0].type)


def element_of_first(call: Call) -> ColumnType:
    """Give the element's type of the first argument, a list."""
    return call.arguments[0].type.element or NULL


def sum_of_decimal(call: Call) -> ColumnType:
    """Give the widest DECIMAL with the argument's scale."""
    return decimal(MAX_DECIMAL_PRECISION, call.arguments[0].type.scale or 0)


def decimal_sum(call: Call) -> ColumnType:
    """Give a DECIMAL with one more digit than the wider side, for + and -."""
    if any(argument.is_null for argument in call.arguments):
        return NULL
    (left, left_scale), (right, right_scale) = (as_decimal(a.type) for a in call.arguments)
    scale = max(left_scale, right_scale)
    width = max(left - left_scale, right - right_scale) + scale + 1
    return decimal(min(width, MAX_DECIMAL_PRECISION), scale)


def decimal_product(call: Call) -> ColumnType:
    """Give a DECIMAL with the digits of both sides, for *."""
    if any(argument.is_null for argument in call.arguments):
        return NULL
    (left, left_scale), (right, right_scale) = (as_decimal(a.type) for a in call.arguments)
    width, scale = left + right, left_scale + right_scale
    if scale > MAX_DECIMAL_PRECISION:
        raise CompileError(
            f"the product would need {scale} digits after the point, a DECIMAL has at most 38",
            code="type-mismatch",
            hint="cast one side to DOUBLE or to fewer digits",
        )
    if width > SMALL_DECIMAL and max(left, right) <= SMALL_DECIMAL and scale < SMALL_DECIMAL:
        width = SMALL_DECIMAL
    return decimal(min(width, MAX_DECIMAL_PRECISION), scale)


def decimal_remainder(call: Call) -> ColumnType:
    """Give the DECIMAL that holds both sides, for %, or a DOUBLE where none does."""
    if any(argument.is_null for argument in call.arguments):
        return NULL
    (left, left_scale), (right, right_scale) = (as_decimal(a.type) for a in call.arguments)
    scale = max(left_scale, right_scale)
    width = max(left - left_scale, right - right_scale) + scale
    return DOUBLE if width > MAX_DECIMAL_PRECISION else decimal(width, scale)


def whole_decimal(call: Call) -> ColumnType:
    """Give the argument's DECIMAL without digits after the point."""
    return decimal(call.arguments[0].type.precision or SMALL_DECIMAL, 0)


def rounded_decimal(call: Call) -> ColumnType:
    """Give the argument's DECIMAL with as many digits after the point as the second says."""
    precision, scale = as_decimal(call.arguments[0].type)
    digits = constant_integer(call.operands[1])
    if digits is None:
        raise CompileError(
            f"{call.name}() of a DECIMAL needs a constant number of digits",
            code="type-mismatch",
            hint="write a number, or cast the value to DOUBLE",
        )
    if not scale and -precision <= digits < 0 and call.name != "trunc":
        # 99 becomes 100.
        precision = min(precision + 1, MAX_DECIMAL_PRECISION)
    return decimal(precision, max(0, min(digits, scale)))


def require_constants(call: Call) -> None:
    """Refuse arguments after the first that depend on a row."""
    for operand in call.operands[1:]:
        if operand.find(exp.Column) is not None:
            raise CompileError(
                f"{call.name}() needs a constant here, not '{operand.sql('duckdb')}'",
                code="type-mismatch",
                hint="write the value itself",
            )


def constant_options(text: str, position: int) -> Rule:
    """Return the rule that gives the type `text`, and wants the argument at `position` constant."""
    kind = parse_type(text)

    def rule(call: Call) -> ColumnType:
        for operand in call.operands[position:]:
            if not isinstance(operand, exp.Literal):
                raise CompileError(
                    f"{call.name}() needs its options as a text", code="type-mismatch"
                )
        return kind

    return rule


def constant_integer(node: exp.Expr) -> int | None:
    """Return the value of an integer literal, signed or in parentheses, otherwise None."""
    sign = 1
    while isinstance(node, exp.Paren | exp.Neg):
        sign = -sign if isinstance(node, exp.Neg) else sign
        node = node.this
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
        return sign * int(node.name)
    return None


def constant_text(node: exp.Expr) -> str | None:
    """Return the text of a string literal, or of a bare word such as a date's part."""
    if isinstance(node, exp.Paren):
        return constant_text(node.this)
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    return str(node.name) if isinstance(node, exp.Var | exp.Identifier) else None
