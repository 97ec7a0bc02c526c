"""Ends a caller's connection: Flight gives a server no other way to end a silent stream."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
from pathlib import Path
from typing import Final
from urllib.parse import unquote

_FOLDERS: Final = (Path("/proc/self/fd"), Path("/dev/fd"))


def cut_connection(peer: str) -> bool:
    """Shut this process's socket to `peer`, as gRPC names it; return whether one was found.

    All calls on that connection end. Without a list of the process's files nothing is done.
    """
    wanted = _parse_peer(peer)
    folder = next((f for f in _FOLDERS if f.is_dir()), None)
    if wanted is None or folder is None:
        return False
    return any(_cut(int(entry.name), wanted) for entry in folder.iterdir())


def _cut(number: int, wanted: tuple[str, int]) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
        # A copy is judged and shut: the number itself may be another file's by then.
        with socket.socket(fileno=os.dup(number)) as copy:
            address = copy.getpeername()
            if not isinstance(address, tuple) or (_plain(address[0]), address[1]) != wanted:
                return False
            copy.shutdown(socket.SHUT_RDWR)
            return True
    except OSError:
        return False


def _parse_peer(peer: str) -> tuple[str, int] | None:
    """Read `ipv4:127.0.0.1:5000` or `ipv6:%5B::1%5D:5000`."""
    family, _, address = unquote(peer).partition(":")
    host, _, port = address.rpartition(":")
    if family not in {"ipv4", "ipv6"} or not port.isdigit():
        return None
    return _plain(host.strip("[]")), int(port)


def _plain(host: str) -> str:
    """Write an address in one way: an IPv4 one within IPv6 as itself, without a zone."""
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return host
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
