"""A TCP proxy before a server, whose connections a test can cut, refuse or let stall."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

_POLL_S = 0.05


class CutProxy:
    """Passes bytes between its own port and a server until told otherwise."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_POLL_S)
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_refusing = False
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._closed = True
        self._flowing.set()
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break every connection; new ones are taken."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for sockets in pairs:
            for one in sockets:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def refuse(self, *, refusing: bool) -> None:
        """Break every connection and each new one, until told that it is over."""
        self._is_refusing = refusing
        self.cut()

    def stall(self, *, stalling: bool) -> None:
        """Hold back all bytes, with the connections open, until told that it is over."""
        if stalling:
            self._flowing.clear()
        else:
            self._flowing.set()

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            if self._is_refusing:
                near.close()
                continue
            far = socket.create_connection(self._server)
            near.settimeout(None)
            with self._lock:
                self._pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
