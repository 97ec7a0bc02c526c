"""`python -m flight_server`, which is what `featuresql serve` becomes."""

from __future__ import annotations

import sys

from flight_server.launch import relaunch_bounded

if __name__ == "__main__":
    # The bound must be there before pyarrow is loaded, so nothing else is imported yet.
    relaunch_bounded(["-P", "-m", "flight_server", *sys.argv[1:]])
    from featuresql.cli.guard import guard
    from flight_server.command import serve_command

    sys.exit(guard(serve_command, sys.argv[1:], "featuresql serve"))
