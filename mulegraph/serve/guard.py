"""Who may ask: the one browser that was given the token, by this server's own pages, at its own address.

A page of another site can make a browser ask any local address. Such a request carries that site's Origin, or a Host
that its name was made to lead here (DNS rebinding); neither gets an answer. The token in the address that is printed
opens the server once, and is exchanged for a cookie that scripts cannot read and other sites' requests do not carry.
"""

from __future__ import annotations

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = ("127.0.0.1", "localhost")
MAX_BYTES = 5_000_000
"""Of a request; a kept page with a note on each of 1,500 nodes is far below."""
CLOSED = "Open the address that 'mulegraph serve' has printed. It works once; start the command again for another."
KEPT_TO_ITSELF = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""No page of it stays in a cache, tells where a link was followed from, or stands in another site's frame."""


class Guard:
    """Lets requests through to an ASGI app, or answers them itself with 400, 403, 411 or 413."""

    def __init__(self, app: ASGIApp, *, port: int, token: str) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in NAMES}
        self._origins = {f"http://{host}" for host in self._hosts}
        # Cookies know no ports: two servers on one machine must not overwrite each other's.
        self._cookie, self._session = f"mulegraph_{port}", secrets.token_urlsafe(32)
        self._token: str | None = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(KEPT_TO_ITSELF)
            await send(message)

        answer = self._refused(scope) or self._app
        await answer(scope, receive, sent)

    def _refused(self, scope: Scope) -> Response | None:
        """The answer to what may not pass, or to the token; None: it may pass."""
        headers = Headers(scope=scope)
        if headers.getlist("host") not in [[host] for host in self._hosts]:
            return PlainTextResponse("This server answers at its own address only.", 400)
        writes, origin = scope["method"] not in ("GET", "HEAD"), headers.get("origin")
        foreign = origin not in self._origins if origin is not None else writes
        if foreign or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return PlainTextResponse("This server answers its own pages only.", 403)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
        if given and scope["path"] == "/":
            return self._exchanged(given[0])
        if not hmac.compare_digest(self._cookie_of(headers), self._session):
            return PlainTextResponse(CLOSED, 403)
        return _too_large(headers) if writes else None

    def _exchanged(self, token: str) -> Response:
        """The token for a cookie, once."""
        if self._token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
            return PlainTextResponse(CLOSED, 403)
        self._token = None
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, self._session, httponly=True, samesite="strict")
        return answer

    def _cookie_of(self, headers: Headers) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return ""
        return found.value if found is not None and found.value.isascii() else ""


def _too_large(headers: Headers) -> Response | None:
    length = headers.get("content-length", "")
    if not length.isdecimal():
        return PlainTextResponse("A request says how long it is.", 411)
    return PlainTextResponse("This is too large.", 413) if int(length) > MAX_BYTES else None
