"""The door as one job sees it: tries again, remembers validators, knows robots.txt. One thread at a time."""

import logging
import random
from collections.abc import Mapping, Sequence

from catalog.model import Issue
from harvester import addresses
from harvester.addresses import Origin
from harvester.errors import FetchError
from harvester.fetch.allowance import Allowance
from harvester.fetch.exchange import LONGEST_WAIT_S, REDIRECTS, Exchange
from harvester.fetch.question import Question, Validator, conditions, origin, prepared, validator
from harvester.robots import Robots, robots
from harvester.sources.base import Params, Probe, Response
from harvester.throttle import Throttle

ANY_ANSWER = frozenset(range(200, 600)) - REDIRECTS
ROBOTS_ANSWERS = frozenset(range(400, 500)) - {408, 429}
NOT_MODIFIED = 304
LONGEST_BACKOFF_S = 60.0
KNOWN_AT_MOST = 50  # pages; a larger listing is read again at once

log = logging.getLogger("harvester.fetch")


class JobFetch:
    """Implements `harvester.sources.base.Fetch`. A context manager: its connections close with it."""

    def __init__(self, exchange: Exchange, allowance: Allowance, throttle: Throttle, user_agent: str) -> None:
        self.validators: list[Validator] = []
        self._exchange = exchange
        self._allowance = allowance
        self._throttle = throttle
        self._agent = user_agent.partition("/")[0]
        self._kept: dict[tuple[str, str], Response] = {}
        self._robots: dict[Origin, Robots] = {}

    def __enter__(self) -> "JobFetch":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._exchange.close()

    @property
    def requests(self) -> int:
        """Requests sent so far: retries, redirects and robots.txt included."""
        return self._exchange.requests

    @property
    def bytes(self) -> int:
        """Bytes of bodies received so far, as they came over the wire."""
        return self._exchange.bytes

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was odd about the way to the answers, each once."""
        return tuple(self._exchange.issues)

    def get(
        self,
        url: str,
        params: Params | None = None,
        *,
        accept: str = "*/*",
        allow: frozenset[int] = frozenset(),
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """See `Fetch.get`. Transient faults are tried again while the deadline leaves room."""
        question = Question(prepared(url, params), {"Accept": accept, **(headers or {})}, allow)
        kept = self._kept.pop((addresses.without_credentials(question.url), accept), None)
        response = kept or self._persistently(question)
        if response.status == 200:
            # An answer to headers of its own can't be compared with one that came without them.
            self.validators.append(Validator(response.asked_url) if headers else validator(response, accept))
        return response

    def probe(self, url: str) -> Probe:
        """See `Fetch.probe`. Raises only for a job whose time was already over: no address is to blame for that."""
        self._allowance.check()
        try:
            return Probe(url, self._exchange.answer(Question(prepared(url), {"Accept": "*/*"}, ANY_ANSWER)))
        except FetchError as fault:
            return Probe(url, error=fault.kind, message=fault.message)

    def not_modified(self, known: Sequence[Validator]) -> bool:
        """Whether every page of the last complete run answers 304; asked in order until one does not.

        False without a request if a page had no validator. A whole answer that came instead is kept for its `get`.
        """
        comparable = 0 < len(known) <= KNOWN_AT_MOST and all(page.etag or page.last_modified for page in known)
        return comparable and all(self._unchanged(page) for page in known)

    def permitted(self, url: str) -> bool:
        """See `Fetch.permitted`. Raises FetchError when the host can't tell."""
        home = origin(url)
        if home not in self._robots:
            self._robots[home] = self._ask_robots(home)
        return self._robots[home].permits(url, self._agent)

    def _ask_robots(self, home: Origin) -> Robots:
        scheme, name, port = home
        url = f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}/robots.txt"
        try:
            answer = self._persistently(Question(url, {"Accept": "text/plain, */*;q=0.5"}, ROBOTS_ANSWERS))
        except FetchError as fault:
            if fault.status is None or fault.status < 500:
                raise
            message = f"{name} can't say at the moment what robots may ask (status {fault.status} for robots.txt)."
            raise FetchError(message, kind="blocked", url=fault.url, status=fault.status, transient=True) from fault
        rules = robots(answer.status, answer.body)
        if delay := rules.crawl_delay(self._agent):
            self._throttle.slow_down(home, delay)
        return rules

    def _unchanged(self, known: Validator) -> bool:
        try:
            question = Question(prepared(known.url), conditions(known), frozenset({NOT_MODIFIED}))
            response = self._exchange.answer(question)
        except FetchError:
            return False  # the walk asks again, and with patience
        if response.status == 200:
            self._kept[response.asked_url, known.accept] = response
        return response.status == NOT_MODIFIED

    def _persistently(self, question: Question) -> Response:
        """The answer, after as many retries as limits and deadline allow."""
        tried = 0
        while True:
            try:
                return self._exchange.answer(question)
            except FetchError as fault:
                delay = self._delay(fault, tried)
                if delay is None:
                    raise
                log.debug("again in %.1f s: %s", delay, fault.message)
            tried += 1
            with self._exchange.waiting():
                self._allowance.pause(delay)

    def _delay(self, fault: FetchError, tried: int) -> float | None:
        """Seconds until the next try: exponential with jitter, and no less than the host asks for. None: no more."""
        limits, wish = self._allowance.limits, fault.retry_after_s or 0.0
        backoff = min(LONGEST_BACKOFF_S, limits.backoff_s * 2**tried) * random.uniform(0.5, 1.5)
        delay = max(backoff, wish)
        hopeless = not fault.transient or tried >= limits.retries
        too_long = wish > LONGEST_WAIT_S or delay >= self._allowance.remaining()
        return None if hopeless or too_long else delay
