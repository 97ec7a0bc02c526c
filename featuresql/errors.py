"""Every error that FeatureSQL raises, and what each one tells its reader.

An error says what is wrong (`message`), where (`location`, with the line itself in `excerpt`) and
what to do about it (`hint`). `code` is stable: tools may match on it. Faults of the user's input
end a command with exit code 1, wrong usage and faults of our own with 2.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_NAMES_SHOWN: Final = 12


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file of the project: path relative to its root, line and column from 1."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """Give the place as editors read it."""
        return f"{self.path}:{self.line}:{self.column}"


class FeatureSQLError(Exception):
    """The root of all errors of this package."""

    exit_code: ClassVar[int] = 1
    default_code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        location: Location | None = None,
        hint: str | None = None,
        excerpt: str | None = None,
    ) -> None:
        """Keep the parts apart, so that every face can show them in its own way."""
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.location = location
        self.hint = hint
        self.excerpt = excerpt

    def __str__(self) -> str:
        """Give the whole error as one block of text."""
        lines = [f"{self.code}: {self.message}"]
        if self.location is not None:
            lines.append(f"  at {self.location}")
        if self.excerpt is not None:
            lines.append(f"  | {self.excerpt}")
            if self.location is not None and self.location.column <= len(self.excerpt) + 1:
                lines.append("  | " + " " * (self.location.column - 1) + "^")
        if self.hint is not None:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class ProjectError(FeatureSQLError):
    """A project file says something that it may not say."""

    default_code = "project"


class RenderError(FeatureSQLError):
    """A template cannot be rendered."""

    default_code = "render"


class CompileError(FeatureSQLError):
    """A model's SQL is refused."""

    default_code = "compile"


class PlanError(FeatureSQLError):
    """A run cannot be planned: a cycle, or a selection that names nothing."""

    default_code = "plan"


class EngineError(FeatureSQLError):
    """The SQL engine refused or failed."""

    default_code = "engine"


class OnlineStoreError(FeatureSQLError):
    """The online store refused or failed."""

    default_code = "online-store"


class RegistryError(FeatureSQLError):
    """The registry refused or failed."""

    default_code = "registry"


class RequestError(FeatureSQLError):
    """A spine or an online request does not fit the service that was asked."""

    default_code = "request"


class ServingError(FeatureSQLError):
    """The server cannot be reached, or refused."""

    default_code = "serving"


class TestFailureError(FeatureSQLError):
    """Tests of the project failed."""

    __test__ = False
    default_code = "test-failure"


class UsageError(FeatureSQLError):
    """A command or a call was used wrongly."""

    exit_code = 2
    default_code = "usage"


class InternalError(FeatureSQLError):
    """A fault of FeatureSQL itself."""

    exit_code = 2
    default_code = "internal"


class ManyErrors(FeatureSQLError):  # noqa: N818 - it is several errors, not one more kind
    """Several errors, found in one go."""

    default_code = "several"

    def __init__(self, errors: Sequence[FeatureSQLError]) -> None:
        """Hold `errors`, at least one, in the order in which they were found."""
        if not errors:
            msg = "ManyErrors needs at least one error"
            raise ValueError(msg)
        super().__init__(f"{len(errors)} errors")
        self.errors = tuple(errors)

    def __str__(self) -> str:
        """Give every error as a block, one after the other."""
        return "\n\n".join(str(error) for error in self.errors)


def raise_all(errors: Sequence[FeatureSQLError]) -> None:
    """Raise nothing, the one error, or all of them as `ManyErrors`."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ManyErrors(errors)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like `name`, where one is near enough to be meant."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint: the nearest of the known names, or all of them where they are few."""
    names = sorted(known)
    near = nearest(name, names)
    if near is not None:
        return f"did you mean '{near}'?"
    if not names:
        return "there are none"
    shown = ", ".join(names[:MAX_NAMES_SHOWN]) + (", …" if len(names) > MAX_NAMES_SHOWN else "")
    return f"known: {shown}"
