"""The door over TLS."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from urllib3.util.ssl_ import create_urllib3_context

from harvester.fetch import Door, JobFetch
from tests.conftest import missing
from tests.harvester.fetch.scripted import AGENT, CHUNKED, LIMITS, ScriptedPortal, answer, drip, fault, fetching, moved

# ------------------------------------------------------------------------------------------------------------------ TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A fresh self-signed certificate for 127.0.0.1, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        missing("openssl", "apt-get install openssl")
    key, both = tmp_path / "key.pem", tmp_path / "both.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=portal"
    wanted = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(both)]
    subprocess.run([openssl, *options.split(), *wanted], check=True, capture_output=True)
    both.write_text(both.read_text() + key.read_text())
    return both


@pytest.fixture
def secure_portal(certificate: Path) -> Iterator[ScriptedPortal]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with closing(ScriptedPortal(context)) as scripted:
        yield scripted


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    context: ssl.SSLContext = create_urllib3_context()
    context.load_verify_locations(certificate)
    return context


def test_get_when_the_certificate_is_unknown_then_is_a_tls_fault(secure_portal: ScriptedPortal) -> None:
    session = fetching(retries=3)
    error = fault(session, secure_portal.url)
    assert (error.kind, error.transient, session.requests) == ("tls", False, 1)
    assert "certificate of 127.0.0.1" in error.message


def test_get_when_https_is_not_spoken_then_is_a_tls_fault(fetch: JobFetch) -> None:
    def answer_in_plain(listener: socket.socket) -> None:
        with listener.accept()[0] as sock:
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            sock.recv(1000)

    with closing(socket.create_server(("127.0.0.1", 0))) as plain:
        thread = threading.Thread(target=answer_in_plain, args=(plain,))
        thread.start()
        assert fault(fetch, f"https://127.0.0.1:{plain.getsockname()[1]}/").kind == "tls"
        thread.join()


def test_get_when_the_handshake_hangs_then_ends_after_the_connect_timeout() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        begun = time.monotonic()
        error = fault(fetching(connect_s=0.5), f"https://127.0.0.1:{mute.getsockname()[1]}/")
        assert error.kind == "timeout"
        assert time.monotonic() - begun < 1.4


def test_get_when_secure_then_the_same_limits_hold(secure_portal: ScriptedPortal, trusting: ssl.SSLContext) -> None:
    secure_portal.scripts = [answer(b"x" * 900_000), drip(CHUNKED, b"1\r\nx\r\n")]
    with Door(LIMITS, AGENT, tls=trusting).session(deadline_s=1.0) as session:
        assert len(session.get(secure_portal.url).body) == 900_000
        begun = time.monotonic()
        assert fault(session, secure_portal.url).kind == "timeout"
        assert time.monotonic() - begun < 1.6


def test_get_when_led_from_https_to_http_then_records_it(
    secure_portal: ScriptedPortal, portal: ScriptedPortal, trusting: ssl.SSLContext
) -> None:
    secure_portal.scripts = [moved(portal.url + "/plain?key=hush")]
    with Door(LIMITS, AGENT, tls=trusting).session() as session:
        session.get(secure_portal.url)
        session.get(secure_portal.url)
    assert [(issue.code, issue.value) for issue in session.issues] == [
        ("insecure_redirect", portal.url + "/plain?key=...")
    ]
