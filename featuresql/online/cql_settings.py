"""Where a cluster is and how to talk to it: the options of a target as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_PORT = 9042


@dataclass(frozen=True, slots=True)
class CqlSettings:
    """A ScyllaDB or Cassandra cluster and a keyspace of it.

    `local_dc` is the data centre to talk to, that of the first host to answer where it is None.
    `replication` is as CQL has it, or a number of replicas for each data centre; None means up to
    three in the local one, for a keyspace that is made. `consistency` is a level's name.
    `timeout_ms` bounds each request, and `patience_ms` how long a write goes on trying while the
    cluster cannot be reached. A reader looks for new versions when it last did `refresh_ms` ago, 0
    being each time. A read that is not answered after `speculative_ms` is sent to a second node.
    `user` goes with `password`; `secure` means TLS, trusting `ca_cert`, a PEM file, or else the
    system's authorities.
    """

    hosts: tuple[str, ...]
    keyspace: str
    port: int = DEFAULT_PORT
    local_dc: str | None = None
    replication: Mapping[str, str | int] | None = None
    consistency: str = "local_quorum"
    timeout_ms: int = 5_000
    patience_ms: int = 30_000
    refresh_ms: int = 200
    speculative_ms: int = 250
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    secure: bool = False
    verify_host: bool = True
    ca_cert: Path | None = None

    @property
    def place(self) -> str:
        """What errors call the store."""
        return f"the online store '{self.keyspace}' on {', '.join(self.hosts)}, port {self.port}"


def cql_settings(options: Mapping[str, object], root: Path) -> CqlSettings:
    """Return the settings that the checked options of a target say; paths are relative to `root`.

    An option that is absent or None has its usual value.
    """
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    given["hosts"] = tuple(given["hosts"])
    if "ca_cert" in given:
        given["ca_cert"] = root / given["ca_cert"]
    return CqlSettings(**given)
