"""Letters of claims over the API: as they would be made, made once, kept and taken away."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sla.models import Claim, ClaimLetter
from sla.services.letters import letter_preview, make_letter
from tests.api import Program, administrator, errors, somebody
from tests.builders import person
from tests.sla.claim_builders import NOW, a_claim, a_claim_rule, a_missed_month, some_claim_terms

pytestmark = pytest.mark.django_db
C1 = "claims/NR-2018-C001"
LOGS = {"router logs": "enclosed as router.txt"}


def a_claim_wanting(*items: str) -> Claim:
    terms = some_claim_terms(rule=a_claim_rule(must_contain=items))
    return a_claim(a_missed_month(terms=terms))


def test_a_letter_is_shown_as_it_would_be_made_with_what_it_lacks() -> None:
    claim = a_claim_wanting("router logs")
    program = administrator()

    answer = program.get(f"{C1}/letter")

    preview = letter_preview(claim, now=NOW)
    shown = answer.json()
    assert answer.status_code == 200
    assert list(shown) == [
        *("template", "recipient", "subject", "body", "portal_text", "missing", "warnings"),
    ]
    assert (shown["template"], shown["subject"], shown["missing"]) == (
        "claim-letter/1",
        preview.subject,
        ["router logs"],
    )
    assert "USD 200.00" in shown["body"]
    assert not ClaimLetter.objects.exists()


def test_a_letter_is_made_once_kept_and_taken_away() -> None:
    a_claim_wanting("router logs")
    program = administrator()

    made = [program.post(f"{C1}/write-letter", {"additions": LOGS}, idempotency_key="one") for _ in range(2)]

    row = ClaimLetter.objects.get()
    assert [each.status_code for each in made] == [201, 201]
    assert made[0].headers["Location"] == f"/api/v1/claim-letters/{row.pk}"
    assert made[0].json() == program.get(f"claim-letters/{row.pk}").json()
    shown = made[0].json()
    assert {name: shown[name] for name in ("id", "claim", "vendor", "template", "made_by", "body")} == {
        "id": row.pk,
        "claim": "NR-2018-C001",
        "vendor": "northrack",
        "template": "claim-letter/1",
        "made_by": "root",
        "body": row.body,
    }
    assert "enclosed as router.txt" in row.body
    pdf, text = (program.get(f"claim-letters/{row.pk}/file?form={form}") for form in ("pdf", "text"))
    assert sha256(pdf.content).hexdigest() == shown["pdf_digest"]
    name = f"NR-2018-C001-{row.made_at:%Y-%m-%d}"
    assert (pdf.headers["Content-Type"], pdf.headers["Content-Disposition"]) == (
        "application/pdf",
        f'attachment; filename="{name}.pdf"',
    )
    assert text.content.decode() == f"{row.subject}\n\n{row.body}"
    assert program.get(C1).json()["state"] == "entitled"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"additions": {"weather report": "sunny"}}, ""),
        ({"additions": {"router logs": " "}}, "additions.router logs"),
        ({"additions": ["router logs"]}, "additions"),
        ({"state": "sent"}, "state"),
    ],
)
def test_what_the_letter_does_not_lack_is_not_added(body: dict[str, Any], field: str) -> None:
    a_claim_wanting("router logs")
    answer = administrator().keyed(f"{C1}/write-letter", body)
    assert (answer.status_code, list(errors(answer))) == (400, [field])
    assert not ClaimLetter.objects.exists()


def test_of_a_claim_that_has_ended_no_letter_is_made() -> None:
    a_claim()
    Claim.objects.update(state="lapsed")
    answer = administrator().keyed(f"{C1}/write-letter", {})
    assert (answer.status_code, errors(answer)) == (400, {"": "ended"})
    assert not ClaimLetter.objects.exists()


def test_letters_need_the_scope_the_permission_and_sight_of_the_claim() -> None:
    claim = a_claim()
    letter = make_letter(claim, by=person(), now=NOW)
    path, root = f"claim-letters/{letter.pk}", person("root", is_superuser=True)

    assert Program(root, scopes=("claims:read",)).get(path).status_code == 200
    assert Program(root, scopes=("claims:read",)).keyed(f"{C1}/write-letter", {}).status_code == 403
    assert Program(root, scopes=("statements:write",)).get(path).status_code == 403
    reader = Program(somebody("vera", "sla.view_claim", "vendors.see_all_vendors"))
    assert (reader.get(path).status_code, reader.get(f"{C1}/letter").status_code) == (200, 200)
    assert reader.keyed(f"{C1}/write-letter", {}).status_code == 403
    stranger = Program(somebody("adam", "sla.view_claim", "sla.change_claim"))
    assert [stranger.get(each).status_code for each in (path, f"{path}/file?form=pdf", f"{C1}/letter")] == [
        404,
        404,
        404,
    ]
    assert stranger.rows("claim-letters") == []
    assert ClaimLetter.objects.count() == 1


def test_a_list_of_letters_is_narrowed_and_asks_no_more_often_for_more() -> None:
    claim, program = a_claim(), administrator()
    make_letter(claim, by=person(), now=NOW)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert program.get("claim-letters").status_code == 200
        assert not any('"pdf"' in each["sql"] for each in asked)
        return len(asked)

    program.get("claim-letters")
    few = queries()
    for number in range(5):
        make_letter(claim, by=person(f"p{number}"), now=NOW)
    assert queries() == few
    assert len(program.rows("claim-letters?claim=NR-2018-C001&vendor=northrack")) == 6
    assert program.rows("claim-letters?made_at_from=2019-07-21T00:00:00Z") == []
