"""Small builders of ClickHouse trees. Names are printed as they are written here."""

from __future__ import annotations

from sqlglot import exp


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
