"""What a source file of kind `html` says about its pages. Knows no page and no network."""

from typing import Annotated, Final, Literal, Self

import soupsieve
from pydantic import AfterValidator, Field, model_validator

from config.source import Strict

ORDER: Final = ("anchor", "query:id", "url", "files", "title")


def selector(text: str) -> str:
    """A CSS selector that compiles; raises ValueError with the fault in one line."""
    try:
        soupsieve.compile(text)
    except soupsieve.SelectorSyntaxError as fault:
        raise ValueError(f"expected a CSS selector, such as div.dataset > h3: {str(fault).splitlines()[0]}") from fault
    return text


Selector = Annotated[str, AfterValidator(selector)]
Rung = Annotated[str, Field(pattern=r"^(anchor|url|files|title|query:[\w.:-]+|attribute:[A-Za-z][\w-]*)$")]


class Options(Strict):
    """Where things stand on the pages; every selector is CSS.

    Fields are looked for on the entry's own page (with `follow`), in its part `detail`; then in the entry on the list.
    A list page without entry is a fault, unless `allow_empty` is set and `marker` matches.
    """

    # list pages: `url`, or those that the links `lists` on it lead to; `pages` besides; each goes on at its link `next`
    lists: Selector | None = None
    pages: tuple[Annotated[str, Field(pattern="^https?://")], ...] = ()
    next: Selector | None = None
    marker: Selector | None = None
    allow_empty: bool = False
    charset: str | None = None  # in place of what the pages declare

    # entries: an element that holds one dataset; or its heading, with all that follows up to the next one or `until`
    entry: Selector
    mode: Literal["container", "headings"] = "container"
    until: Selector | None = None
    link: Selector | None = None  # to the entry's own page; an entry that is a link leads there itself
    follow: bool = False
    detail: Selector | None = None

    # What names an entry, the first that it has: its `anchor` (id or name), a parameter (`query:id`) or the address
    # (`url`) of its link, the name of its `files`, an attribute (`attribute:data-id`), its `title`. The next ones are
    # added where two entries of a page share it.
    identifier: tuple[Rung, ...] = Field(default=ORDER, min_length=1)

    title: Selector | None = None
    description: Selector | None = None
    labels: tuple[str, ...] = ()  # words that a page puts before its texts and that are not part of them
    files: Selector = "a[href]"
    formats: Selector | None = None  # texts that state the formats of the files, in their order
    file_templates: tuple[Annotated[str, Field(pattern=r"\{id\}")], ...] = ()  # files that no page links
    license: Selector | None = None
    page_license: Selector | None = None  # stands once on a list page and holds for all its entries
    category: Selector | None = None
    modified: Selector | None = None

    @model_validator(mode="after")
    def marker_of_an_empty_list(self) -> Self:
        if self.allow_empty and not self.marker:
            raise ValueError("allow_empty needs marker: the selector that proves that an empty list is the list")
        return self
