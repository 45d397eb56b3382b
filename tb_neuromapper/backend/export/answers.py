"""What the HTTP interface answers, from the handlers of its routes, without a server."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.http.frames import decode_frame, encode_frame
from tb_neuromapper.backend.http.requests import Handler


def answer(handler: Handler, body: dict[str, Any] | None = None, **query: Any) -> Response:
    """What a route answers.

    Args:
        handler: The route's.
        body: JSON of a POST.
        query: The arguments of the URL.

    Raises:
        HttpError, RecordError, ValueError: It refuses.
    """
    builder = EnvironBuilder(query_string={key: str(value) for key, value in query.items()}, json=body)
    return handler(Request(builder.get_environ()))


def json_of(handler: Handler, body: dict[str, Any] | None = None, **query: Any) -> Any:
    """The JSON that a route answers; arguments and errors as `answer`."""
    return json.loads(answer(handler, body, **query).get_data())


def frame_of(handler: Handler, **query: Any) -> bytes:
    """A frame without its revisions, which differ from one process to the next; arguments and errors as `answer`."""
    arrays, attributes = decode_frame(answer(handler, **query).get_data())
    attributes.pop("revisions", None)
    return encode_frame(arrays, attributes)
