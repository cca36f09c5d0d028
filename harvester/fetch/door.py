"""The one HTTP door: what all jobs of the process share, and the session it gives to each of them."""

import logging
import ssl
from threading import Event, Lock

from harvester.addresses import address_guard
from harvester.fetch.allowance import Allowance, Limits
from harvester.fetch.exchange import Exchange, Manners
from harvester.fetch.question import Credentials
from harvester.fetch.session import JobFetch
from harvester.fetch.wire import Line, PatientTLSSocket, trusting_context
from harvester.throttle import Throttle


def user_agent(version: str, public_url: str, contact: str) -> str:
    """Who we are, where to read about us, and whom to write to; nothing but what a header may hold."""
    text = f"Datapeil/{version} (+{public_url}; {contact})"
    return "".join(character for character in text if " " <= character <= "~")


class Door:
    """Shared by all jobs; thread safe. `tls`: a context that trusts a portal's own CA, in place of the usual one."""

    def __init__(
        self,
        limits: Limits,
        user_agent: str,
        *,
        throttle: Throttle | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.limits = limits
        self.throttle = throttle or Throttle(limits.per_host_interval_s)
        self._user_agent = user_agent
        self._guard = address_guard(limits.allow_private)
        self._tls = tls or trusting_context()
        self._tls.sslsocket_class = PatientTLSSocket
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # a portal's odd headers are not worth a traceback

    def session(
        self,
        *,
        deadline_s: float | None = None,
        cancelled: Event | None = None,
        credentials: Credentials | None = None,
        turn: "Lock | None" = None,
    ) -> JobFetch:
        """The door for one job, whose time begins now: `deadline_s` seconds, those of the limits unless told otherwise.

        `turn` is a lock that the calling thread holds whenever it works; the door gives it back while it waits.
        """
        allowance = Allowance(self.limits, deadline_s, cancelled)
        manners = Manners(self._user_agent, credentials, turn)
        exchange = Exchange(Line(self._guard, allowance), self._tls, self.throttle, manners)
        return JobFetch(exchange, allowance, self.throttle, self._user_agent)
