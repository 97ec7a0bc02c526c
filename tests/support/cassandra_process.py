"""Cassandra from Maven Central on Java 17: fetched once into a cache, started in a folder."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, NoHostAvailable

VERSION = "5.0.5"
HEAP_MB = 768
USER, PASSWORD = "cassandra", "cassandra"  # whom Cassandra makes at its first start
START_S = 120
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>org.featuresql</groupId><artifactId>cassandra-for-tests</artifactId>
<version>1</version><packaging>pom</packaging>
<dependencies><dependency>
<groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId>
<version>{VERSION}</version>
</dependency></dependencies>
</project>
"""
CONFIG = """
cluster_name: tests
num_tokens: 4
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{{seeds: "127.0.0.1:{storage}"}}]
listen_address: 127.0.0.1
storage_port: {storage}
rpc_address: 127.0.0.1
native_transport_port: {port}
start_native_transport: true
data_file_directories: [data/data]
commitlog_directory: data/commitlog
saved_caches_directory: data/saved_caches
hints_directory: data/hints
cdc_raw_directory: data/cdc_raw
{sync}
commitlog_disk_access_mode: legacy
authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
client_encryption_options:
  enabled: true
  optional: true
  keystore: {keystore}
  keystore_password: {password}
  store_type: PKCS12
disk_failure_policy: stop
commit_failure_policy: stop
auto_snapshot: false
incremental_backups: false
concurrent_compactors: 1
memtable_allocation_type: heap_buffers
"""
CERTIFICATE = "ca.pem"
LOGGING = """<configuration>
<appender name="file" class="ch.qos.logback.core.FileAppender">
<file>server.log</file><encoder><pattern>%-5level %d %logger{0} %msg%n</pattern></encoder>
</appender>
<root level="WARN"><appender-ref ref="file"/></root>
</configuration>
"""
# When a write is on the disk: soon, or before it is acknowledged, so that no kill loses it.
SOON = "commitlog_sync: periodic\ncommitlog_sync_period: 1000ms"
FIRST = "commitlog_sync: group\ncommitlog_sync_group_window: 1ms"
# What Cassandra reaches into; its own start script says the same.
EXPORTS = (
    "java.base/jdk.internal.misc",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
)
OPENS = (
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "jdk.management/com.sun.management.internal",
)


# Who started a server may end before it: nobody waits for these.
_STARTED: list[subprocess.Popen[bytes]] = []


class UnavailableError(Exception):
    """There is no way to run the server here; the text says why."""


def free_port() -> int:
    with closing(socket.socket()) as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file `path` alone, among all processes of this machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def find_java() -> str:
    """Return a Java 17, which Cassandra 5 needs."""
    homes = [os.environ.get("JAVA_HOME"), *sorted(map(str, Path("/usr/lib/jvm").glob("*17*")))]
    found = [f"{home}/bin/java" for home in homes if home] + [shutil.which("java") or ""]
    for java in filter(os.path.exists, found):
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
        if re.search(r'version "17\.', said.stderr):
            return java
    raise UnavailableError("no Java 17 was found")


def fetch_jars() -> Path:
    """Return the folder of Cassandra's jars, fetched by Maven where they are not there yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "featuresql-tests" / f"cassandra-{VERSION}"
    with locked(folder.with_name(f"{folder.name}.lock")):
        if folder.exists():
            return folder
        maven = shutil.which("mvn")
        if maven is None:
            raise UnavailableError("Maven (mvn) was not found")
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        (draft / "pom.xml").write_text(POM)
        command = [maven, "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
        ended = subprocess.run(
            command, cwd=draft, capture_output=True, text=True, timeout=600, check=False
        )
        if ended.returncode or not list((draft / "lib").glob("cassandra-all-*.jar")):
            said = (ended.stdout + ended.stderr).strip()[-300:]
            raise UnavailableError(f"Maven could not fetch Cassandra: {said}")
        (draft / "lib").rename(folder)
        shutil.rmtree(draft)
    return folder


def start_cassandra(folder: Path, port: int, sync: str = SOON) -> int:
    """Start the server in `folder`, which keeps its data; return its process id when it answers."""
    java, jars = find_java(), fetch_jars()
    folder.mkdir(parents=True, exist_ok=True)
    keystore = make_keystore(Path(java), folder)
    (folder / "cassandra.yaml").write_text(
        CONFIG.format(
            port=port, storage=free_port(), keystore=keystore, password=PASSWORD, sync=sync
        )
    )
    (folder / "logback.xml").write_text(LOGGING)
    command = [
        *(java, f"-Xms{HEAP_MB}m", f"-Xmx{HEAP_MB}m", "-XX:+UseSerialGC", "-Xshare:auto"),
        "-XX:TieredStopAtLevel=1",  # it does not live long enough to earn more
        *(word for name in EXPORTS for word in ("--add-exports", f"{name}=ALL-UNNAMED")),
        *(word for name in OPENS for word in ("--add-opens", f"{name}=ALL-UNNAMED")),
        "-Djdk.attach.allowAttachSelf=true",
        f"-Dcassandra.config=file://{folder}/cassandra.yaml",
        f"-Dlogback.configurationFile=file://{folder}/logback.xml",
        f"-Dcassandra.storagedir={folder}/data",
        "-Dcassandra-foreground=yes",
        "-Dcassandra.skip_wait_for_gossip_to_settle=0",
        "-Dcassandra.ring_delay_ms=0",
        "-Dcassandra.superuser_setup_delay_ms=0",
        "-Dcassandra.auth_bcrypt_gensalt_log2_rounds=4",
        *("-cp", f"{folder}:{jars}/*", "org.apache.cassandra.service.CassandraDaemon"),
    ]
    with (folder / "out.log").open("ab") as out:
        # A session of its own: Ctrl-C in the terminal is for the tests, which stop it then.
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, start_new_session=True
        )
    _STARTED.append(process)
    deadline = time.monotonic() + START_S
    while not (answers("127.0.0.1", port) and logs_in(port)):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            said = (folder / "out.log").read_text(errors="replace")[-600:]
            raise UnavailableError(f"Cassandra did not start: {said}")
        time.sleep(0.2)
    return process.pid


def make_keystore(java: Path, folder: Path) -> Path:
    """Return the file with the server's key; its certificate, for clients, is `ca.pem` beside."""
    keystore, certificate = folder / "server.p12", folder / CERTIFICATE
    if certificate.exists():
        return keystore
    tool = [str(java.with_name("keytool")), "-J-XX:TieredStopAtLevel=1", "-alias", "server"]
    tool += ["-keystore", str(keystore), "-storetype", "PKCS12", "-storepass", PASSWORD]
    make = ["-genkeypair", "-keyalg", "EC", "-validity", "2", "-dname", "CN=server"]
    for words in (
        [*make, "-ext", "san=ip:127.0.0.1"],
        ["-exportcert", "-rfc", "-file", str(certificate)],
    ):
        ended = subprocess.run([*tool, *words], capture_output=True, text=True, check=False)
        if ended.returncode:
            raise UnavailableError(f"keytool failed: {ended.stdout} {ended.stderr}")
    return keystore


def logs_in(port: int) -> bool:
    """Whether the server knows its first user yet, whom it makes some time after its start."""
    cluster = Cluster(["127.0.0.1"], port=port, auth_provider=PlainTextAuthProvider(USER, PASSWORD))
    try:
        cluster.connect()
    except NoHostAvailable:
        return False
    finally:
        cluster.shutdown()
    return True


def answers(host: str, port: int) -> bool:
    """Whether a CQL server answers: an OPTIONS frame of the native protocol gets SUPPORTED."""
    try:
        with closing(socket.create_connection((host, port), timeout=2)) as made:
            made.sendall(b"\x04\x00\x00\x00\x05\x00\x00\x00\x00")
            head = made.recv(9)
            return len(head) > 4 and head[4] == 0x06
    except OSError:
        return False


def stop_process(pid: int, number: int = signal.SIGTERM, wait_s: float = 30) -> None:
    """End a server that these tests started, and wait until it is gone."""
    deadline = time.monotonic() + wait_s
    try:
        os.kill(pid, number)
        while time.monotonic() < deadline and _lives(pid):
            time.sleep(0.05)
        if _lives(pid):
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _lives(pid: int) -> bool:
    """Whether the process runs: one that has ended is reaped where it is a child of this one."""
    try:
        done, _ = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        stat = Path(f"/proc/{pid}/stat")
        return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
    return done == 0
