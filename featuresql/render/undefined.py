"""What stands in a template for names that do not exist."""

from __future__ import annotations

from typing import NoReturn

from jinja2.runtime import StrictUndefined


class UndefinedNameError(Exception):
    """A name, or an item of a value, was used that does not exist."""

    def __init__(self, name: str, owner: object, hint: str | None) -> None:
        """Keep what was asked for; `owner` is Jinja's `missing` where it was a bare name."""
        super().__init__(name)
        self.name = name
        self.owner = owner
        self.hint = hint


class TemplateUndefined(StrictUndefined):
    """A name that does not exist: any use but to ask whether it is defined is an error."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> NoReturn:
        # Jinja asks for the message to raise its own error with; ours says more than a message can.
        name = str(self._undefined_name)
        raise UndefinedNameError(name, self._undefined_obj, self._undefined_hint)
