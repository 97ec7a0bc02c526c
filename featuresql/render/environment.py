"""The one place that makes Jinja's environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2.lexer import Lexer
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from featuresql.render.offset_lexer import OffsetLexer
from featuresql.render.undefined import TemplateUndefined

if TYPE_CHECKING:
    from featuresql.render.template_run import TemplateRun


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox, in which every operation passes through one rendering's run.

    Jinja's own guards stay; the run allows less still: it knows which attributes, methods, filters
    and functions exist, and refuses the rest.
    """

    intercepted_binops = frozenset(ImmutableSandboxedEnvironment.default_binop_table)

    def __init__(self, run: TemplateRun) -> None:
        """Make it for one run."""
        super().__init__(
            undefined=TemplateUndefined,
            # The text is SQL: HTML escapes would change it. Values of variables are printed as SQL
            # literals by the run, which is the escaping that SQL needs.
            autoescape=False,
            extensions=("jinja2.ext.do", "jinja2.ext.loopcontrols"),
            # Off: constants would be computed while compiling, outside the limits.
            optimized=False,
            # As in dbt: tags leave their line ends, and only the file's last one is dropped.
            trim_blocks=False,
            lstrip_blocks=False,
            keep_trailing_newline=False,
            cache_size=0,
        )
        self.run = run
        self.concat = run.capture  # type: ignore[method-assign]  # Jinja means it to be replaced
        self.globals = {}
        self.filters = dict(run.filters)
        self.tests = dict(run.tests)
        self._offset_lexer = OffsetLexer(self)

    @property
    def lexer(self) -> Lexer:
        """The lexer that gives offsets for lines."""
        return self._offset_lexer

    @property
    def openings(self) -> list[int]:
        """Where the tags, expressions and comments start in the text that was read last."""
        return self._offset_lexer.openings

    def getattr(self, obj: object, attribute: str) -> object:
        """Return `obj.attribute` as the run allows it."""
        return self.run.attribute(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        """Return `obj[argument]` as the run allows it."""
        return self.run.item(obj, argument)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Return `left operator right` as the run allows it."""
        del context
        return self.run.operate(operator, left, right)

    def call(self, context: Context, obj: object, /, *arguments: object, **named: object) -> object:
        """Call `obj` as the run allows it."""
        del context
        return self.run.call(obj, arguments, named)


def make_environment(run: TemplateRun) -> TemplateEnvironment:
    """Return the environment in which one template, with the project's macros, is rendered."""
    return TemplateEnvironment(run)
