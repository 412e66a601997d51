"""Access to the pages that this program serves, and their security headers.

Any web site that a user visits can send requests to a server on the same machine. The server therefore answers only
requests for its own host names (against DNS rebinding), and only requests from the page itself.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping
from typing import Any

from sim.views.settings import is_address

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(?P<name>[a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(:\d{1,5})?", re.IGNORECASE)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' ws://{host} wss://{host}",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "frame-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""Content security policy: the page loads nothing from other machines, and sends nothing to them."""


def allowed_hosts(address: str, more: Iterable[str] = ()) -> frozenset[str]:
    """Return the host names of a server at `address`, in lower case: this machine, its address, its name and `more`."""
    own = {address, socket.gethostname(), *more} - {""}
    return LOCAL | {name.lower().rstrip(".") for name in own}


def is_everywhere(address: str) -> bool:
    """Return whether a server at this address listens at every address of the machine."""
    return is_address(address) and ipaddress.ip_address(address).is_unspecified


class Guard:
    """An ASGI application in front of another one, which refuses other hosts and origins and adds security headers.

    It answers to the names in `hosts`. With `any_address` it also answers to every numeric address, for a server that
    listens on all of them; numeric addresses are not subject to DNS rebinding. `policy` changes directives of the
    content security policy.
    """

    def __init__(
        self, app: App, hosts: Collection[str], any_address: bool = False, policy: Mapping[str, str] | None = None
    ) -> None:
        self._app, self._hosts, self._any_address = app, hosts, any_address
        self._policy = "; ".join(f"{name} {value}" for name, value in {**_POLICY, **(policy or {})}.items())

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one connection, or refuse it with 403."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        host = self._host(scope)
        if host is None or not self._is_own(scope, host):
            await _refuse(scope, send)
            return
        headers = {**_HEADERS, "content-security-policy": self._policy.format(host=host)}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                others = [pair for pair in message.get("headers", ()) if pair[0].decode().lower() not in headers]
                added = [(name.encode(), value.encode()) for name, value in headers.items()]
                message = {**message, "headers": [*others, *added]}
            await send(message)

        await self._app(scope, receive, with_headers)

    def _host(self, scope: Message) -> str | None:
        """Return the requested host with its port; None if it is missing, repeated, malformed or unknown."""
        values = _values(scope, b"host")
        match = _HOST.fullmatch(values[0]) if len(values) == 1 else None
        if match is None:
            return None
        name = match["name"].strip("[]").lower().rstrip(".")
        known = name in self._hosts or (self._any_address and is_address(name))
        return match[0].lower() if known else None

    @staticmethod
    def _is_own(scope: Message, host: str) -> bool:
        """Return whether a request comes from the page itself, or from no page, as when its address is typed."""
        return all(origin.lower() in (f"http://{host}", f"https://{host}") for origin in _values(scope, b"origin"))


def _values(scope: Message, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for own, value in scope["headers"] if own.lower() == name]


async def _refuse(scope: Message, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": ""})  # before it is accepted: 403
        return
    body = b"This host or origin is not allowed.\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *((name.encode(), value.encode()) for name, value in _HEADERS.items()),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
