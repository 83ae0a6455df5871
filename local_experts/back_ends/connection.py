"""A bounded connection to one server: what all experts by HTTP have in common.

A call has one deadline for all of it (connecting, each read, a trickle; only how long the system
looks for a host's address is its own matter), its body a limit, no redirect is followed, and
whatever goes wrong is an ExpertError without the key.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

from local_experts.back_ends.refusals import Refusal, read_refusal
from local_experts.errors import (
    ExpertAddressInvalid,
    ExpertError,
    ExpertReplyInvalid,
    ExpertTooSlow,
    ExpertUnreachable,
)
from local_experts.http import is_loopback
from local_experts.keys import Key

BODY_LIMIT_BYTES = 32_000_000
"""Of a whole body. Protocols need some hundred bytes to tell a token."""

_REFUSAL_LIMIT_BYTES = 65_536
_KEPT_ALIVE_S = 30.0

TIMEOUTS = (httpcore2.TimeoutException, httpx2.TimeoutException)
_BROKEN = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.ConnectionNotAvailable,
    httpx2.HTTPError,
)
_ADDRESS = (httpx2.InvalidURL, httpcore2.UnsupportedProtocol, httpx2.UnsupportedProtocol)


class ReplyCut(Exception):
    """The connection broke within a reply; outside of a call it is an ExpertReplyInvalid."""


class Connection:
    """To the server at ``address``, from any number of threads. ``key`` goes there alone.

    ``refused`` makes an error of an answer with another status than 200. ``http`` is to be used
    within :meth:`call`, and by one thread from a request's beginning to the end of its body.
    """

    def __init__(
        self,
        address: str,
        refused: Callable[[Refusal], ExpertError],
        *,
        key: Key | None = None,
        client: type[httpx2.Client] = httpx2.Client,
    ) -> None:
        self.address = address
        self.is_local = is_loopback(urlsplit(address).hostname or "")
        self._refused = refused
        self._key = key
        self._deadline = _Deadline()
        # A compressed body could unpack to far more than the limit in one piece.
        headers = {"Accept-Encoding": "identity"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key.value}"
        try:
            self.http = client(
                base_url=address,
                headers=headers,
                transport=_Transport(address, self._deadline, proxied=not self.is_local),
                follow_redirects=False,
                # A proxy is the transport's matter.
                trust_env=False,
                # Deadlines are the transport's matter too.
                timeout=None,
                event_hooks={"response": [self._check]},
            )
        except (*_ADDRESS, UnicodeError) as error:
            raise ExpertAddressInvalid(f"{address}: {error}") from error

    @contextmanager
    def call(self, timeout_s: float) -> Iterator[None]:
        """Everything inside has to be done in ``timeout_s``, and raises ExpertErrors alone."""
        before, self._deadline.at = self._deadline.at, time.monotonic() + timeout_s
        where = self.address
        try:
            yield
        except ExpertError as error:
            error.message = self.without_key(error.message)
            error.args = (error.message, *error.args[1:])
            raise
        except ReplyCut as error:
            raise ExpertReplyInvalid(f"{where}: the reply broke off ({error}).") from error
        except TIMEOUTS as error:
            raise ExpertTooSlow(f"{where}: no complete reply in {timeout_s:g} s.") from error
        except (*_ADDRESS, UnicodeError) as error:
            raise ExpertAddressInvalid(f"{where}: {error}") from error
        except _BROKEN as error:
            what = self.without_key(str(error)) or type(error).__name__
            raise ExpertUnreachable(f"{where}: {what}.") from error
        finally:
            self._deadline.at = before

    def hurry(self, seconds: float) -> None:
        """What is left of the call need not be waited for longer than this."""
        self._deadline.at = min(self._deadline.at, time.monotonic() + seconds)

    def json(self, path: str) -> Any:
        """The JSON at ``path`` below the address; within :meth:`call`. Raises an ExpertError."""
        reply = self.http.get(path, headers={"Accept": "application/json"})
        try:
            return reply.json()
        except (ValueError, RecursionError) as error:
            raise ExpertReplyInvalid(f"{self.address}{path}: the reply is not JSON.") from error

    def without_key(self, text: str) -> str:
        """``text`` with the key hidden. It has to be done before a text is cut."""
        return text if self._key is None else self._key.hidden_in(text)

    def close(self) -> None:
        """Close all connections."""
        self.http.close()

    def _check(self, reply: httpx2.Response) -> None:
        encoding = reply.headers.get("content-encoding", "identity")
        if reply.status_code == httpx2.codes.OK:
            if encoding != "identity":
                raise ExpertReplyInvalid(f"{self.address}: the reply is compressed, unasked.")
            return
        body = bytearray()
        # What it says beside its status is of use, but no condition.
        try:
            for piece in reply.iter_raw() if encoding == "identity" else ():
                body += piece
                if len(body) >= _REFUSAL_LIMIT_BYTES:
                    break
        except (ReplyCut, *TIMEOUTS):
            pass
        said = self.without_key(body.decode("utf-8", errors="replace"))
        raise self._refused(read_refusal(str(reply.url), reply.status_code, reply.headers, said))


class _Deadline(threading.local):
    """When the call of this thread has to be done, as ``time.monotonic`` tells it."""

    at: float = float("inf")

    def remaining_s(self) -> float | None:
        """Seconds; None without a deadline. Raises httpcore2.ReadTimeout after it."""
        if self.at == float("inf"):
            return None
        remaining = self.at - time.monotonic()
        if remaining <= 0:
            raise httpcore2.ReadTimeout("the deadline has passed")
        return remaining


class _Transport(httpx2.BaseTransport):
    """httpx2's own transport cannot be told of deadlines; this one hands httpcore2 a backend."""

    def __init__(self, address: str, deadline: _Deadline, *, proxied: bool) -> None:
        secure = address.startswith("https:")
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context() if secure else None,
            proxy=_proxy(address) if proxied else None,
            max_connections=None,  # how many calls there are at once is the caller's matter
            max_keepalive_connections=None,
            keepalive_expiry=_KEPT_ALIVE_S,
            network_backend=_Network(deadline),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert isinstance(request.stream, httpx2.SyncByteStream)
        url = request.url
        reply = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(reply.stream, Iterable)
        return httpx2.Response(
            status_code=reply.status,
            headers=reply.headers,
            stream=_Body(str(url), reply.stream),
            extensions=reply.extensions,
        )

    def close(self) -> None:
        self._pool.close()


@dataclass
class _Body(httpx2.SyncByteStream):
    url: str
    stream: Any

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        try:
            for piece in self.stream:
                read += len(piece)
                if read > BODY_LIMIT_BYTES:
                    raise ExpertReplyInvalid(
                        f"{self.url}: the reply is longer than {BODY_LIMIT_BYTES:,} bytes."
                    )
                yield piece
        except _BROKEN as error:
            raise ReplyCut(str(error) or type(error).__name__) from error

    def close(self) -> None:
        self.stream.close()


@dataclass
class _Network(httpcore2.NetworkBackend):
    deadline: _Deadline
    _sockets: httpcore2.SyncBackend = field(default_factory=httpcore2.SyncBackend)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.NetworkStream:
        stream = self._sockets.connect_tcp(
            host, port, self.deadline.remaining_s(), local_address, socket_options
        )
        return _Stream(self.deadline, stream)


@dataclass
class _Stream(httpcore2.NetworkStream):
    deadline: _Deadline
    stream: httpcore2.NetworkStream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.deadline.remaining_s())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, self.deadline.remaining_s())

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        remaining = self.deadline.remaining_s()
        return _Stream(
            self.deadline, self.stream.start_tls(ssl_context, server_hostname, remaining)
        )

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _proxy(address: str) -> httpcore2.Proxy | None:
    """The proxy that the environment names for ``address``. Raises ExpertAddressInvalid."""
    parts = urlsplit(address)
    proxies = getproxies()
    given = proxies.get(parts.scheme) or proxies.get("all")
    if not given or proxy_bypass(parts.hostname or ""):
        return None
    try:
        proxy = httpx2.Proxy(given if "://" in given else f"http://{given}")
    except (ValueError, *_ADDRESS):
        raise ExpertAddressInvalid(
            f"{address}: the proxy that the environment names for it is no http or https address."
        ) from None
    # A proxy's address may hold a login, and is not shown.
    if proxy.url.scheme not in ("http", "https"):
        raise ExpertAddressInvalid(
            f"{address}: the proxy that the environment names is {proxy.url.scheme}, and only "
            "http and https are possible."
        )
    return httpcore2.Proxy(
        httpcore2.URL(
            scheme=proxy.url.raw_scheme,
            host=proxy.url.raw_host,
            port=proxy.url.port,
            target=proxy.url.raw_path,
        ),
        auth=proxy.raw_auth,
        ssl_context=proxy.ssl_context,
    )
