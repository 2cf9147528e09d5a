"""The page's server on a trained project, in a thread of this process; and requests to it, raw where they are bad."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from competition.web.limits import Limits
from competition.web.server import Server
from competition.web.service import Service
from pipelines.serve import labeller

HEAT_SIZE = 96  # pixels: at the tiny project's 32 its network ends in a single cell, without a heat map


@contextmanager
def serving(folder: Path, limits: Limits, member: str | None = None) -> Iterator[Server]:
    """Yield a server of the project in the working directory; corrections go to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = labeller(member, False, 0.5)
    asked = replace(asked, heat=replace(asked.heat, size=HEAT_SIZE))
    with Server(("127.0.0.1", 0), Service(asked, folder, limits)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(server: Server, path: str, body: bytes | None = None, query=(), headers=()) -> tuple[int, dict, dict]:
    """Return status, JSON and headers of the answer to a POST of `body`, or to a GET without."""
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request(
        "GET" if body is None else "POST", path + (f"?{urlencode(query)}" if query else ""), body, dict(headers)
    )
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    is_json = reply.headers["Content-Type"].startswith("application/json")
    return reply.status, json.loads(content) if is_json else {"text": content.decode()}, dict(reply.headers)


def send_raw(server: Server, *pieces: bytes) -> tuple[int, dict]:
    """Return status and JSON of the answer to bytes, however bad; (0, {}) where there is none."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=30) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:  # the server has stopped listening to this; what it said is still there
            pass
        found = b""
        try:
            while piece := connection.recv(65536):
                found += piece
        except OSError:
            pass
    head, _, body = found.partition(b"\r\n\r\n")
    return (int(head.split()[1]), json.loads(body)) if head else (0, {})
