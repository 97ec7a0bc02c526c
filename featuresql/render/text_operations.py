"""Operators and methods on a template's values, within limits and with variables' text marked."""

from __future__ import annotations

import operator as operators
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from featuresql.errors import RenderError
from featuresql.render.limits import MAX_INTEGER_BITS, MAX_WIDTH, Budget, Measure, limit_error
from featuresql.render.literal import kind_of
from featuresql.render.template_text import (
    RenderedText,
    join_rendered,
    rendered_text_error,
    trim_rendered,
)

_OPERATORS: Mapping[str, Callable[[object, object], object]] = {
    "+": operators.add,
    "-": operators.sub,
    "*": operators.mul,
    "/": operators.truediv,
    "//": operators.floordiv,
    "%": operators.mod,
    "**": operators.pow,
}
# `c` is not among the conversions: it makes any character of a number.
_PERCENT = re.compile(r"%(?:%|(?:\(\w+\))?[-+ #0]*\d{0,3}(?:\.\d{0,3})?[sdifFeEgGxXo])")
_SPEC = re.compile(r"(?:[^{}]?[<>=^])?[-+ ]?#?0?\d{0,3}[,_]?(?:\.\d{1,3})?[sdfFeEgGxXob%]?")

_TEXT_METHODS = frozenset(
    {
        "capitalize",
        "count",
        "endswith",
        "find",
        "format",
        "isalnum",
        "isalpha",
        "isdecimal",
        "isdigit",
        "islower",
        "isnumeric",
        "isspace",
        "isupper",
        "join",
        "lower",
        "lstrip",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "title",
        "upper",
    }
)
_METHODS: tuple[tuple[type, frozenset[str]], ...] = (
    (str, _TEXT_METHODS),
    (dict, frozenset({"get", "items", "keys", "values"})),
    (list, frozenset({"count", "index"})),
    (tuple, frozenset({"count", "index"})),
    (date, frozenset({"isoformat", "weekday", "isoweekday"})),
)
_DATE_PARTS = frozenset({"year", "month", "day"})
_INSTANT_PARTS = _DATE_PARTS | {"hour", "minute", "second", "microsecond"}


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a value, which a template may call."""

    owner: object
    name: str


def method_names(owner: object) -> frozenset[str]:
    """Return the methods that a template may call on `owner`."""
    return next((names for kind, names in _METHODS if isinstance(owner, kind)), frozenset())


def part_names(owner: object) -> frozenset[str]:
    """Return the plain attributes that a template may read of `owner`."""
    if isinstance(owner, datetime):
        return _INSTANT_PARTS
    return _DATE_PARTS if isinstance(owner, date) else frozenset()


def apply_operator(budget: Budget, symbol: str, left: object, right: object) -> object:
    """Return `left symbol right`; RenderError where it is not defined or too large."""
    size = budget.inputs(left, right)
    if symbol == "+" and isinstance(left, str) and isinstance(right, str):
        return concatenate(budget, [left, right])
    if size.holds_rendered and not _are_lists(symbol, left, right):
        raise rendered_text_error()
    if symbol == "*":
        _check_product(budget, left, right)
    elif symbol == "**":
        _check_power(left, right)
    elif symbol == "%" and isinstance(left, str):
        check_percent(budget, left, size)
    try:
        made = _OPERATORS[symbol](left, right)
    except TypeError:
        raise RenderError(
            f"'{symbol}' does not apply to {kind_of(left)} and {kind_of(right)}"
        ) from None
    if isinstance(left, list | tuple):
        budget.inputs(made)
        return made  # its items keep what they are
    return budget.output(made, size)


def _are_lists(symbol: str, left: object, right: object) -> bool:
    return symbol == "+" and isinstance(left, list | tuple) and isinstance(right, list | tuple)


def _check_product(budget: Budget, left: object, right: object) -> None:
    for many, times in ((left, right), (right, left)):
        if not isinstance(times, int):
            continue
        if isinstance(many, str):
            budget.text(len(many) * max(times, 0))
        elif isinstance(many, list | tuple):
            budget.items(len(many) * max(times, 0))


def _check_power(base: object, exponent: object) -> None:
    if (
        isinstance(base, int)
        and isinstance(exponent, int)
        and base.bit_length() * exponent > MAX_INTEGER_BITS
    ):
        raise limit_error(f"a whole number of more than {MAX_INTEGER_BITS:,} bits")


def concatenate(budget: Budget, values: Sequence[object]) -> str:
    """Return the values' texts as one: what `~`, `+` and `join` do.

    With a variable's text among them the whole is a variable's. Rendered text stays SQL, and takes
    only what is safe within SQL: the author's own text and numbers.
    """
    size = budget.inputs(*values)
    budget.text(size.characters)
    if not size.holds_rendered:
        made = "".join(str(value) for value in values)
        return cast("str", budget.output(made, size))
    if size.holds_variable or any(isinstance(value, list | tuple | dict) for value in values):
        raise RenderError(
            "SQL that holds a variable's literal cannot be joined with a variable's bare value",
            code="template-variable",
            hint="print both: {% set text %}{{ first }} {{ second }}{% endset %}",
        )
    return join_rendered([str(value) for value in values])


def call_method(
    budget: Budget, method: Method, arguments: Sequence[object], named: Mapping[str, object]
) -> object:
    """Call a value's method; RenderError where the arguments do not fit or ask for too much."""
    owner, name = method.owner, method.name
    size = budget.inputs(owner, *arguments, *named.values())
    if isinstance(owner, str):
        return _call_text_method(budget, method, arguments, named, size)
    made = getattr(owner, name)(*arguments, **named)
    return list(made) if name in {"items", "keys", "values"} else made


def _call_text_method(
    budget: Budget,
    method: Method,
    arguments: Sequence[object],
    named: Mapping[str, object],
    size: Measure,
) -> object:
    owner, name = cast("str", method.owner), method.name
    if name == "join":
        if len(arguments) != 1 or named:
            raise RenderError("'join' wants one list")
        return join_values(budget, arguments[0], owner)
    if isinstance(owner, RenderedText) and name == "strip" and not arguments and not named:
        return trim_rendered(owner)
    if size.holds_rendered:
        raise rendered_text_error()
    if name == "format":
        check_format(budget, owner, size)
    elif name == "replace":
        check_replace(budget, owner, *arguments, **named)
    elif name in {"split", "rsplit", "splitlines"}:
        budget.items(min(len(owner), size.characters))
    made = getattr(str.__str__(owner), name)(*arguments, **named)
    return budget.output(made, size)


def join_values(budget: Budget, values: object, separator: object = "") -> str:
    """Return the items of `values` as one text, with `separator` between them."""
    if not isinstance(values, list | tuple | dict | str) or not isinstance(separator, str):
        raise RenderError(f"'join' wants a list and a text, not {kind_of(values)}")
    items: list[object] = []
    for item in values:
        items += [item, separator]
    return concatenate(budget, items[:-1])


def check_replace(
    budget: Budget, text: object, old: object = "", new: object = "", count: object = None
) -> None:
    """Refuse a replacement that would make too long a text."""
    del count
    if isinstance(text, str) and isinstance(old, str) and isinstance(new, str):
        budget.text(len(text) + text.count(old) * max(0, len(new) - len(old)))


def check_percent(budget: Budget, text: str, size: Measure) -> None:
    """Refuse a `%` format with a width above the limit, or one that makes characters of numbers."""
    rest = _PERCENT.sub("", text)
    if "%" in rest:
        raise _format_error()
    budget.text(len(text) + text.count("%") * (size.characters + MAX_WIDTH))


def check_format(budget: Budget, text: str, size: Measure) -> None:
    """Refuse a `{}` format that reaches into its arguments, or whose width is above the limit."""
    for _, name, spec, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        is_plain = re.fullmatch(r"\w*", name) and conversion in {None, "s"}
        if not is_plain or not _SPEC.fullmatch(spec or ""):
            raise _format_error()
    budget.text(len(text) + text.count("{") * (size.characters + MAX_WIDTH))


def _format_error() -> RenderError:
    return RenderError(
        "this format is not allowed in templates",
        hint=f"plain fields, at most {MAX_WIDTH} wide: %s %05d {{}} {{:.2f}}",
    )
