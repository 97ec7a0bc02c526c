"""What every handler needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from featuresql.ports import ServiceSchema, Serving
from flight_server.auth import Caller, find_service
from flight_server.config import Limits
from flight_server.counters import Counters
from flight_server.shield import Shield
from flight_server.slots import Slots


@dataclass(frozen=True, slots=True)
class ServerContext:
    """One server's parts. `is_guarded` says whether callers need a token."""

    serving: Serving
    limits: Limits
    is_guarded: bool
    shield: Shield
    counters: Counters
    slots: Slots

    def service(self, name: str, caller: Caller) -> ServiceSchema:
        """Return a service that `caller` may use; raises as `find_service` does."""
        return find_service(self.serving.services(), name, caller, is_guarded=self.is_guarded)

    def services(self, caller: Caller) -> Mapping[str, ServiceSchema]:
        """Return the services that `caller` may use, by name."""
        services = self.serving.services()
        return {name: services[name] for name in sorted(services) if caller.may_use(name)}
