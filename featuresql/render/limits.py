"""What a template may use up, and the guard that keeps it to that.

A template is a program. It runs within a number of steps and sizes that no honest one comes near,
so that a hostile or mistaken one ends in an error after seconds and some tens of megabytes. Steps
are counted, not timed: the same template always ends at the same place.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from jinja2.runtime import Undefined

from featuresql.errors import RenderError
from featuresql.render.literal import kind_of
from featuresql.render.template_text import RenderedText, VariableText

MAX_TEMPLATE_CHARACTERS = 200_000
MAX_TEXT_CHARACTERS = 1_000_000
MAX_ITEMS = 100_000
MAX_STEPS = 1_000_000
MAX_VALUE_DEPTH = 40
MAX_MACRO_DEPTH = 40
MAX_NODE_DEPTH = 100
MAX_NODES = 20_000
MAX_INTEGER_BITS = 4_096
MAX_WIDTH = 999
_CHARACTERS_PER_STEP = 16
_CHARACTERS_PER_VALUE = 32


def limit_error(what: str) -> RenderError:
    """Return the error for a template that asks for too much."""
    return RenderError(
        f"the template asks for too much: {what}",
        code="template-limit",
        hint="templates choose and repeat SQL; leave the computing to the query",
    )


@dataclass(slots=True)
class Measure:
    """How large values are, with everything in them, and what kinds of text they hold."""

    items: int = 0
    characters: int = 0
    holds_variable: bool = False
    holds_rendered: bool = False


def measure(values: Iterable[object]) -> Measure:
    """Return the measure of `values`.

    Raises RenderError where they hold too much, are nested too deeply, or hold what is no value (an
    undefined name, a function, a macro).
    """
    size = Measure()
    stack = [(value, 0) for value in values]
    while stack:
        value, depth = stack.pop()
        size.items += 1
        if size.items > MAX_ITEMS:
            raise limit_error(f"a value with more than {MAX_ITEMS:,} items")
        if depth > MAX_VALUE_DEPTH:
            raise limit_error(f"a value nested more than {MAX_VALUE_DEPTH} deep")
        if isinstance(value, str):
            size.characters += len(value)
            size.holds_variable = size.holds_variable or isinstance(value, VariableText)
            size.holds_rendered = size.holds_rendered or isinstance(value, RenderedText)
        elif isinstance(value, list | tuple):
            stack.extend((item, depth + 1) for item in value)
        elif isinstance(value, dict):
            pairs = itertools.chain(value.keys(), value.values())
            stack.extend((item, depth + 1) for item in pairs)
        else:
            size.characters += _scalar_characters(value)
    return size


def _scalar_characters(value: object) -> int:
    if isinstance(value, int):
        if value.bit_length() > MAX_INTEGER_BITS:
            raise limit_error(f"a whole number of more than {MAX_INTEGER_BITS:,} bits")
        return _CHARACTERS_PER_VALUE + value.bit_length() // 3
    if value is None or isinstance(value, float | date):
        return _CHARACTERS_PER_VALUE
    if isinstance(value, Undefined):
        bool(value)  # an undefined name that is used: this raises
    raise RenderError(
        f"{kind_of(value)} is used as a value", hint="call functions and macros with ()"
    )


class Budget:
    """The steps that one rendering has left, and the guard of each operation's values."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        """Start with `steps`."""
        self.steps = steps

    def spend(self, steps: int) -> None:
        """Count steps; RenderError where none are left."""
        self.steps -= steps
        if self.steps < 0:
            raise limit_error(f"more than {MAX_STEPS:,} steps")

    def inputs(self, *values: object) -> Measure:
        """Measure what an operation works on, and count its cost."""
        size = measure(values)
        self.spend(size.items + size.characters // _CHARACTERS_PER_STEP)
        return size

    def text(self, characters: int) -> None:
        """Ask for a text of so many characters, before it is made."""
        if characters > MAX_TEXT_CHARACTERS:
            raise limit_error(f"a text of more than {MAX_TEXT_CHARACTERS:,} characters")
        self.spend(1 + characters // _CHARACTERS_PER_STEP)

    def items(self, items: int) -> None:
        """Ask for a list of so many items, before it is made."""
        if items > MAX_ITEMS:
            raise limit_error(f"a list of more than {MAX_ITEMS:,} items")
        self.spend(1 + items)

    def output(self, value: object, source: Measure) -> object:
        """Return what an operation gave, checked; its text is a variable's if the source's was."""
        made = self.inputs(value)
        if made.characters > 2 * MAX_TEXT_CHARACTERS:
            raise limit_error(f"a value of more than {2 * MAX_TEXT_CHARACTERS:,} characters")
        return as_variable(value) if source.holds_variable else value


def as_variable(value: object) -> object:
    """Return `value` with every text in it marked as a variable's."""
    if isinstance(value, str):
        return VariableText(value)
    if isinstance(value, list | tuple):
        return [as_variable(item) for item in value]
    if isinstance(value, dict):
        return {as_variable(key): as_variable(item) for key, item in value.items()}
    return value
