"""One small, bounded way to ask a server for JSON."""

import ipaddress
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx2

from local_experts.errors import (
    ExpertAddressInvalid,
    ExpertRefused,
    ExpertReplyInvalid,
    ExpertTooSlow,
    ExpertUnreachable,
)

REPLY_LIMIT_BYTES = 1_000_000


def get_json(
    url: str,
    *,
    timeout_s: float,
    headers: Mapping[str, str] | None = None,
    limit_bytes: int = REPLY_LIMIT_BYTES,
) -> Any:
    """The JSON at ``url``, within ``timeout_s`` for all of it and ``limit_bytes`` of body.

    Raises ExpertAddressInvalid, ExpertUnreachable, ExpertTooSlow, ExpertRefused (another status
    than 200; redirects are not followed, since they could carry a key elsewhere) or
    ExpertReplyInvalid.
    """
    body = _get(url, timeout_s, headers or {}, limit_bytes)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ExpertReplyInvalid(f"{url}: the reply is not JSON ({error}).") from error


def _get(url: str, timeout_s: float, headers: Mapping[str, str], limit_bytes: int) -> bytes:
    deadline = time.monotonic() + timeout_s
    # A compressed reply could unpack to far more than the limit in one piece.
    asked = {**headers, "Accept": "application/json", "Accept-Encoding": "identity"}
    body = bytearray()
    try:
        # A proxy configured for the internet must not be asked for a server on this machine.
        proxied = not is_loopback(httpx2.URL(url).host)
        with (
            httpx2.Client(timeout=timeout_s, trust_env=proxied) as client,
            client.stream("GET", url, headers=asked) as reply,
        ):
            if reply.status_code != httpx2.codes.OK:
                what = f"{reply.status_code} {reply.reason_phrase}".strip()
                raise ExpertRefused(f"{url}: it answered {what}.", reply.status_code)
            for chunk in reply.iter_raw():
                body += chunk
                if len(body) > limit_bytes:
                    raise ExpertReplyInvalid(
                        f"{url}: the reply is longer than {limit_bytes:,} bytes.",
                    )
                # The client's own timeout is per read: a trickle would never reach it.
                if time.monotonic() > deadline:
                    raise ExpertTooSlow(f"{url}: no complete reply in {timeout_s:g} s.")
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError) as error:
        raise ExpertAddressInvalid(f"{url}: {error}") from error
    except httpx2.TimeoutException as error:
        raise ExpertTooSlow(f"{url}: no complete reply in {timeout_s:g} s.") from error
    except httpx2.HTTPError as error:
        raise ExpertUnreachable(f"{url}: {str(error) or type(error).__name__}.") from error
    return bytes(body)


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by its very name. Nothing is resolved."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
