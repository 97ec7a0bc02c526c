"""The server that the tests of the CQL store talk to."""

from __future__ import annotations

from cassandra_process import answers
from cql_server import CqlServer


def test_a_server_answers(cql_server: CqlServer) -> None:
    assert answers(cql_server.host, cql_server.port)
