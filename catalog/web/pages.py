"""The HTML pages. Every value is escaped and stripped of marks that reorder text; an unknown name is a fault."""

from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from catalog.condition import Condition
from catalog.export.shapes import ALERTING
from catalog.journal import timestamp
from catalog.web import words
from catalog.web.board import board
from catalog.web.dashboard import Dashboard

REORDERING = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
CONTROLS = (*(set(range(0x20)) - {0x09, 0x0A, 0x0D}), *range(0x7F, 0xA0))
HARMFUL = dict.fromkeys((*REORDERING, *CONTROLS, 0x2028, 0x2029, 0xFEFF), "\N{REPLACEMENT CHARACTER}")


def harmless(value: object) -> object:
    """The value with every control and every mark that turns the direction of text replaced by a visible sign."""
    return value.translate(HARMFUL) if isinstance(value, str) else value


def environment() -> Environment:
    """The templates with what all of them use."""
    found = Environment(
        loader=PackageLoader("catalog.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"number": words.number, "exactly": words.exactly, "stamp": timestamp, "every": words.every}
    found.globals |= {
        "t": words.TEXTS,
        "ago": words.ago,
        "conditions": words.CONDITIONS,
        "advice": words.ADVICE,
        "errors": words.ERRORS,
        "legend": words.LEGEND,
        "alerting": ALERTING,
        "held": Condition.HELD,
    }
    return found


@dataclass(frozen=True)
class Pages:
    """The pages of one dashboard."""

    dashboard: Dashboard
    templates: Environment

    def board(self) -> HTMLResponse:
        """All cities at a glance. Raises StoreError when the database does not answer."""
        return self._page("board.html", 200, board=board(self.dashboard))

    def fault(self, status: int) -> HTMLResponse:
        """What happened, and what to do about it, without what lies behind it."""
        title, advice = words.FAULTS.get(status, words.FAULT)
        return self._page("fault.html", status, title=title, what_to_do=advice)

    def _page(self, template: str, status: int, **values: Any) -> HTMLResponse:
        shown = {"demo": self.dashboard.demo, "version": self.dashboard.version, **values}
        return HTMLResponse(self.templates.get_template(template).render(shown), status)
