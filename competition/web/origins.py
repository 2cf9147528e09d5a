"""Who may ask the server: browsers on its own page, at this machine's address or name, or at a proxy's.

By a name of its own a page elsewhere could otherwise reach the server, and read what it answers.
"""

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from competition.web.limits import Refused

BEHIND_A_PROXY = "behind a proxy, start `serve` with --public-url"


@dataclass(frozen=True)
class Origins:
    """Addresses that the page may be reached at. public: a proxy's, see `read_public_url`."""

    public: SplitResult | None = None

    def check_host(self, host: str) -> None:
        """Refuse another `host`, the header, than an address, this machine's name and the proxy's."""
        name = _name_of(host)
        names = ["localhost", socket.gethostname().lower(), *([self.public.hostname] if self.public else [])]
        if not _is_address(name) and name not in names:
            raise Refused(403, f"expected this machine's address or name as the host; {BEHIND_A_PROXY}")

    def check_origin(self, origin: str | None, host: str, fetch_site: str) -> None:
        """Refuse what another page sends, by the headers Origin (None: by no page), Host and Sec-Fetch-Site."""
        ours = [None, f"http://{host}", *([f"{self.public.scheme}://{self.public.netloc}"] if self.public else [])]
        if origin not in ours or fetch_site not in ("same-origin", "none"):
            raise Refused(403, f"pages elsewhere can't send images here; {BEHIND_A_PROXY}")


def read_public_url(text: str) -> SplitResult:
    """Return a proxy's address as browsers spell it: small letters, without the usual port.

    Raises ValueError for anything but http or https, a host and perhaps a port.
    """
    mistake = f"{text}: expected https://labels.example.org: a scheme, a host, perhaps a port, and no path"
    try:
        parts = urlsplit(text.strip().lower())
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(mistake) from None
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    if not usual or not host or "@" in parts.netloc or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(mistake)
    host = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=host if port in (None, usual) else f"{host}:{port}", path="")


def _name_of(host: str) -> str:
    """Return the host in "host:port"; "" in what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
