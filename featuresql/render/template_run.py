"""One rendering: where it is, what it has used up, and every operation that a template may do."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from jinja2.runtime import LoopContext, Macro, Undefined
from jinja2.utils import Namespace, missing

from featuresql.errors import Location, RenderError
from featuresql.render.filters import Function, make_filters, make_tests
from featuresql.render.instrument import PLACE_ARGUMENT
from featuresql.render.limits import MAX_MACRO_DEPTH, Budget, limit_error
from featuresql.render.literal import kind_of, sql_literal
from featuresql.render.source_map import TemplateFile
from featuresql.render.template_text import RenderedText, VariableText, join_rendered, plain_text
from featuresql.render.text_operations import (
    Method,
    apply_operator,
    call_method,
    concatenate,
    method_names,
    part_names,
)
from featuresql.render.undefined import TemplateUndefined

Place = tuple[str, int]
VALUE_FAULTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_LOOP_PARTS = frozenset(
    {
        "index",
        "index0",
        "revindex",
        "revindex0",
        "first",
        "last",
        "length",
        "previtem",
        "nextitem",
        "cycle",
        "changed",
    }
)


@dataclass(frozen=True, slots=True)
class TemplateFunction:
    """A function that templates may call by its name."""

    name: str
    function: Callable[..., object]


class TemplateRun:
    """The state of one rendering, and the operations that the rewritten template calls.

    A place is a file's path and an offset in its text. `here` is the place that was reached last;
    `calls` are the places of the calls that are being made, the outermost first.
    """

    def __init__(self, files: Mapping[str, TemplateFile], model_path: str) -> None:
        """Start at the model's first character."""
        self.files = files
        self.model_path = model_path
        self.budget = Budget()
        self.here: Place = (model_path, 0)
        self.calls: list[Place] = []
        self.filters = {
            name: self._placed(name, function)
            for name, function in make_filters(self.budget).items()
        }
        self.tests = make_tests(self.budget)

    def place_in_model(self) -> Place:
        """Return the innermost place of the model itself that led to where the run is."""
        in_model = (place for place in reversed(self.calls) if place[0] == self.model_path)
        return next(in_model, (self.model_path, 0))

    def location(self, place: Place) -> Location:
        """Return a place as line and column."""
        return self.files[place[0]].location(place[1])

    def mark(self, place: Place) -> Place:
        """Note that the run has come to `place`."""
        self.here = place
        return place

    def at(self, _place: Place, value: object) -> object:
        """Return `value`, which was computed at a place that is noted by now."""
        self.budget.spend(1)
        return value

    def text(self, place: Place, text: str) -> RenderedText:
        """Put out a piece of the template's own text."""
        self.budget.text(len(text))
        return RenderedText(text, origin=place[1], exact=True)

    def emit(self, _place: Place, origin: int, value: object) -> RenderedText:
        """Put out what an expression gave: text as it stands, values as literals."""
        self.budget.inputs(value)
        if not isinstance(value, str) or isinstance(value, VariableText):
            value = sql_literal(value)
        self.budget.text(len(value))
        literals = value.literals if isinstance(value, RenderedText) else ()
        return RenderedText(plain_text(value), literals, origin=origin)

    def capture(self, pieces: Iterable[str]) -> str:
        """Join the pieces that a macro or a block has put out."""
        pieces = list(pieces)
        self.budget.text(sum(map(len, pieces)))
        return join_rendered(pieces)

    def weigh(self, value: object) -> object:
        """Return `value` after its size was counted."""
        self.budget.inputs(value)
        return value

    def items(self, _place: Place, value: object) -> Sequence[object]:
        """Return what a loop goes over."""
        if isinstance(value, str | dict):
            value = list(value)
        if not isinstance(value, list | tuple):
            self.budget.inputs(value)
            raise RenderError(f"a loop wants a list, not {kind_of(value)}")
        self.budget.items(len(value))
        return value

    def slice(self, value: object, start: object, stop: object, step: object) -> object:
        """Return `value[start:stop:step]` of a list or a text."""
        self.budget.inputs(value)
        if not isinstance(value, str | list | tuple):
            raise RenderError(f"only lists and texts have parts, not {kind_of(value)}")
        bounds = cast("tuple[int | None, int | None, int | None]", (start, stop, step))
        return value[slice(*bounds)]

    def join(self, *values: object) -> str:
        """Return `a ~ b ~ …`."""
        return concatenate(self.budget, values)

    def operate(self, symbol: str, left: object, right: object) -> object:
        """Return `left symbol right`."""
        return apply_operator(self.budget, symbol, left, right)

    def attribute(self, owner: object, name: str) -> object:
        """Return `owner.name`: a method, a part or an item that templates may have."""
        self.budget.spend(1)
        if isinstance(owner, Undefined):
            bool(owner)  # raises
        if not name.startswith("_"):
            if isinstance(owner, Namespace) or (
                isinstance(owner, LoopContext) and name in _LOOP_PARTS
            ):
                found: object = getattr(owner, name, missing)
                return found if found is not missing else self._undefined(owner, name)
            if name in method_names(owner):
                return Method(owner, name)
            if name in part_names(owner):
                return cast("object", getattr(owner, name))
            if isinstance(owner, dict) and name in owner:
                return owner[name]
        return self._undefined(owner, name)

    def item(self, owner: object, key: object) -> object:
        """Return `owner[key]`."""
        self.budget.inputs(key)
        if isinstance(owner, Undefined):
            bool(owner)  # raises
        if isinstance(owner, dict | list | tuple | str):
            try:
                return cast("dict[object, object]", owner)[key]
            except (LookupError, TypeError):
                return self._undefined(owner, str(key))
        return self.attribute(owner, key) if isinstance(key, str) else self._undefined(owner, "")

    def call(
        self, called: object, arguments: tuple[object, ...], named: dict[str, object]
    ) -> object:
        """Call a function, a macro or a method; the run's own operations go straight through."""
        place = cast("Place | None", named.pop(PLACE_ARGUMENT, None))
        named.pop("_loop_vars", None)
        named.pop("_block_vars", None)
        if place is None:
            return cast("Callable[..., object]", called)(*arguments)
        before, self.here = self.here, place
        self.calls.append(place)
        made = self._call(called, arguments, named)
        self.calls.pop()
        self.here = before
        return made

    def _call(
        self, called: object, arguments: tuple[object, ...], named: dict[str, object]
    ) -> object:
        self.budget.spend(1)
        if len(self.calls) > MAX_MACRO_DEPTH:
            raise limit_error(f"calls within calls, more than {MAX_MACRO_DEPTH} deep")
        if isinstance(called, TemplateFunction):
            return _call_function(called, arguments, named)
        if isinstance(called, Method):
            with_method = f"the method '{called.name}' cannot be called so"
            try:
                return call_method(self.budget, called, arguments, named)
            except VALUE_FAULTS:
                raise RenderError(with_method, hint="look at its arguments") from None
        if _is_loop_method(called):
            self.budget.inputs(*arguments)
        if isinstance(called, Macro) or _is_loop_method(called):
            return cast("Callable[..., object]", called)(*arguments, **named)
        if isinstance(called, Undefined):
            bool(called)  # raises
        raise RenderError(f"{kind_of(called)} cannot be called")

    def _undefined(self, owner: object, name: str) -> Undefined:
        return TemplateUndefined(obj=owner, name=name)

    def _placed(self, name: str, function: Function) -> Function:
        def run(*arguments: object, **named: object) -> object:
            before = self.here
            self.here = cast("Place", named.pop(PLACE_ARGUMENT, before))
            try:
                made = function(*arguments, **named)
            except VALUE_FAULTS:
                raise RenderError(
                    f"the filter '{name}' cannot be applied so",
                    hint="look at its arguments and at what stands before the |",
                ) from None
            self.here = before
            return made

        if hasattr(function, "jinja_pass_arg"):
            run.jinja_pass_arg = function.jinja_pass_arg  # type: ignore[attr-defined]
        return run


def _is_loop_method(called: object) -> bool:
    return isinstance(getattr(called, "__self__", None), LoopContext)


def _call_function(
    called: TemplateFunction, arguments: tuple[object, ...], named: dict[str, object]
) -> object:
    try:
        inspect.signature(called.function).bind(*arguments, **named)
    except TypeError as error:
        raise RenderError(f"{called.name}(): {error}") from None
    return called.function(*arguments, **named)
