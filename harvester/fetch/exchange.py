"""One question to its answer: paced, guarded, redirects followed, every fault a FetchError. Knows no second try."""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock

import requests

from catalog.model import Issue
from harvester import addresses
from harvester.addresses import Origin
from harvester.errors import FetchError
from harvester.fetch.body import read_body
from harvester.fetch.faults import TRANSPORT_FAULTS, WAITED_FOR, status_fault, transport_fault
from harvester.fetch.question import Credentials, Question, content_type, not_an_address, origin, prepared, travelling
from harvester.fetch.wire import GuardedAdapter, Line
from harvester.sources.base import Response
from harvester.throttle import Throttle, asked_wait

REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST_WAIT_S = 120.0  # a portal that wants more is asked again by a later job

log = logging.getLogger("harvester.fetch")


@dataclass(frozen=True, slots=True)
class Manners:
    """Who asks: the User-Agent, the job's credentials, and the turn that is given back while waiting."""

    user_agent: str
    credentials: Credentials | None = None
    turn: "Lock | None" = None


class _Session(requests.Session):
    """A session that leaves redirects to us: its own look at them would read their bodies without any limit."""

    def get_redirect_target(self, _: requests.Response) -> str | None:
        return None


class Exchange:
    """The connections and cookies of one job. `requests` and `bytes` (bodies, as on the wire) only grow."""

    def __init__(self, line: Line, tls: ssl.SSLContext, throttle: Throttle, manners: Manners) -> None:
        self.requests = 0
        self.bytes = 0
        self.issues: list[Issue] = []
        self._allowance = line.allowance
        self._limits = line.allowance.limits
        self._throttle = throttle
        self._manners = manners
        self._session = _Session()
        self._session.trust_env = False
        self._session.headers.update({"User-Agent": manners.user_agent, "Accept-Encoding": "gzip, deflate"})
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, GuardedAdapter(line, tls))

    def close(self) -> None:
        self._session.close()

    def answer(self, question: Question) -> Response:
        """The answer at the end of the redirects, each hop checked anew. Raises FetchError."""
        hop, seen = question, {question.url}
        while True:
            response = self._hop(hop)
            location = response.headers.get("location")
            if response.status not in REDIRECTS or response.status in question.allow or not location:
                return replace(response, asked_url=addresses.without_credentials(question.url))
            target = self._target(hop.url, location)
            if target in seen or len(seen) > self._limits.max_redirects:
                host = origin(question.url)[1]
                message = f"{host} redirects in a circle or more than {self._limits.max_redirects} times."
                raise FetchError(message, kind="loop", url=addresses.shown(question.url), status=response.status)
            seen.add(target)
            hop = replace(hop, url=target, headers=travelling(hop, target))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Someone else may work while we wait."""
        turn = self._manners.turn
        if turn is None:
            yield
            return
        turn.release()
        try:
            yield
        finally:
            turn.acquire()

    def _target(self, url: str, location: str) -> str:
        try:
            target = prepared(addresses.redirected(url, location))
        except ValueError as fault:
            raise not_an_address(location) from fault
        if url.startswith("https:") and target.startswith("http:"):
            issue = Issue(stage="fetch", code="insecure_redirect", value=addresses.shown(target))
            if issue not in self.issues:
                self.issues.append(issue)
        return target

    def _hop(self, question: Question) -> Response:
        """One request and its answer; a redirect comes back without its body. Every fault gets its URL here."""
        home = origin(question.url)
        try:
            with self.waiting():
                self._throttle.wait(home, self._allowance.pause)
                self._allowance.check()
                return self._asked(question, home)
        except FetchError as fault:
            fault.url = addresses.shown(question.url)
            raise
        except TRANSPORT_FAULTS as fault:
            error = transport_fault(home[1], fault)
            error.url = addresses.shown(question.url)
            raise error from fault

    def _asked(self, question: Question, home: Origin) -> Response:
        headers = dict(question.headers)
        secret = self._manners.credentials
        if secret and addresses.same_owner(origin(secret.url), home):
            headers |= secret.headers
        request = self._session.prepare_request(requests.Request("GET", question.url, headers=headers))
        self._allowance.begin(home[1])
        self.requests += 1
        with self._session.send(request, stream=True, allow_redirects=False, timeout=self._timeout()) as answer:
            return self._read(question, home, answer)

    def _timeout(self) -> tuple[float, float]:
        """(connect, read) for what does not wait in our own sockets' naps, such as the TLS handshake."""
        left = max(0.001, self._allowance.remaining())
        return min(self._limits.connect_s, left), min(self._limits.read_s, left)

    def _read(self, question: Question, home: Origin, answer: requests.Response) -> Response:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        status = answer.status_code
        now = datetime.now(UTC)
        self._heed(home, status, headers, now)
        moved = status in REDIRECTS and "location" in headers and status not in question.allow
        if not moved and not 200 <= status < 300 and status not in question.allow:
            raise status_fault(home[1], status, headers, now)
        try:
            body = b"" if moved else read_body(answer.raw, headers, self._limits.max_bytes)
        finally:
            self.bytes += answer.raw.tell()
        log.debug("%s %s, %d bytes", status, addresses.shown(question.url), len(body))
        media_type, charset = content_type(headers.get("content-type", ""))
        return Response(addresses.without_credentials(question.url), status, headers, body, media_type, charset)

    def _heed(self, home: Origin, status: int, headers: Mapping[str, str], now: datetime) -> None:
        """Tells all jobs of a wait that the host asks for, if it is one we sit out."""
        spent = headers.get("x-ratelimit-remaining", "").strip() == "0"
        wait = asked_wait(headers, now) if spent or status in WAITED_FOR else None
        if wait is not None and wait <= LONGEST_WAIT_S:
            self._throttle.hold(home, wait)
