"""What a server is told when it is started."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from featuresql.errors import UsageError

MAX_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Limits:
    """What one caller may ask of the server; each number is greater than nothing.

    `max_rows`, `max_bytes` and `max_columns` bound one message, the spine's two a whole training
    set's spine. A text view or a dictionary counts with the bytes that its values have when written
    out. `idle_s` is how long a stream may stay silent while others want its place; it is cut then
    with its connection, unless another stream of that connection is at work.
    """

    max_rows: int = 100_000
    max_bytes: int = 64 << 20
    max_columns: int = 1_000
    max_spine_rows: int = 5_000_000
    max_spine_bytes: int = 1 << 30
    max_streams: int = 256
    idle_s: float = 300.0

    def __post_init__(self) -> None:
        """Raise `UsageError` where a limit is not greater than nothing."""
        for name in self.__slots__:
            if getattr(self, name) <= 0:
                raise UsageError(
                    f"the limit {name} is {getattr(self, name)}",
                    hint="a limit is greater than nothing",
                )


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where and for whom to serve. Port 0 takes a free one.

    Raises `UsageError` where TLS is half given, and where it would serve beyond loopback without
    both TLS and tokens, unless `insecure` is said.
    """

    host: str = "127.0.0.1"
    port: int = 8815
    auth_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure: bool = False
    limits: Limits = field(default_factory=Limits)
    drain_s: float = 8.0

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        if not 0 <= self.port <= MAX_PORT:
            raise UsageError(f"there is no port {self.port}", hint=f"0 to {MAX_PORT}; 0 is any")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError(
                "TLS needs a certificate and its key", hint="give both --tls-cert and --tls-key"
            )
        is_guarded = self.tls_cert is not None and self.auth_file is not None
        if not (is_loopback(self.host) or is_guarded or self.insecure):
            raise UsageError(
                f"serving on {self.host} lets others in without TLS and tokens",
                hint="give --tls-cert, --tls-key and --auth, or say --insecure",
            )

    @property
    def scheme(self) -> str:
        """The scheme of the server's URL."""
        return "grpc" if self.tls_cert is None else "grpc+tls"

    def url(self, port: int) -> str:
        """Return the URL at which this server answers on `port`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine only. A name but localhost counts as not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
