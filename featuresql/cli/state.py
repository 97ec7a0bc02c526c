"""What the outermost handler and the commands tell each other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class CliState:
    """What the handler must know of a call.

    `signal_number` is that of the signal that ended it; `has_printed_json` says that stdout has its
    one document already.
    """

    debug: bool = False
    signal_number: int | None = None
    has_printed_json: bool = False
