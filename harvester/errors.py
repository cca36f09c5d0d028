"""The harvest faults: what a portal can do to us. A bug is everything else. Constructing one has no side effects."""

from typing import Literal

ErrorKind = Literal[
    "dns",
    "tls",
    "connection",
    "timeout",
    "http",
    "blocked",
    "too_large",
    "refused_address",
    "parse",
    "loop",
    "empty",
    "config",
    "bug",
]


class HarvestError(Exception):
    """A run, or a page of it, can't go on. `message` is one plain sentence; `url` is what was asked."""

    def __init__(self, message: str, *, kind: ErrorKind, url: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.kind: ErrorKind = kind
        self.url = url
        self.status = status


class FetchError(HarvestError):
    """The answer did not come, or may not be used. `retry_after_s`: the portal's own wish; `transient`: worth a
    retry."""

    def __init__(  # noqa: PLR0913  the facts of one answer, each by name
        self,
        message: str,
        *,
        kind: ErrorKind,
        url: str | None = None,
        status: int | None = None,
        retry_after_s: float | None = None,
        transient: bool = False,
    ) -> None:
        super().__init__(message, kind=kind, url=url, status=status)
        self.retry_after_s = retry_after_s
        self.transient = transient


class ParseError(HarvestError):
    """A page is not the listing it should be: not JSON, not RDF, an error document, an HTML page."""

    def __init__(self, message: str, *, url: str | None = None, kind: ErrorKind = "parse") -> None:
        super().__init__(message, kind=kind, url=url)


class RecordError(HarvestError):
    """One record can't be used; it becomes an Issue, and the record still counts as present."""

    def __init__(self, message: str, *, code: str = "record_unusable", value: str | None = None) -> None:
        super().__init__(message, kind="parse")
        self.code = code
        self.value = value
