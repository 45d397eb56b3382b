"""Who may start something on this machine: only requests that come from it, to a TensorBoard that listens only here."""

from __future__ import annotations

import argparse
import ipaddress

from werkzeug.wrappers import Request

from tb_neuromapper.backend.http.requests import HttpError

_ONLY_HERE = "the playground answers only on the machine itself, at http://localhost. From elsewhere, use ssh -L."
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")


def check_flags(flags: argparse.Namespace) -> None:
    """Refuse a TensorBoard that other machines can reach.

    Raises:
        ValueError: Says which flag is in the way and what to do.
    """
    host = getattr(flags, "host", None)
    is_here = host is None or _is_here(host)  # Without --host TensorBoard listens on localhost; an empty one means all.
    if is_here and not getattr(flags, "bind_all", False):
        return
    came = f"--host {host!r}" if not is_here else "--bind_all"
    raise ValueError(
        f"--neuromapper_playground starts trainings on this machine, but {came} lets other machines reach TensorBoard; "
        "only localhost and addresses that begin with 127. or are ::1 are allowed. Leave one of the flags out; from "
        "elsewhere, use ssh -L 6006:localhost:6006."
    )


def check_request(request: Request) -> None:
    """Refuse what does not come straight from this machine and its own page.

    The Host must be this machine's own name, so that a page whose name was made to point here (DNS rebinding) has no
    way in; an Origin, which browsers send with every POST, must be exactly TensorBoard's.

    Raises:
        HttpError: Says what came.
    """
    forwarded = next((name for name in _FORWARDED if name in request.headers), None)
    if forwarded is not None:
        raise HttpError(403, f"the request was forwarded ({forwarded}); {_ONLY_HERE}")
    if not _is_here(request.remote_addr or ""):
        raise HttpError(
            403, f"the request comes from {(request.remote_addr or 'an unknown address')[:60]}; {_ONLY_HERE}"
        )
    host = request.host.rpartition(":")[0] if _has_port(request.host) else request.host
    if not _is_here(host):
        raise HttpError(403, f"the request is for {host[:200]!r}; {_ONLY_HERE}")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        raise HttpError(403, f"the request comes from {origin[:200]!r}; only this TensorBoard's own page may send it.")


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and (host.count(":") == 1 or "]:" in host)


def _is_here(host: str) -> bool:
    """Whether a name or an address, with or without brackets, is this machine's loopback."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False
