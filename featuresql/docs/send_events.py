"""OpenLineage events -> a collector, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from featuresql.errors import ServingError, UsageError

ENDPOINT: Final = "/api/v1/lineage"
API_KEY: Final = "OPENLINEAGE_API_KEY"
TIMEOUT_SECONDS: Final = 30


def send_events(
    events: Sequence[Mapping[str, object]], url: str, environment: Mapping[str, str]
) -> None:
    """Post each of `events` to `url`, in order; a URL without a path gets OpenLineage's own.

    The key in OPENLINEAGE_API_KEY, where there is one, goes along as a bearer's. Raises
    `UsageError` for what is no http URL, `ServingError` where the collector cannot be reached or
    refuses.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f"'{url}' is no URL to send to", hint="write http://HOST:PORT or https://HOST"
        )
    endpoint = url if parts.path not in {"", "/"} else url.rstrip("/") + ENDPOINT
    headers = {"Content-Type": "application/json"}
    if environment.get(API_KEY):
        headers["Authorization"] = f"Bearer {environment[API_KEY]}"
    for event in events:
        _post(endpoint, json.dumps(event).encode(), headers)


def _post(url: str, body: bytes, headers: dict[str, str]) -> None:
    request = Request(url, body, headers, method="POST")  # noqa: S310 - http or https, see above
    place = urlsplit(url)
    shown = f"{place.scheme}://{place.hostname}{f':{place.port}' if place.port else ''}{place.path}"
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
            answer.read()
    except HTTPError as error:
        reason = f"answered {error.code} {error.reason}"
        error.close()
    except (URLError, HTTPException, OSError) as error:
        reason = f"cannot be reached: {getattr(error, 'reason', None) or error}"
    else:
        return
    raise ServingError(f"{shown} {reason}", code="send", hint="is an OpenLineage collector there?")
