"""The filters and tests that templates may use, each within the limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import update_wrapper
from typing import cast

from jinja2.filters import FILTERS
from jinja2.runtime import Undefined
from jinja2.tests import TESTS

from featuresql.errors import RenderError
from featuresql.render.limits import MAX_ITEMS, Budget, limit_error
from featuresql.render.literal import identifier, kind_of
from featuresql.render.template_text import RenderedText, rendered_text_error, trim_rendered
from featuresql.render.text_operations import (
    check_percent,
    check_replace,
    join_values,
)

Function = Callable[..., object]

# These choose among values or put them in another order: what they give is what they were given.
CHOOSING_FILTERS = frozenset(
    {
        "batch",
        "default",
        "dictsort",
        "first",
        "items",
        "last",
        "list",
        "map",
        "max",
        "min",
        "reject",
        "rejectattr",
        "reverse",
        "select",
        "selectattr",
        "slice",
        "sort",
        "unique",
    }
)
# These make new values, and so what they make of a variable's text is a variable's text.
MAKING_FILTERS = frozenset(
    {
        "abs",
        "capitalize",
        "count",
        "float",
        "format",
        "indent",
        "int",
        "length",
        "lower",
        "replace",
        "round",
        "string",
        "sum",
        "title",
        "truncate",
        "upper",
        "wordcount",
    }
)
OWN_FILTERS = frozenset({"identifier", "join", "trim"})
FILTER_NAMES = CHOOSING_FILTERS | MAKING_FILTERS | OWN_FILTERS | {"d"}
_ASKING_TESTS = frozenset({"defined", "undefined"})
TEST_NAMES = frozenset(TESTS) - {"callable", "escaped", "filter", "test"}
_MAX_ROUNDING_DIGITS = 30


def make_filters(budget: Budget) -> dict[str, Function]:
    """Return the filters by their names, bound to the budget of one rendering."""
    filters: dict[str, Function] = {
        name: _guarded_filter(name, cast("Function", FILTERS[name]), budget)
        for name in CHOOSING_FILTERS | MAKING_FILTERS
    }
    filters["d"] = filters["default"]
    filters["identifier"] = _identifier_filter
    filters["join"] = lambda values, separator="": join_values(budget, values, separator)
    filters["trim"] = lambda value, characters=None: _trim(budget, value, characters)
    return filters


def make_tests(budget: Budget) -> dict[str, Function]:
    """Return the tests by their names, bound to the budget of one rendering."""
    return {name: _guarded_test(name, cast("Function", TESTS[name]), budget) for name in TEST_NAMES}


def _guarded_test(name: str, function: Function, budget: Budget) -> Function:
    def run(*arguments: object) -> object:
        if name not in _ASKING_TESTS:
            lead = 1 if getattr(function, "jinja_pass_arg", None) else 0
            budget.inputs(*arguments[lead:])
        return function(*arguments)

    return update_wrapper(run, function)


def _guarded_filter(name: str, function: Function, budget: Budget) -> Function:
    lead = 1 if getattr(function, "jinja_pass_arg", None) else 0

    def run(*arguments: object, **named: object) -> object:
        given, value, rest = arguments[:lead], arguments[lead], arguments[lead + 1 :]
        if name == "default" and isinstance(value, Undefined):
            return function(value, *rest, **named)
        size = budget.inputs(value, *rest, *named.values())
        if size.holds_rendered and not _keeps_rendered(name, value):
            raise rendered_text_error()
        check = _CHECKS.get(name)
        if check is not None:
            check(budget, value, *rest, **named)
        made = function(*given, value, *rest, **named)
        if isinstance(made, Iterator):
            made = list(made)
        if name in CHOOSING_FILTERS:
            budget.inputs(made)
            return made
        return made if isinstance(made, RenderedText) else budget.output(made, size)

    return update_wrapper(run, function)


def _keeps_rendered(name: str, value: object) -> bool:
    """Whether the filter leaves each text that it finds as it is."""
    if isinstance(value, RenderedText):
        return name in {"count", "default", "length", "string"}
    return name in CHOOSING_FILTERS | {"count", "length"}


def _identifier_filter(value: object) -> str:
    if isinstance(value, RenderedText):
        raise rendered_text_error()
    return identifier(value)


def _trim(budget: Budget, value: object, characters: object) -> object:
    if isinstance(value, RenderedText) and characters is None:
        return trim_rendered(value)
    size = budget.inputs(value, characters)
    if size.holds_rendered:
        raise rendered_text_error()
    if not isinstance(value, str) or not (characters is None or isinstance(characters, str)):
        raise RenderError(f"'trim' wants a text, not {kind_of(value)}")
    return budget.output(str(value).strip(characters), size)


def _check_indent(
    budget: Budget, value: object, width: object = 4, *_rest: object, **_named: object
) -> None:
    if not isinstance(value, str) or not isinstance(width, int | str):
        raise RenderError(f"'indent' wants a text and a width, not {kind_of(value)}")
    width_characters = len(width) if isinstance(width, str) else width
    budget.text(len(value) + (value.count("\n") + 1) * max(0, width_characters))


def _check_parts(_budget: Budget, _value: object, *rest: object, **named: object) -> None:
    if any(isinstance(each, int) and each > MAX_ITEMS for each in (*rest, *named.values())):
        raise limit_error(f"a list of more than {MAX_ITEMS:,} items")


def _check_round(
    _budget: Budget, _value: object, precision: object = 0, *_rest: object, **_named: object
) -> None:
    if not isinstance(precision, int) or abs(precision) > _MAX_ROUNDING_DIGITS:
        raise RenderError(f"'round' wants at most {_MAX_ROUNDING_DIGITS} digits")


def _check_sum(_budget: Budget, value: object, *rest: object, **named: object) -> None:
    if rest or named or not isinstance(value, list | tuple):
        raise RenderError("'sum' wants a list of numbers, and nothing else")
    if not all(isinstance(item, int | float) for item in value):
        raise RenderError("'sum' wants a list of numbers", hint="join texts with | join")


def _check_format(budget: Budget, value: object, *rest: object, **named: object) -> None:
    if not isinstance(value, str):
        raise RenderError(f"'format' wants a text, not {kind_of(value)}")
    check_percent(budget, value, budget.inputs(*rest, *named.values()))


_CHECKS: Mapping[str, Callable[..., None]] = {
    "batch": _check_parts,
    "format": _check_format,
    "indent": _check_indent,
    "replace": check_replace,
    "round": _check_round,
    "slice": _check_parts,
    "sum": _check_sum,
}
