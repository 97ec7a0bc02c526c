"""Who calls, and what they may ask for."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from featuresql.errors import RequestError, ServingError, UsageError, did_you_mean
from featuresql.ports import ServiceSchema

ALL_SERVICES: Final = "*"
_MEMBERS: Final = {"sha256", "name", "services"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a token, or anybody where there are no tokens. No `services` means all."""

    name: str
    services: frozenset[str] | None = None

    def may_use(self, service: str) -> bool:
        """Whether the service is on the caller's list."""
        return self.services is None or service in self.services


ANYBODY: Final = Caller("anybody")


@dataclass(frozen=True, slots=True)
class Token:
    """One entry of a token file: the SHA-256 of the secret, in lower-case hex, and whose it is."""

    sha256: str
    caller: Caller


class Authenticator:
    """Knows callers by their bearer tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        """Take the tokens; with none at all nobody is let in."""
        self._tokens = tuple(tokens)

    def authenticate(self, headers: Mapping[str, Sequence[str | bytes]]) -> Caller:
        """Return who sent `headers`: names in lower case, each with all its values.

        Raises `ServingError` with code `unauthenticated` unless there is one `authorization` header
        with a known bearer token. Takes the same time whichever token is presented.
        """
        values = headers.get("authorization", ())
        if len(values) != 1 or not isinstance(values[0], str):
            raise _unauthenticated()
        scheme, _, secret = values[0].partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise _unauthenticated()
        digest = hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
        found = [t.caller for t in self._tokens if hmac.compare_digest(t.sha256, digest)]
        if not found:
            raise _unauthenticated()
        return found[0]


def find_service(
    services: Mapping[str, ServiceSchema], name: str, caller: Caller, *, is_guarded: bool
) -> ServiceSchema:
    """Return the service of that name, where `caller` may use it.

    Raises `RequestError` with code `unknown-service`; behind tokens `ServingError` with code
    `unauthorized`, the same for a service that does not exist and for one that is another's.
    """
    schema = services.get(name)
    if schema is not None and caller.may_use(name):
        return schema
    if is_guarded:
        raise ServingError(
            f"service '{name}' does not exist, or this token may not use it",
            code="unauthorized",
            hint="ask the server's keeper, or list the services that this token may use",
        )
    raise RequestError(
        f"there is no service '{name}'", code="unknown-service", hint=did_you_mean(name, services)
    )


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Return the tokens of a YAML file: `tokens: [{sha256, name, services: [...]}]`.

    `services: ['*']` is all of them. Raises `UsageError` where the file is not as it must be; no
    text of an error shows a hash.
    """
    try:
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise _refusal(path, "it cannot be read as YAML") from error
    if not isinstance(document, dict) or set(document) != {"tokens"}:
        raise _refusal(path, "it needs the one member 'tokens'")
    entries = document["tokens"]
    if not isinstance(entries, list) or not entries:
        raise _refusal(path, "'tokens' is a list of at least one token")
    tokens = tuple(_token(path, number, entry) for number, entry in enumerate(entries, start=1))
    if len({token.sha256 for token in tokens}) != len(tokens):
        raise _refusal(path, "two tokens have one hash")
    return tokens


def _token(path: Path, number: int, entry: object) -> Token:
    if not isinstance(entry, dict) or set(entry) != _MEMBERS:
        raise _refusal(path, f"token {number} needs exactly the members sha256, name and services")
    digest, name, services = entry["sha256"], entry["name"], entry["services"]
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
        raise _refusal(path, f"token {number} needs a sha256 of 64 hexadecimal digits, as a text")
    if not isinstance(name, str) or not name:
        raise _refusal(path, f"token {number} needs a name")
    if not isinstance(services, list) or not all(isinstance(s, str) for s in services):
        raise _refusal(path, f"token {number} needs a list of services, ['*'] for all")
    allowed = None if ALL_SERVICES in services else frozenset(services)
    return Token(digest.lower(), Caller(name, allowed))


def _unauthenticated() -> ServingError:
    return ServingError(
        "this server needs a token that it knows",
        code="unauthenticated",
        hint="send one header 'authorization: Bearer TOKEN'; FeatureClient takes token=",
    )


def _refusal(path: Path, reason: str) -> UsageError:
    return UsageError(
        f"the token file {path} is refused: {reason}",
        hint="tokens: [{sha256: …, name: …, services: [flight_delay]}]",
    )
