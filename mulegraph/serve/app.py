"""The addresses of a server and what stands behind each; who may ask is the guard's to say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from mulegraph.errors import MulegraphError
from mulegraph.privacy.door import MaskedWorkspace
from mulegraph.serve.asked import Act, Draw, read
from mulegraph.serve.desk import Desk
from mulegraph.serve.guard import Guard
from mulegraph.views.pictures import spoken_by


def application(space: MaskedWorkspace, *, port: int, token: str, language: str | None = None) -> Guard:
    """The whole server as an ASGI app, to be opened with this token at this port of the machine's own address.

    Its pages are in `language`, or in that of the settings.
    """
    return Guard(_Answers(space, language).routed, port=port, token=token)


class _Answers:
    """Answers requests, one after the other: engines are one thread's, and so is what is drawn."""

    def __init__(self, space: MaskedWorkspace, language: str | None) -> None:
        self._space, self._desk, self._language = space, Desk(space), language
        self._thread = ThreadPoolExecutor(1, "mulegraph-serve")
        # The first picture waits seconds for its libraries: they load while the address is being opened.
        self._thread.submit(self._desk.warm)
        self.routed = Starlette(
            routes=[
                Route("/", self.cases),
                Route("/run", self.run),
                Route("/case/{case}", self.case),
                Route("/case/{case}/report", self.report),
                Route("/drawing/{number}", self.drawing),
                Route("/draw", self.draw, methods=["POST"]),
                Route("/case/{case}/act", self.act, methods=["POST"]),
            ]
        )

    async def cases(self, _: Request) -> Response:
        return await self._page(self._desk.cases)

    async def run(self, _: Request) -> Response:
        return await self._page(self._desk.run)

    async def case(self, request: Request) -> Response:
        return await self._page(partial(self._desk.case, request.path_params["case"]))

    async def report(self, request: Request) -> Response:
        return await self._page(partial(self._desk.report, request.path_params["case"]))

    async def drawing(self, request: Request) -> Response:
        return await self._page(partial(self._desk.drawing, request.path_params["number"]))

    async def draw(self, request: Request) -> Response:
        body = await request.body()
        return await self._told("address", lambda: self._desk.draw(read(body, Draw)))

    async def act(self, request: Request) -> Response:
        body, case = await request.body(), request.path_params["case"]
        return await self._told("said", lambda: self._desk.act(case, read(body, Act)))

    async def _page(self, made: Callable[[], str]) -> Response:
        try:
            return HTMLResponse(await self._done(made))
        except MulegraphError as error:
            return PlainTextResponse(str(self._space.show_error(error)), 404)

    async def _told(self, name: str, done: Callable[[], str]) -> Response:
        try:
            return JSONResponse({name: await self._done(done)})
        except MulegraphError as error:
            shown = self._space.show_error(error)
            return JSONResponse({"problem": shown.problem, "hint": shown.hint}, 400)

    async def _done(self, work: Callable[[], Any]) -> Any:
        # A context of the language is a thread's own: it is entered where the work is done.
        def spoken() -> Any:
            with spoken_by(self._space, self._language):
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._thread, spoken)
