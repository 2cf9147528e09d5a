"""HTTP server of the page: the standard library's, with every request bounded in size, time and number.

It answers browsers on pages of its own only, see `origins`.
"""

import json
import re
import socket
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Timer
from time import monotonic
from urllib.parse import parse_qs, urlsplit

from competition.web.limits import Refused
from competition.web.origins import Origins
from competition.web.pages import PAGES
from competition.web.service import Service, slot
from competition.web.uploads import too_large

PIECE = 65536  # bytes read at a time
MOST_FIELDS = 1000  # of a query: as many labels
LINGER_SECONDS = 2  # for a refused upload's sender to read the refusal
FULL = b'HTTP/1.0 503 Busy\r\nContent-Type: application/json\r\n\r\n{"error": "too many connections; try again"}'
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Connection": "close",
}


class Server(ThreadingHTTPServer):
    """Server of `service` at an address, to `origins`; a thread for each connection, and a bound on their number."""

    daemon_threads = True
    request_queue_size = 128  # connections not yet taken up: beyond these some are reset; the base class has 5

    def __init__(self, address: tuple[str, int], service: Service, origins: Origins = Origins()):
        self.service, self.origins = service, origins
        self.open = BoundedSemaphore(service.limits.connections)
        self.uploads = BoundedSemaphore(service.limits.uploads)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for this machine's name, as the base class does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]

    def process_request(self, request, client_address) -> None:
        """Answer in a thread of its own, or refuse the connection where too many are open."""
        if not self.open.acquire(blocking=False):
            request.setblocking(False)
            with suppress(OSError):
                request.send(FULL)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address) -> None:
        """Answer, and let the next connection in."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.open.release()

    def handle_error(self, request, client_address) -> None:
        """Say nothing of connections that broke off."""


class Handler(BaseHTTPRequestHandler):
    """One request, one answer; then the connection is closed."""

    server: Server
    server_version, sys_version = "Foldvote", ""

    def setup(self) -> None:
        """Begin, with an end to the time that the request may take to arrive."""
        limits = self.server.service.limits
        self.timeout = limits.upload_seconds
        super().setup()
        self.clock = Timer(limits.upload_seconds, self._stop_reading)
        self.clock.daemon = True
        self.clock.start()

    def finish(self) -> None:
        """End."""
        self.clock.cancel()
        super().finish()

    def do_GET(self) -> None:
        """Answer with a page, or with the classes."""
        self._answer(self._get)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the content."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Answer an upload."""
        self._answer(self._post)

    def _get(self) -> dict[str, object] | tuple[str, bytes]:
        path, _ = self._asked()
        if path == "/api/classes":
            return self.server.service.facts()
        if path not in PAGES:
            raise Refused(404, "nothing is here; the page is at /")
        return PAGES[path]()

    def _post(self) -> dict[str, object]:
        (path, query), service = self._asked(), self.server.service
        if path not in ("/api/predict", "/api/corrections"):
            raise Refused(404, "nothing is here; /api lists what can be asked")
        self._check_origin()
        length = self._length()
        with slot(self.server.uploads, service.limits.wait_seconds):
            data = self._body(length)
            if path == "/api/predict":
                return service.predict(data)
            return service.correct(data, query.get("target", []), _page(query.get("page", [])))

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        """Return the path and the query."""
        try:
            parts = urlsplit(self.path)
            return parts.path, parse_qs(parts.query, max_num_fields=MOST_FIELDS)
        except ValueError:
            raise Refused(400, "the address can't be read") from None

    def _length(self) -> int:
        if "Transfer-Encoding" in self.headers or "Content-Length" not in self.headers:
            raise Refused(411, "expected the file's size, Content-Length, before the file")
        text = self.headers["Content-Length"]
        if not (text.isascii() and text.isdecimal()):
            raise Refused(400, "Content-Length is no number")
        if len(text) > 15 or int(text) > self.server.service.limits.file_bytes:
            raise too_large(self.server.service.limits)
        return int(text)

    def _body(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            try:
                piece = self.rfile.read1(min(PIECE, length - len(data)))
            except OSError:
                piece = b""
            if not piece:
                raise Refused(408, f"the upload stopped after {len(data)} of {length} bytes, or took too long")
            data += piece
        self.clock.cancel()
        return bytes(data)

    def _check_origin(self) -> None:
        headers = self.headers
        origin, host = headers.get("Origin"), headers.get("Host", "")
        self.server.origins.check_origin(origin, host, headers.get("Sec-Fetch-Site", "same-origin"))

    def _answer(self, make) -> None:
        status, kind = 200, "application/json; charset=utf-8"
        try:
            self.server.origins.check_host(self.headers.get("Host", ""))
            content = make()
        except Refused as refusal:
            status, content = refusal.status, {"error": str(refusal)}
        except MemoryError:
            status, content = 503, {"error": "out of memory; send a smaller image, or try again in a moment"}
        except Exception as error:  # whatever goes wrong with one image must not end the service
            print(f"error: {self.path[:200]!r}: {type(error).__name__}: {error}", flush=True)
            status, content = 500, {"error": "something went wrong; the terminal of `serve` says what"}
        if isinstance(content, tuple):
            kind, body = content
        else:
            body = json.dumps(content, ensure_ascii=False).encode()
        self._send(status, kind, body)

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if status != 200:
            self._linger()

    def _linger(self) -> None:
        """Read on for a moment: a connection closed on unread bytes is reset, and the refusal lost."""
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        end = monotonic() + LINGER_SECONDS
        self.connection.settimeout(LINGER_SECONDS)
        while monotonic() < end and self.rfile.read1(PIECE):
            pass

    def _stop_reading(self) -> None:
        try:
            self.connection.shutdown(socket.SHUT_RD)
        except OSError:  # closed meanwhile
            pass

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse what isn't HTTP, or another method, as everything is refused: in JSON."""
        self.request_version = "HTTP/1.0"  # of a broken request line it would be 0.9, which knows no headers
        self._send(code, "application/json; charset=utf-8", json.dumps({"error": message or "refused"}).encode())

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing."""


def _page(values: list[str]) -> int | None:
    """Return the page that a query asks for. Raises Refused."""
    if not values:
        return None
    if len(values) > 1 or not re.fullmatch(r"[1-9][0-9]{0,5}", values[0]):
        raise Refused(422, "expected one page number, ?page=..., from 1")
    return int(values[0])
