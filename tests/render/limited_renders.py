"""Render templates, each in a process of its own with little memory and time.

Reads `{name: template}` as JSON, and writes a line of JSON for each: its name, the error's code and
message (or the length of the SQL), the seconds of processor time and the megabytes that it took.
"""

import json
import os
import resource
import sys
from pathlib import Path

from render_case import make_project

from featuresql.errors import FeatureSQLError
from featuresql.render.render_model import render_model

MEMORY_MB = 300
PROCESSOR_S = 20


def used_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def render_limited(name: str, template: str) -> None:
    allowed = used_bytes() + MEMORY_MB * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))
    before = resource.getrusage(resource.RUSAGE_SELF)
    project = make_project({"m": template}, variables={"big": "x" * 1000, "n": 10**9})
    result: dict[str, object] = {"name": name}
    try:
        result["length"] = len(render_model(project.models["m"], project).sql)
    except FeatureSQLError as error:
        result |= {"code": error.code, "message": error.message, "at": str(error.location)}
    after = resource.getrusage(resource.RUSAGE_SELF)
    result["processor_s"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result["memory_mb"] = (after.ru_maxrss - before.ru_maxrss) / 1024
    sys.stdout.write(json.dumps(result) + "\n")


def main() -> None:
    for name, template in json.loads(sys.stdin.read()).items():
        child = os.fork()
        if child == 0:
            try:
                render_limited(name, template)
                sys.stdout.flush()
            finally:
                os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
