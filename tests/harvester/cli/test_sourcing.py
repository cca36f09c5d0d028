"""`sources`, `sources check` and `sources probe`."""

import tomllib

import pytest

from tests.harvester.cli.conftest import Desk


# -------------------------------------------------------------------------------------------------------------- sources
def test_sources_when_listed_then_each_has_its_condition(desk: Desk) -> None:
    desk("run", "gent")
    lines = desk("sources").out.splitlines()
    assert [line.split()[:4] for line in lines[1:]] == [
        ["antwerpen", "antwerpen", "opendatasoft", "never"],
        ["brugge", "brugge", "dcat", "disabled"],
        ["gent", "gent", "ckan", "up"],
    ]
    assert lines[2].endswith("wacht")
    shapes = {one["source"]: one for one in desk("sources", "--json").json["sources"]}
    assert (shapes["brugge"]["enabled"], shapes["brugge"]["reason"]) == (False, "wacht")
    assert (shapes["gent"]["condition"], shapes["gent"]["last_job"]) == ("up", 1)


# --------------------------------------------------------------------------------------------------------------- check
def test_check_when_all_is_right_then_counts_and_opens_no_database(desk: Desk) -> None:
    reply = desk("sources", "check")
    assert reply.code == 0
    assert reply.out == f"3 sources in {desk.folder / 'sources'}, 2 of them enabled: no fault found\n"
    assert desk("sources", "check", "--json").json == {"faults": [], "sources": 3, "enabled": 2}
    assert not (desk.folder / "datapeil.db").exists()


def test_check_when_settings_and_sources_are_faulty_then_all_faults_at_once(desk: Desk) -> None:
    desk.config.write_text(
        '[datapeil]\nsources = "sources"\ncontact = "niemand"\n[http]\nmax_bytes = "veel"\n', encoding="utf-8"
    )
    faulty = 'city = "ghent"\nkind = "ckan"\nurl = "x"\nevry = "6h"\n'
    (desk.folder / "sources" / "gent.toml").write_text(faulty, encoding="utf-8")
    reply = desk("sources", "check", "--json")
    assert (reply.code, reply.out) == (2, "")
    assert [fault.split(": ")[:2] for fault in reply.faults] == [
        ["datapeil.toml", "datapeil.contact"],
        ["datapeil.toml", "http.max_bytes"],
        ["gent.toml", "city"],
        ["gent.toml", "evry"],
        ["gent.toml", "url"],
    ]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("[datapeil", 1),
        ('datapeil = "x"', 1),
        ("[datapeil]\nsources = 5", 1),
        ('[datapeil]\nsources = "nergens"\n[http]\nmax_bytes = 0', 2),
    ],
    ids=["no TOML", "no section", "sources no text", "no such folder"],
)
def test_check_when_the_folder_cannot_be_known_then_still_one_line_for_each_fault(
    desk: Desk, text: str, faults: int
) -> None:
    desk.config.write_text(text, encoding="utf-8")
    reply = desk("sources", "check")
    assert (reply.code, reply.out, len(reply.faults)) == (2, "", faults)


# --------------------------------------------------------------------------------------------------------------- probe
@pytest.mark.parametrize(
    ("name", "kind", "path"),
    [("gent", "ckan", ""), ("antwerpen", "opendatasoft", ""), ("brugge", "dcat", "/catalog.ttl")],
)
def test_probe_when_the_portal_is_known_then_its_file_can_be_saved_and_run(
    desk: Desk, name: str, kind: str, path: str
) -> None:
    url = desk.portals[name].url + path
    reply = desk("sources", "probe", url, "--city", name)
    assert reply.code == 0
    file = tomllib.loads(reply.out)
    assert (file["kind"], file["url"], file["city"], file["enabled"]) == (kind, url, name, False)
    assert f"{url}: " in reply.err
    (desk.folder / "sources" / f"{name}-nieuw.toml").write_text(reply.out, encoding="utf-8")
    assert desk("sources", "check").code == 0
    assert desk("run", f"{name}-nieuw", "--dry-run").code == 0


def test_probe_when_nothing_is_there_then_said_and_only_watched(desk: Desk) -> None:
    desk.portals["gent"].close()
    reply = desk("sources", "probe", desk.portals["gent"].url, "--json")
    assert reply.code == 1
    assert reply.json["kind"] is None
    shown = desk("sources", "probe", desk.portals["gent"].url)
    assert shown.code == 1
    assert tomllib.loads(shown.out)["kind"] == "watch"
    assert "No catalog that we can harvest was found there" in shown.err


@pytest.mark.parametrize("url", ["data.gent", "file:///etc/passwd", "", "http://", "https://me:geheim@data.gent"])
def test_probe_when_it_is_no_address_then_refused_before_asking(desk: Desk, url: str) -> None:
    reply = desk("sources", "probe", url)
    assert (reply.code, reply.out, len(reply.faults)) == (2, "", 1)
    assert reply.err.startswith("sources probe: ")
    assert "geheim" not in reply.err


def test_probe_when_the_city_is_unknown_then_refused_before_asking(desk: Desk) -> None:
    reply = desk("sources", "probe", desk.portals["gent"].url, "--city", "ghent")
    assert reply.code == 2
    assert reply.err.startswith('--city: ghent: is unknown; did you mean "gent"?')
    assert desk.portals["gent"].requests == []
