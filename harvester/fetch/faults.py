"""What a portal did to us, as a FetchError in one plain sentence; `transient` says whether a retry may help."""

import ssl
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from http.client import LineTooLong

import requests
import urllib3.exceptions

from harvester.errors import FetchError
from harvester.throttle import asked_wait

RETRIED = frozenset({408, 429, 500, 502, 503, 504})
WAITED_FOR = frozenset({429, 503})
TRANSPORT_FAULTS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)


def status_fault(host: str, status: int, headers: Mapping[str, str], now: datetime) -> FetchError:
    """For a status nobody wanted. `headers` in lower case."""
    wait = asked_wait(headers, now) if status in WAITED_FOR else None
    if status == 429:
        message = f"{host} received too many requests and asks us to come back later (status 429)."
    elif status in (401, 403):
        message = f"{host} does not let us in (status {status})."
    else:
        message = f"{host} answered with an error: status {status}{_phrase(status)}."
    return FetchError(
        message,
        kind="blocked" if status in (401, 403, 429) else "http",
        status=status,
        retry_after_s=wait,
        transient=status in RETRIED,
    )


def _phrase(status: int) -> str:
    try:
        return f", {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def transport_fault(host: str, fault: BaseException) -> FetchError:
    """For what `requests`, `urllib3`, `ssl` and the socket raise between the question and the last byte."""
    causes = list(_causes(fault))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchError(f"The certificate of {host} can't be trusted: {cause.verify_message}.", kind="tls")
    for cause in causes:
        if isinstance(cause, (ssl.SSLError, requests.exceptions.SSLError, urllib3.exceptions.SSLError)):
            return FetchError(f"{host} offers no secure connection that works.", kind="tls")
        if isinstance(cause, (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)):
            return FetchError(f"{host} did not answer in time.", kind="timeout", transient=True)
        if isinstance(cause, LineTooLong) or "got more than" in str(cause):
            return FetchError(f"The headers of {host} are larger than any honest ones.", kind="too_large")
    return FetchError(f"{host} broke off the answer before it was whole.", kind="connection", transient=True)


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """The fault and all that it wraps, by `raise from`, by context or as an argument; each once."""
    waiting: list[object] = [fault]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
