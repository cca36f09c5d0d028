"""City pages in HTML that list datasets and their files, as city websites wrote them. Knows no scripted world."""

import re
from collections.abc import Sequence
from html import escape

from harvester.demo.dialects.answers import HTML, NOT_FOUND, elsewhere, static
from harvester.demo.portal import Answer, Request
from harvester.demo.truth import Datasets, Dialect, Listing, SimDataset, SimFile, absolute, speaking

LATIN = {"Content-Type": "text/html; charset=iso-8859-1"}
FORBIDDEN_CHARACTER = re.compile(r"[^a-z0-9]+")


def brugge_page(datasets: Datasets, path: str = "/opendata") -> Dialect:
    """A list of themes, one page each; a heading with an anchor opens a dataset, paragraphs follow it."""

    def render(request: Request, listing: Listing) -> Answer:
        themes = by_theme(listing.items)
        if request.path == path:
            links = "".join(
                f'<div><a href="/open-data-{name}">{escape(title)}</a></div>' for name, (title, _) in themes.items()
            )
            return static(document("Open data", f'<div class="user-content">{links}</div>'), HTML, request)
        theme = themes.get(request.path.removeprefix("/open-data-"))
        if theme is None:
            return elsewhere(request)
        title, members = theme
        entries = "".join(heading(dataset, request.base) for dataset in members)
        body = f'<div id="page"><div class="user-content"><p>Kies hieronder een dataset.</p>{entries}</div></div>'
        return static(document(title, body), HTML, request)

    return speaking(datasets, render)


def by_theme(datasets: Sequence[SimDataset]) -> dict[str, tuple[str, list[SimDataset]]]:
    themes: dict[str, tuple[str, list[SimDataset]]] = {}
    for dataset in datasets:
        title = dataset.themes[0] if dataset.themes else "Varia"
        themes.setdefault(slug(title), (title, []))[1].append(dataset)
    return themes


def heading(dataset: SimDataset, base: str) -> str:
    if dataset.defect:
        return '<h4><a name=""></a></h4>' if dataset.defect == "identity" else "<h4></h4><p>&nbsp;</p>"
    return (
        f'<h4><a name="{dataset.slug}"></a>{escape(dataset.title)}</h4>'
        f"<p><em>Omschrijving</em> {dataset.description}</p>"
        f"<p><span>Bestandsformaten</span> {file_links(dataset.files, base)}</p>"
    )


def oostende_page(datasets: Datasets, path: str = "/opendata.aspx") -> Dialect:
    """A list page of links and one page for each dataset, in Latin-1, as old content management systems did."""
    detail = path.replace("opendata", "opendatadetail")

    def render(request: Request, listing: Listing) -> Answer:
        if request.path == path:
            items = "".join(
                f'<li class="item"><a href="{detail}?id={dataset.id}"><span>{escape(dataset.title)}</span></a></li>'
                for dataset in listing.items
            )
            return static(
                old_document("Open data", f'<h1>Open data</h1><ul class="dataviews">{items}</ul>'), LATIN, request
            )
        if request.path != detail:
            return elsewhere(request)
        known = [dataset for dataset in listing.items if dataset.id == request.value("id")]
        return static(old_document(known[0].title, entry(known[0])), LATIN, request) if known else NOT_FOUND

    return speaking(datasets, render)


def entry(dataset: SimDataset) -> str:
    if dataset.defect:
        return "<h1></h1>"
    categories = "".join(f'<li><a href="?cat={slug(theme)}">{escape(theme)}</a></li>' for theme in dataset.themes)
    files = " ".join(f'<a class="file" href="{file.url}">{file.format.lower()}</a>' for file in dataset.files)
    return (
        f'<h1> {escape(dataset.title)} </h1><div class="opendata_long">{dataset.description}</div>'
        f'<ul class="listcategorien">{categories}</ul><div class="odsub">{files} <a href="/help">help</a></div>'
    )


def html_list(datasets: Datasets, path: str = "/opendata", empty: str = "Er zijn nog geen datasets.") -> Dialect:
    """One page with everything, entry after entry. With no entry it says so in `p.leeg`, where `empty` is not blank."""

    def render(request: Request, listing: Listing) -> Answer:
        if request.path != path:
            return elsewhere(request)
        rows = "".join(row(dataset, request.base) for dataset in listing.items)
        note = f'<p class="leeg">{escape(empty)}</p>' if empty and not rows else ""
        body = f'<main><h1>Open data</h1><div class="view-content">{rows}</div>{note}</main>'
        return static(document("Open data", body), HTML, request)

    return speaking(datasets, render)


def row(dataset: SimDataset, base: str) -> str:
    if dataset.defect:
        return '<div class="views-row"><h3></h3></div>'
    keywords = "".join(f'<span class="tag">{escape(word)}</span>' for word in dataset.keywords)
    return (
        f'<div class="views-row" id="{dataset.slug}">'
        f'<h3><a href="/opendata/{dataset.slug}">{escape(dataset.title)}</a></h3>'
        f'<div class="omschrijving">{dataset.description}</div><div class="licentie">{escape(dataset.license)}</div>'
        f'{keywords}<p class="bestanden">{file_links(dataset.files, base)}</p></div>'
    )


def file_links(files: Sequence[SimFile], base: str) -> str:
    return "&nbsp;/ ".join(
        f'<a href="{absolute(file.url, base)}">{escape(file.title or file.format)}</a>' for file in files
    )


def document(title: str, body: str) -> bytes:
    return (
        f'<!DOCTYPE html>\n<html lang="nl"><head><meta charset="utf-8"><title>{escape(title)}</title></head>'
        f"<body><nav><a href='/contact'>Contact</a></nav>{body}</body></html>"
    ).encode()


def old_document(title: str, body: str) -> bytes:
    head = '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">'
    text = f'<html><head>{head}<title>{escape(title)}</title></head><body><div id="content">{body}</div></body></html>'
    return text.encode("latin-1", "xmlcharrefreplace")


def slug(text: str) -> str:
    return FORBIDDEN_CHARACTER.sub("-", text.lower()).strip("-")
