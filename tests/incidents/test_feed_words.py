"""What a feed's words mean here: names of parts, patterns, words for severity, and names nobody knows."""

import pytest

from incidents.feeds.values import FeedComponent
from incidents.models import ComponentRule, FeedSource, Outage, SeverityRule, UnmatchedName
from incidents.services.feeds.names import NO_PART
from incidents.services.feeds.rematching import (
    bring_again,
    explain_word,
    match_name,
    unexplained_words,
)
from incidents.services.feeds.words import NO_WORD
from tests.incidents.feed_rows import NOW, a_feed, imported, told
from tests.vendors.rows import a_contract, a_service, person, saved
from vendors.models import Service, ServiceAlias

pytestmark = pytest.mark.django_db


@pytest.fixture
def mail() -> Service:
    """Return a service of a vendor's contract that goes by no name yet."""
    return a_service(a_contract(), code="mail", name="Mail")


@pytest.fixture
def page(mail: Service) -> FeedSource:
    """Return the status page of the vendor."""
    return a_feed(vendor=mail.contract.vendor)


def parts(*names: str) -> tuple[FeedComponent, ...]:
    return tuple(FeedComponent(name=name) for name in names)


def hit() -> list[str]:
    return sorted(Outage.objects.values_list("service__code", flat=True))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("Mail sending", ["mail"]),
        ("  mail SENDING ", ["mail"]),
        ("Mail *", ["mail"]),
        ("*sending", ["mail"]),
        ("Mail", []),
        ("Web *", []),
    ],
)
def test_a_rule_names_a_part_exactly_or_by_a_pattern(
    mail: Service, page: FeedSource, names: str, found: list[str]
) -> None:
    saved(ComponentRule(source=page, names=names, service=mail))
    imported(page, told())
    assert hit() == found


def test_one_name_may_mean_several_services(mail: Service, page: FeedSource) -> None:
    web = a_service(mail.contract, code="web", name="Web")
    for service in (mail, web):
        saved(ComponentRule(source=page, names="Mail sending", service=service))
    imported(page, told())
    assert hit() == ["mail", "web"]


def test_an_exact_name_goes_before_a_pattern_and_a_rule_before_a_name_that_any_feed_uses(
    mail: Service, page: FeedSource
) -> None:
    web = a_service(mail.contract, code="web", name="Web")
    saved(ServiceAlias(service=web, name="Mail sending"))
    saved(ComponentRule(source=page, names="Mail*", service=web))
    saved(ComponentRule(source=page, names="Mail sending", service=mail))
    imported(page, told())
    assert hit() == ["mail"]


def test_the_rules_of_one_feed_say_nothing_of_another(mail: Service, page: FeedSource) -> None:
    other = a_feed("other", vendor=mail.contract.vendor)
    saved(ComponentRule(source=other, names="Mail sending", service=mail))
    assert imported(page, told()).unmatched == (("Mail sending", 1),)


def test_a_name_that_does_not_concern_us_is_asked_for_no_more(mail: Service, page: FeedSource) -> None:
    saved(ComponentRule(source=page, names="Mail sending"))
    report = imported(page, told())
    assert (report.unmatched, hit(), UnmatchedName.objects.count()) == ((), [], 0)


def test_a_name_nobody_knows_waits_and_what_bore_it_is_brought_in_once_it_is_known(
    mail: Service, page: FeedSource
) -> None:
    imported(page, told(), told(external_id="x2", components=parts("Mail sending", "Search")))
    assert list(UnmatchedName.objects.values_list("name", "records")) == [("Mail sending", 2), ("Search", 1)]
    name = UnmatchedName.objects.get(name="Mail sending")
    assert match_name(name, services=[mail], by=person(), at=NOW, reason="Their name for it") == 2
    assert hit() == ["mail", "mail"]
    assert list(UnmatchedName.objects.values_list("name", flat=True)) == ["Search"]


@pytest.mark.parametrize(
    ("severity", "status", "kind"),
    [
        ("critical", "", "outage"),
        ("major", "", "outage"),
        ("minor", "", "degraded"),
        ("minor", "major_outage", "outage"),
        ("critical", "partial_outage", "degraded"),
        ("something new", "", "degraded"),
    ],
)
def test_words_that_feeds_share_need_no_rule(
    mail: Service, page: FeedSource, severity: str, status: str, kind: str
) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    part = FeedComponent(name="Mail sending", worst_status=status)
    imported(page, told(severity=severity, components=(part,)))
    assert Outage.objects.get().kind == kind


def test_a_record_that_names_no_part_waits_like_one_with_a_name_nobody_knows(
    mail: Service, page: FeedSource
) -> None:
    imported(page, told(components=()), told(external_id="x2", components=(), planned=True))
    name = UnmatchedName.objects.get()
    assert (name.name, name.records) == (NO_PART, 1)
    match_name(name, services=[mail], by=person(), at=NOW, reason="The page is about mail alone")
    assert hit() == ["mail"]


@pytest.mark.parametrize(("severity", "word"), [("P1", "P1"), ("", NO_WORD)])
def test_a_word_that_nobody_explained_is_degraded_and_says_so_until_it_is(
    mail: Service, page: FeedSource, severity: str, word: str
) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    [row] = imported(page, told(severity=severity)).rows
    assert row.notes == (f"severity “{word}” is not explained: recorded as degraded",)
    assert unexplained_words([page]) == [(page, word, 1)]
    assert Outage.objects.get().kind == "degraded"
    explain_word(page, word=word, kind="outage", by=person(), at=NOW, reason="Their P1 is an outage")
    assert (Outage.objects.get().kind, unexplained_words([page])) == ("outage", [])


def test_a_feeds_own_word_goes_before_and_may_count_as_no_outage(mail: Service, page: FeedSource) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    saved(SeverityRule(source=page, word="Minor", kind="outage", severity="P2"))
    saved(SeverityRule(source=page, word="none", kind=""))
    imported(page, told(severity="minor"), told(external_id="x2", severity="none"))
    outage = Outage.objects.get()
    assert (outage.kind, outage.incident.severity, outage.incident.external_id) == ("outage", "P2", "x1")


def test_reading_again_by_the_same_rules_changes_nothing(mail: Service, page: FeedSource) -> None:
    saved(ServiceAlias(service=mail, name="Mail sending"))
    imported(page, told())
    assert bring_again(page, by=person(), at=NOW) == 0
