"""The one place where anything that went wrong becomes what a caller may see."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pyarrow as pa
from pyarrow import flight

from featuresql.wire.faults import (
    Fault,
    internal_fault,
    is_store_away,
    to_flight_error,
    told_fault,
)

log: Final = logging.getLogger("flight_server")

_TOO_LARGE: Final = Fault(
    "serving",
    "too-large",
    "the call needs more memory than the server has for it",
    "send smaller messages, without compression",
)


def new_incident() -> str:
    """Return a fresh id under which a failure is logged."""
    return uuid.uuid4().hex[:12]


class Shield:
    """Turns every exception into a FlightError that tells no more than a caller may know."""

    def __init__(
        self, count: Callable[[str], None], incident: Callable[[], str] = new_incident
    ) -> None:
        """Report the code of each fault to `count`, and name failures by `incident`."""
        self._count = count
        self._incident = incident

    @contextmanager
    def over(self, call: str) -> Iterator[None]:
        """Let nothing but FlightErrors out of the block; `call` names it in the log.

        Flight sends the traceback of any other exception to the caller.
        """
        try:
            yield
        except (flight.FlightError, GeneratorExit):  # the latter ends a stream nobody reads on
            raise
        except BaseException as error:  # noqa: BLE001 - the outermost handler: nothing may pass
            raise to_flight_error(self.fault(error, call)) from None

    def fault(self, error: BaseException, call: str) -> Fault:
        """Return what a caller is told of `error`; what is not told is logged with an id."""
        fault = told_fault(error)
        if is_store_away(error):
            log.warning("%s failed: %s", call, " ".join(str(error).split()))
        if fault is None and isinstance(error, pa.ArrowMemoryError):
            log.warning("%s ran out of memory", call)
            fault = _TOO_LARGE
        if fault is None:
            incident = self._incident()
            log.error("%s failed, incident %s", call, incident, exc_info=error)
            fault = internal_fault(incident)
        self._count(fault.code)
        return fault
