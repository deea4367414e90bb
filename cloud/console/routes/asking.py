"""Asking: what every route needs of a request: the runtime, its database, who is signed in, and errors as JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import Cookie, Depends, HTTPException
from starlette.requests import HTTPConnection

from cloud.console.history import History
from cloud.console.runtime import Runtime
from cloud.console.schemas import ProblemOut
from cloud.console.session import COOKIE
from ecg.errors import Unavailable


def _runtime(connection: HTTPConnection) -> Runtime:
    runtime: Runtime = connection.app.state.runtime
    return runtime


RuntimeOf = Annotated[Runtime, Depends(_runtime)]


def database_of(runtime: Runtime) -> History:
    """The database, for what cannot be answered without it.

    Called by the route, not a dependency of it: what is wrong with a request is said first, database or not.

    Raises:
        Unavailable: The console runs without one.
    """
    if runtime.history is None:
        raise Unavailable("history is off: the console was started without a database", retry_after_s=60)
    return runtime.history


def signed_in(runtime: RuntimeOf, vigil_user: Annotated[str | None, Cookie(alias=COOKIE)] = None) -> str | None:
    """Name of who is signed in, None where nobody is."""
    return runtime.signer.user(vigil_user)


SignedIn = Annotated[str | None, Depends(signed_in)]


def _actor(user: SignedIn) -> str:
    if user is None:
        raise HTTPException(401, "sign in first, so that the act can be put down to somebody")
    return user


Actor = Annotated[str, Depends(_actor)]


def remote_of(connection: HTTPConnection) -> str:
    """Address the request came from, for the audit log."""
    return connection.client.host if connection.client else ""


NOT_FOUND: dict[int | str, dict[str, object]] = {404: {"model": ProblemOut}}
ACT_REFUSED: dict[int | str, dict[str, object]] = {
    401: {"model": ProblemOut},
    404: {"model": ProblemOut},
    503: {"model": ProblemOut},
}
