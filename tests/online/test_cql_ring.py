"""Keys are grouped by the node that the driver itself would ask first."""

from __future__ import annotations

import uuid

from cassandra.connection import DefaultEndPoint
from cassandra.metadata import KeyspaceMetadata, Metadata
from cassandra.policies import SimpleConvictionPolicy
from cassandra.pool import Host
from hypothesis import given
from hypothesis import strategies as st

from featuresql.online.cql_ring import Ring

TOKENS = st.integers(-(2**63) + 1, 2**63 - 1)
KEYS = st.lists(st.binary(min_size=1, max_size=12), max_size=60, unique=True)


def metadata_of(nodes: list[list[int]]) -> Metadata:
    """Return what the driver knows of a cluster whose nodes have these tokens."""
    metadata = Metadata()
    metadata.keyspaces["k"] = KeyspaceMetadata(
        "k",
        durable_writes=True,
        strategy_class="SimpleStrategy",
        strategy_options={"replication_factor": "1"},
    )
    owned = {}
    for number, tokens in enumerate(nodes):
        end_point = DefaultEndPoint(f"10.0.0.{number + 1}")
        host = Host(end_point, SimpleConvictionPolicy, host_id=uuid.UUID(int=number))
        metadata.add_or_return_host(host)
        owned[host] = [str(token) for token in tokens]
    metadata.rebuild_token_map("org.apache.cassandra.dht.Murmur3Partitioner", owned)
    return metadata


@given(st.lists(TOKENS, min_size=2, max_size=30, unique=True), st.integers(1, 4), KEYS)
def test_a_group_has_the_keys_of_one_node_and_each_key_is_in_one_group(
    tokens: list[int], count: int, keys: list[bytes]
) -> None:
    nodes = [tokens[at::count] for at in range(min(count, len(tokens)))]
    metadata = metadata_of(nodes)
    groups = Ring(metadata).groups(keys)
    assert sorted(row for group in groups for row in group.tolist()) == list(range(len(keys)))
    owners = [
        {metadata.get_replicas("k", keys[row])[0].address for row in group.tolist()}
        for group in groups
    ]
    assert all(len(found) == 1 for found in owners if len(keys) > 0)
    if len(keys) > 1:
        assert len({next(iter(found)) for found in owners}) == len(groups)


def test_a_ring_that_changes_is_followed() -> None:
    metadata = metadata_of([[0], [2**62]])
    ring = Ring(metadata)
    keys = [bytes([n]) for n in range(40)]
    assert len(ring.groups(keys)) == 2
    other = metadata_of([[0]])
    metadata.token_map = other.token_map
    assert len(ring.groups(keys)) == 1
    metadata.token_map = None
    assert len(ring.groups(keys)) == 1
