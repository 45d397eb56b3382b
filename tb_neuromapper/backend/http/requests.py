"""What all routes share: reading a request, answering JSON, frames and files, and turning errors into sentences."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy.typing as npt
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.http.frames import encode_frame
from tb_neuromapper.schema import RecordError

logger = logging.getLogger("tb_neuromapper")

_MAX_BODY_BYTES = 1 << 20
_ONE_DAY_S = 86400
_FRAME_TYPE = "application/octet-stream"
_N_LISTED = 20
Handler = Callable[[Request], Response]
Application = Callable[..., Any]


class HttpError(Exception):
    """An answer other than 200.

    Args:
        code: The HTTP status.
        message: A sentence for the user: what came, what is allowed, what to do.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def route(handler: Handler, method: str) -> Application:
    """A handler as a WSGI application that answers one method and never shows a traceback."""

    @functools.wraps(handler)
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        try:
            _check_method(request, method)
            response = handler(request)
        except HttpError as error:
            response = respond_json({"error": error.message}, error.code)
        except (ValueError, RecordError) as error:
            response = respond_json({"error": str(error)}, 400)
        except Exception:
            logger.exception("%s failed", request.path)
            response = respond_json({"error": "an internal error; TensorBoard's log has the details."}, 500)
        return response(environ, start_response)

    return application


def by_method(**handlers: Handler) -> Application:
    """Handlers of one path as a WSGI application, chosen by the request's method."""
    applications = {method: route(handler, method) for method, handler in handlers.items()}
    fallback = applications["GET"]

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        return applications.get(environ["REQUEST_METHOD"], fallback)(environ, start_response)

    return application


def respond_json(value: Any, code: int = 200) -> Response:
    """A JSON answer that no one may cache."""
    response = Response(json.dumps(value, allow_nan=False), code, mimetype="application/json")
    return _finish(response, cacheable=False)


def respond_bytes(data: bytes, mimetype: str, *, cacheable: bool) -> Response:
    """Bytes; `cacheable` only if the URL names the content (a checksum, a revision)."""
    return _finish(Response(data, 200, mimetype=mimetype), cacheable=cacheable)


def respond_frame(
    arrays: Mapping[str, npt.NDArray[Any]], attributes: Mapping[str, Any], *, cacheable: bool = False
) -> Response:
    """Arrays and JSON attributes as a binary frame; `cacheable` as in `respond_bytes`."""
    return respond_bytes(encode_frame(arrays, attributes), _FRAME_TYPE, cacheable=cacheable)


def argument(request: Request, name: str) -> str:
    """A query argument.

    Raises:
        HttpError: It is missing.
    """
    value = request.args.get(name)
    if value is None:
        raise HttpError(400, f"the query argument {name!r} is missing.")
    return value


def integer_argument(request: Request, name: str) -> int:
    """A query argument that is an integer of 0 or more.

    Raises:
        HttpError: It is missing or something else.
    """
    value = argument(request, name)
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise HttpError(400, f"the query argument {name!r} is {value[:40]!r}; only an integer of 0 or more is allowed.")
    return int(value)


def json_body(request: Request) -> dict[str, Any]:
    """The JSON object in a POST.

    Raises:
        HttpError: Another content type or origin, too long, or not a JSON object.
    """
    if request.mimetype != "application/json":
        raise HttpError(
            415, f"the content type is {request.mimetype or 'missing'!r}; only application/json is allowed."
        )
    origin = request.headers.get("Origin")
    # Behind a proxy that renames the host, the browser's own word counts: no page can forge this header.
    is_own = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if origin is not None and not is_own and urlsplit(origin).netloc != request.host:
        raise HttpError(403, f"the request comes from {origin[:200]!r}; only this TensorBoard's own page may send it.")
    if (request.content_length or 0) > _MAX_BODY_BYTES:
        raise HttpError(413, f"the body has {request.content_length} bytes; at most {_MAX_BODY_BYTES} are allowed.")
    request.max_content_length = _MAX_BODY_BYTES
    try:
        body = json.loads(request.get_data())
    except RequestEntityTooLarge:
        raise HttpError(413, f"the body is too long; at most {_MAX_BODY_BYTES} bytes are allowed.") from None
    except (ValueError, RecursionError):
        raise HttpError(400, "the body is not JSON.") from None
    if not isinstance(body, dict):
        raise HttpError(400, f"the body is a JSON {type(body).__name__}; only an object is allowed.")
    return body


def listed(values: Sequence[Any]) -> str:
    """What there is, for an error's sentence: the first values, and how many more there are."""
    shown = ", ".join(map(str, values[:_N_LISTED]))
    return f"{shown} and {len(values) - _N_LISTED} more" if len(values) > _N_LISTED else shown or "none"


def _check_method(request: Request, method: str) -> None:
    allowed = ("GET", "HEAD") if method == "GET" else (method,)
    if request.method not in allowed:
        raise HttpError(405, f"the method is {request.method}; only {method} is allowed here.")


def _finish(response: Response, *, cacheable: bool) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    control = f"private, max-age={_ONE_DAY_S}, immutable" if cacheable else "no-cache, must-revalidate"
    response.headers["Cache-Control"] = control
    return response
