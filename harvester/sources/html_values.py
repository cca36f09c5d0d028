"""What the pages say about one dataset: title, texts, files, by selectors. Knows no list and no identity."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import soupsieve
from bs4 import BeautifulSoup, Tag

from harvester.sources.base import RawDataset, RawDistribution
from harvester.sources.html_options import Options
from harvester.sources.markup import absolute, base_address, words

HEADINGS: Final = "h1, h2, h3, h4, h5, h6"
WEB_PAGES: Final = {"", "htm", "html", "xhtml", "asp", "aspx", "php", "jsp", "cfm"}
PACKAGES: Final = {"zip", "gz", "7z", "tar", "tgz"}
ACRONYM: Final = re.compile(r"([A-Z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*)( ?\(\w{1,8}\))?")


@dataclass(frozen=True, slots=True)
class Scope:
    """Elements of a page that are about one dataset, or the whole page; and what their links are relative to."""

    elements: tuple[Tag, ...]
    base: str

    def select(self, selector: str) -> list[Tag]:
        """What the selector matches among the elements and within them, in the order of the page."""
        found: list[Tag] = []
        for element in self.elements:
            found += [element] if soupsieve.match(selector, element) else []
            found += element.select(selector)
        return found


def scope(soup: BeautifulSoup, url: str, part: str | None = None) -> Scope:
    """The whole page, or the part of it that the selector matches first."""
    return Scope(((soup.select_one(part) if part else None) or soup,), base_address(soup, url))


def selected(scopes: Iterable[Scope], selector: str | None) -> list[Tag]:
    """What the selector matches in the first scope where it matches at all."""
    matches = (found.select(selector) for found in scopes) if selector else iter(())
    return next((tags for tags in matches if tags), [])


def title(scopes: Sequence[Scope], head: Tag, options: Options) -> str:
    """What the selector matches; else the head of the entry: its first heading, its link, all of it."""
    named = (
        words(tag) for tag in (*selected(scopes, options.title), *head.select(HEADINGS), *head.select("a[href]"), head)
    )
    return next((name for name in named if name), "")


def description(scopes: Sequence[Scope], options: Options) -> str:
    """HTML without its labels, scripts and attributes other than `href`, so that a new style is not a new text."""
    return "<br>".join(
        text for tag in selected(scopes, options.description) if (text := plain_markup(tag, options.labels))
    )


def plain_markup(tag: Tag, labels: Iterable[str]) -> str:
    for active in tag.select("script, style, template"):
        active.decompose()
    for inner in tag.find_all(True):
        inner.attrs = {name: value for name, value in inner.attrs.items() if name == "href"}
    first = next((text for text in tag.strings if text.strip()), None)
    for label in labels if first else ():
        if first and first.strip().casefold().startswith(label.casefold()):
            parent = first.parent
            first.replace_with(first.strip()[len(label) :])
            if parent and parent is not tag and not words(parent):
                parent.decompose()
            break
    return " ".join(tag.decode_contents().split()).lstrip(": \xa0") if words(tag) else ""


def files(scopes: Iterable[Scope], options: Options, own_page: str | None) -> list[dict[str, str]]:
    """Address and label of each file, in the first scope that links any; not the entry's own page."""
    for found in scopes:
        links: dict[str, str] = {}
        for tag in found.select(options.files):
            link = tag if tag.get("href") else tag.select_one("a[href]")
            href = str(link.get("href", "")).strip() if link else ""
            address = absolute(found.base, href) if link and not href.startswith("#") else None
            if link and address and address != own_page:
                links[address] = links.get(address) or words(link)
        if links:
            return [{"url": address, "label": label} for address, label in links.items()]
    return []


def licenses(scopes: Sequence[Scope], selector: str | None) -> list[str]:
    """Where a license is linked its address, and its text."""
    base = scopes[0].base if scopes else ""
    said = (
        (absolute(base, str(tag.get("href", ""))) if tag.get("href") else None, words(tag))
        for tag in selected(scopes, selector)
    )
    return list(dict.fromkeys(text for pair in said for text in pair if text))


def moment(tags: Sequence[Tag]) -> str | None:
    """The date of the first match: what it says for machines, else for people."""
    said = (str(tag.get("datetime") or tag.get("content") or words(tag)).strip() for tag in tags)
    return next((date for date in said if date), None)


def values(scopes: Sequence[Scope], head: Tag, options: Options, own_page: str | None) -> dict[str, Any]:
    """All that the selectors find, as it is kept for replay."""
    return {
        "title": title(scopes, head, options),
        "description": description(scopes, options),
        "files": files(scopes, options, own_page),
        "formats": [words(tag) for tag in selected(scopes, options.formats)],
        "licenses": licenses(scopes, options.license),
        "categories": [words(tag) for tag in selected(scopes, options.category)],
        "modified": moment(selected(scopes, options.modified)),
    }


def raw_dataset(identifier: str, said: dict[str, Any]) -> RawDataset:
    """A dataset of what `values` found, in DCAT terms."""
    formats = [part.strip() for text in said["formats"] for part in re.split(r"[,;/|]", text) if part.strip()]
    stated = formats if len(formats) == len(said["files"]) else [None] * len(said["files"])
    return RawDataset(
        identifier,
        title=said["title"] or None,
        description=said["description"] or None,
        themes=[category for category in said["categories"] if category],
        licenses=list(said["licenses"]),
        modified=said["modified"],
        landing_page=said["landing_page"],
        distributions=[distribution(file, form) for file, form in zip(said["files"], stated, strict=True)],
    )


def distribution(file: dict[str, str], stated: str | None) -> RawDistribution:
    """A link whose format is known leads to a file; any other may lead to a page."""
    form = stated or file_format(file["url"], file["label"])
    return RawDistribution(
        title=file["label"] or None,
        access_url=file["url"],
        download_url=file["url"] if form else None,
        format=form,
    )


def file_format(url: str, label: str) -> str | None:
    """The extension of the file; of a package or a page what its label says, such as `CSV (zip)`."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension not in WEB_PAGES | PACKAGES and re.fullmatch(r"[a-z0-9]{2,8}", extension):
        return extension
    said = ACRONYM.fullmatch(label)
    return said[1] if said else extension if extension in PACKAGES else None
