"""Serves the fixed services in a process of its own: `serve_fixed.py JSON`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flight_server.launch import relaunch_bounded

if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    if memory_mb := settings.pop("memory_mb", None):
        relaunch_bounded([*sys.argv], memory_mb)
    from fixed_serving import FixedServing

    from flight_server.app import serve
    from flight_server.config import Limits, ServerConfig

    limits = Limits(**settings.pop("limits", {}))
    serving = FixedServing(settings.pop("delay_s", 0.0))
    paths = {
        k: Path(settings.pop(k)) for k in ("auth_file", "tls_cert", "tls_key") if k in settings
    }
    serve(serving, ServerConfig(port=0, limits=limits, **paths, **settings))
