"""Small builders of ClickHouse trees. Names are printed as they are written here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sqlglot import exp

_FRESH: Final = re.compile(r"__(\d+)")
_BEYOND_LITERALS: Final = 2**63
# What is no larger is written as often as it is needed; ClickHouse computes it once.
_SMALL: Final = 12


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """Return `name(arguments)`, spelled exactly so."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def parametric(name: str, parameters: tuple[exp.Expr, ...], *arguments: exp.Expr) -> exp.Expr:
    """Return a call with parameters, such as `quantileExact(0.5)(x)`."""
    return exp.ParameterizedAgg(this=name, expressions=list(parameters), params=list(arguments))


def text(value: str) -> exp.Literal:
    """Return a String literal."""
    return exp.Literal.string(value)


def number(value: int) -> exp.Expr:
    """Return an integer literal."""
    return exp.Literal.number(value)


def integer(value: int) -> exp.Expr:
    """Return an integer of any size: ClickHouse reads a literal of more than 64 bits as a float."""
    if abs(value) >= _BEYOND_LITERALS:
        return cast(text(str(value)), "Int256" if abs(value) >= 1 << 127 else "Int128")
    return number(value)


def null() -> exp.Null:
    """Return NULL."""
    return exp.null()


def cast(value: exp.Expr, type_name: str) -> exp.Anonymous:
    """Return `CAST(value, 'type_name')`, where `type_name` is ClickHouse's."""
    return call("CAST", value, text(type_name))


def both(*conditions: exp.Expr) -> exp.Expr:
    """Return the conjunction of `conditions`."""
    return call("and", *conditions) if len(conditions) > 1 else conditions[0]


def either(*conditions: exp.Expr) -> exp.Expr:
    """Return the disjunction of `conditions`."""
    return call("or", *conditions) if len(conditions) > 1 else conditions[0]


def negated(condition: exp.Expr) -> exp.Expr:
    """Return the negation."""
    return call("not", condition)


def is_null(value: exp.Expr) -> exp.Expr:
    """Return whether a scalar is NULL."""
    return call("isNull", value)


def choose(condition: exp.Expr, then: exp.Expr, otherwise: exp.Expr) -> exp.Expr:
    """Return `if(condition, then, otherwise)`; a NULL condition is false."""
    return call("if", condition, then, otherwise)


def function(names: tuple[str, ...], body: exp.Expr) -> exp.Lambda:
    """Return the lambda `(names) -> body`."""
    return exp.Lambda(this=body, expressions=[exp.to_identifier(name) for name in names])


def name(identifier: str) -> exp.Column:
    """Return a reference to a lambda's parameter or an alias."""
    return exp.column(identifier)


def fresh(*around: exp.Expr) -> str:
    """Return a name for a lambda's parameter: one that `around` does not use, by `around` alone."""
    used = [
        int(found[1])
        for part in around
        for identifier in part.find_all(exp.Identifier)
        if (found := _FRESH.fullmatch(identifier.name))
    ]
    return f"__{max(used, default=0) + 1}"


def bind(value: exp.Expr, body: Callable[[Callable[[], exp.Expr]], exp.Expr]) -> exp.Expr:
    """Return `body(again)`, where each `again()` gives `value` once more.

    A large value is written once, as the parameter of a lambda, so that nested calls do not grow
    beyond all bounds.
    """
    if sum(1 for _ in value.walk()) <= _SMALL:
        return body(value.copy)
    return call("arrayElement", mapped(call("array", value), lambda it: body(it.copy)), number(1))


def mapped(array: exp.Expr, body: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
    """Return `arrayMap(x -> body(x), array)`, with a name that nothing in it uses."""
    placeholder = f"__of_{id(array)}"
    made = body(name(placeholder))
    unique = fresh(array, made)
    for identifier in made.find_all(exp.Identifier):
        if identifier.name == placeholder:
            identifier.set("this", unique)
    return call("arrayMap", function((unique,), made), array)


def raised(wrong: exp.Expr, message: str) -> exp.Expr:
    """Return 0, or an error where `wrong` is true; NULL is not."""
    # What lies beneath a NULL is anything, and throwIf looks at it.
    return call("throwIf", call("ifNull", wrong, number(0)), text(message))


def checked(
    value: exp.Expr,
    wrong: Callable[[exp.Expr], exp.Expr],
    message: str,
    *,
    then: Callable[[exp.Expr], exp.Expr] = lambda value: value,
    trying: bool = False,
) -> exp.Expr:
    """Return `then(value)`; where `wrong(value)` is true it is an error, or NULL with `trying`."""

    def body(again: Callable[[], exp.Expr]) -> exp.Expr:
        test = wrong(again())
        if trying:
            return choose(call("equals", test, number(0)), then(again()), null())
        return choose(call("equals", raised(test, message), number(0)), then(again()), null())

    return bind(value, body)
