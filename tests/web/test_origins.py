"""Who may ask the page's server: itself, and a proxy whose address it was told; raw requests to a server that has no
networks.
"""

import threading
from types import SimpleNamespace

import pytest
from makers.serving import send_raw

from competition.web.limits import Limits
from competition.web.origins import Origins, read_public_url
from competition.web.server import Server

PUBLIC = "https://labels.example.org"


@pytest.fixture(scope="module")
def start():
    """Start a server: start(public URL or None); it says what it was sent."""
    servers = {}

    def start(public):
        if public not in servers:
            service = SimpleNamespace(
                limits=Limits(), facts=lambda: {"classes": []}, predict=lambda data: {"bytes": len(data)}
            )
            origins = Origins(read_public_url(public)) if public else Origins()
            servers[public] = Server(("127.0.0.1", 0), service, origins)
            threading.Thread(target=servers[public].serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return servers[public]

    yield start
    for server in servers.values():
        server.shutdown()
        server.server_close()


def send(server, host: str, origin: str = "", target: str = "/api/predict", method: str = "POST") -> int:
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *([f"Origin: {origin}"] if origin else [])]
    body = [b"Content-Length: 3\r\n\r\nabc"] if method == "POST" else [b"\r\n"]
    return send_raw(server, "".join(f"{line}\r\n" for line in lines).encode(), *body)[0]


@pytest.mark.parametrize(
    ("host", "origin", "alone", "proxied"),
    [
        ("labels.example.org", PUBLIC, 403, 200),  # the proxy hands the host on
        ("labels.example.org", "", 403, 200),
        ("127.0.0.1:8000", PUBLIC, 403, 200),  # or says its own
        ("localhost", PUBLIC, 403, 200),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", 200, 200),  # and the page goes on without it
        ("127.0.0.1:8000", "", 200, 200),
        ("labels.example.org", "http://labels.example.org.evil", 403, 403),
        ("127.0.0.1:8000", "https://evil.example", 403, 403),
        ("127.0.0.1:8000", f"{PUBLIC}:444", 403, 403),
        ("evil.example", PUBLIC, 403, 403),
        ("evil.example", "https://evil.example", 403, 403),
        ("evil.labels.example.org", "", 403, 403),
    ],
)
def test_a_proxys_address_is_taken_when_it_was_told(start, host, origin, alone, proxied):
    assert send(start(None), host, origin) == alone
    assert send(start(PUBLIC), host, origin) == proxied


@pytest.mark.parametrize("host", ["[", "]", "[::1", "[x]", "[v1.x]", "", "a b", "127.0.0.1]", "\\[", "//[", "@["])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_host_that_is_none_is_refused(start, host, method):
    for server in (start(None), start(PUBLIC)):
        assert send(server, host, target="/api/classes" if method == "GET" else "/api/predict", method=method) == 403


@pytest.mark.parametrize("target", ["http://[/", "http://[x]/api/classes", f"/?{'a=1&' * 1001}"])
def test_an_address_that_is_none_is_refused(start, target):
    assert send(start(None), "localhost", target=target, method="GET") == 400


@pytest.mark.parametrize(
    ("text", "netloc"),
    [
        (PUBLIC, "labels.example.org"),
        ("HTTPS://Labels.Example.org:443/", "labels.example.org"),
        ("http://labels.example.org:8080", "labels.example.org:8080"),
        ("http://[2001:DB8::1]:80", "[2001:db8::1]"),
    ],
)
def test_it_is_read_as_browsers_spell_it(text, netloc):
    assert read_public_url(text).netloc == netloc


@pytest.mark.parametrize(
    "text",
    [
        "labels.example.org",
        "ftp://a",
        "https://a/labels",
        "https://me@a",
        "https://a?x=1",
        "https://[",
        "https://",
        "https://a:x",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="expected https://labels.example.org"):
        read_public_url(text)
