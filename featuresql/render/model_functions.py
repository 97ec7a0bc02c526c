"""The functions that templates call: config, ref, source, var, log, range and namespace."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from jinja2.utils import Namespace

from featuresql.errors import Location, RenderError, did_you_mean
from featuresql.project.model_config import model_config
from featuresql.render.limits import MAX_ITEMS, limit_error
from featuresql.render.literal import kind_of, quoted
from featuresql.render.rendered import REF_SCHEMA, SOURCE_SCHEMA
from featuresql.render.template_run import TemplateFunction, TemplateRun
from featuresql.render.template_text import VariableText, plain_text
from featuresql.spec.model import ModelConfig, Project

FUNCTION_NAMES: Final = frozenset({"config", "ref", "source", "var", "log", "range", "namespace"})
_NOT_GIVEN: Final = object()
_logger = logging.getLogger("featuresql.template")


class ModelFunctions:
    """What the functions of one model's rendering know, and what they have noted.

    `refs` and `sources` have where each was first called, in the model itself; `config_places` has
    where each argument of config() stands, and where its value does.
    """

    def __init__(
        self, name: str, project: Project, variables: Mapping[str, object], run: TemplateRun
    ) -> None:
        """Start with nothing noted."""
        self.name = name
        self.project = project
        self.variables = variables
        self.run = run
        self.refs: dict[str, Location] = {}
        self.sources: dict[str, Location] = {}
        self.config_location: Location | None = None
        self.config_places: dict[str, tuple[Location, Location]] = {}
        self.model_config = ModelConfig()

    def by_name(self) -> dict[str, TemplateFunction]:
        """Return the functions as templates see them."""
        functions: dict[str, Callable[..., object]] = {
            "config": self._config,
            "ref": self._ref,
            "source": self._source,
            "var": self._var,
            "log": self._log,
            "range": self._range,
            "namespace": Namespace,
        }
        return {name: TemplateFunction(name, function) for name, function in functions.items()}

    def _config(self, **properties: object) -> str:
        location = self.run.location(self.run.here)
        if len(self.run.calls) > 1 or location.path != self.run.model_path:
            raise RenderError("config() is called by a model itself, not by a macro")
        if self.config_location is not None:
            raise RenderError(
                f"config() is called twice: here and at {self.config_location}",
                hint="put all properties into one call",
            )
        self.run.budget.inputs(*properties.values())
        self.config_location = location
        plain = {str(name): _plain(value) for name, value in properties.items()}
        path, start = self.run.here
        file = self.run.files[path]
        for name, (key, value) in file.arguments.get(start, {}).items():
            self.config_places[name] = file.location(key), file.location(value)
        self.model_config = model_config(plain, location, self.config_places)
        return ""

    def _ref(self, model: object, *more: object) -> str:
        if more:
            raise RenderError("ref() takes one name: there are no packages or versions of models")
        name = _name(model, "ref")
        if name == self.name:
            raise RenderError(f"the model '{name}' refers to itself")
        if name not in self.project.models:
            hint = did_you_mean(name, set(self.project.models) - {self.name})
            if name in self.project.sources:
                hint = f"'{name}' is a source: write source('{name}')"
            raise RenderError(f"there is no model '{name}'", hint=hint)
        self.refs.setdefault(name, self.run.location(self.run.place_in_model()))
        return f"{REF_SCHEMA}.{quoted(name)}"

    def _source(self, source: object, *more: object) -> str:
        if more:
            raise RenderError(
                "source() takes one name", hint="sources have no groups: source('flights')"
            )
        name = _name(source, "source")
        if name not in self.project.sources:
            hint = did_you_mean(name, self.project.sources)
            if name in self.project.models:
                hint = f"'{name}' is a model: write ref('{name}')"
            raise RenderError(f"there is no source '{name}'", hint=hint)
        self.sources.setdefault(name, self.run.location(self.run.place_in_model()))
        return f"{SOURCE_SCHEMA}.{quoted(name)}"

    def _var(self, name: object, default: object = _NOT_GIVEN) -> object:
        key = _name(name, "var")
        if key in self.variables:
            value = _variable(self.variables[key], key)
        elif default is not _NOT_GIVEN:
            value = _variable(default, key)
        else:
            raise RenderError(
                f"there is no variable '{key}'",
                hint=did_you_mean(key, self.variables)
                + "; or give a default: var('name', default)",
            )
        self.run.budget.inputs(value)
        return value

    def _log(self, text: object, info: object = False) -> str:  # noqa: FBT002 - dbt's own signature
        self.run.budget.inputs(text)
        level = logging.INFO if info else logging.DEBUG
        _logger.log(level, "%s: %s", self.run.location(self.run.here), text)
        return ""

    def _range(self, start: object, stop: object = None, step: object = 1) -> list[int]:
        bounds = (0, start, step) if stop is None else (start, stop, step)
        if not all(isinstance(bound, int) for bound in bounds) or step == 0:
            raise RenderError("range() wants whole numbers, and a step that is not 0")
        first, last, by = (bound for bound in bounds if isinstance(bound, int))
        if last - first > MAX_ITEMS * abs(by) or first - last > MAX_ITEMS * abs(by):
            raise limit_error(f"a range of more than {MAX_ITEMS:,} numbers")
        numbers = range(first, last, by)
        self.run.budget.items(len(numbers))
        return list(numbers)


def _name(value: object, function: str) -> str:
    if not isinstance(value, str):
        raise RenderError(f"{function}() wants a name in quotes, not {kind_of(value)}")
    return plain_text(value)


def _variable(value: object, name: str) -> object:
    """Return a variable's value as templates see it; RenderError where it is of no known type."""
    if isinstance(value, str):
        return VariableText(value)
    if value is None or isinstance(value, bool | int | float | date):
        return value
    if isinstance(value, Mapping):
        return {_variable(key, name): _variable(item, name) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_variable(item, name) for item in value]
    raise RenderError(
        f"the variable '{name}' holds {type(value).__name__}, which templates do not know",
        hint="texts, numbers, booleans, dates, instants, lists and mappings",
    )


def _plain(value: object) -> object:
    """Return `value` with every text as a plain `str`."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value
