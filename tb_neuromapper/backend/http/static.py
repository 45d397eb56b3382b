"""Serves the built page from the package, and nothing else."""

from __future__ import annotations

import gzip
from pathlib import Path

from werkzeug.wrappers import Request, Response

from tb_neuromapper.backend.http.requests import HttpError, respond_bytes

FOLDER = Path(__file__).resolve().parents[2] / "static"
# Named here, not guessed: on Windows the registry may say that .js is text/plain.
_MIME_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".map": "application/json",
    ".json": "application/json",
    ".wasm": "application/wasm",
}
_TEXTS = (".js", ".css", ".svg", ".map", ".json")


def serve_static(request: Request) -> Response:
    """Answer a file below FOLDER, named by the part of the path after /static/."""
    name = request.path.partition("/static/")[2]
    path = (FOLDER / name.replace("\0", "")).resolve()
    if not name or "\\" in name or not path.is_relative_to(FOLDER) or path.suffix not in _MIME_TYPES:
        raise HttpError(404, f"there is no page file {name[:100]!r}.")
    try:
        data = path.read_bytes()
    except (OSError, ValueError):
        raise HttpError(404, f"there is no page file {name[:100]!r}; was the package built with its page?") from None
    # Names with a content hash (assets/x-1a2b3c4d.js) may be cached; the entry may not.
    zipped = path.suffix in _TEXTS and request.accept_encodings["gzip"] > 0
    response = respond_bytes(
        gzip.compress(data) if zipped else data, _MIME_TYPES[path.suffix], cacheable=name.startswith("assets/")
    )
    if path.suffix in _TEXTS:
        response.headers["Vary"] = "Accept-Encoding"
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    return response
