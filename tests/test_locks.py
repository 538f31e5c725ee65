"""The check of migrations finds what would hold up or break an installation that is in use."""

import pytest

from tests.locks import EXCEPTIONS, LEFT_OUT, RELEASED, new_migrations, problems_of

TABLE = 'CREATE TABLE "a_new" ("id" bigint NOT NULL PRIMARY KEY, "name" varchar(9) NOT NULL);'
HARMFUL = [
    ('ALTER TABLE "sla_claim" ADD COLUMN "note" varchar(9) NOT NULL;', "adding-required-field"),
    ('CREATE INDEX "by_note" ON "sla_claim" ("note");', "require-concurrent-index-creation"),
    ('ALTER TABLE "sla_claim" ADD CONSTRAINT "once" UNIQUE ("note");', "disallowed-unique-constraint"),
    ('ALTER TABLE "sla_claim" RENAME COLUMN "note" TO "notes";', "renaming-column"),
    ('ALTER TABLE "sla_claim" DROP COLUMN "note";', "ban-drop-column"),
    ('DROP TABLE "sla_claim";', "ban-drop-table"),
]


@pytest.mark.parametrize(("statement", "rule"), HARMFUL, ids=[rule for _, rule in HARMFUL])
def test_what_locks_or_breaks_is_found(statement: str, rule: str) -> None:
    found = problems_of(f"BEGIN;\n{statement}\nCOMMIT;", name="sla.0099_harm")
    assert any(line.startswith(f"sla.0099_harm, line 2: {rule}: ") for line in found), found


def test_new_tables_and_what_belongs_to_them_are_free() -> None:
    index = 'CREATE INDEX "by_name" ON "a_new" ("name");'
    column = 'ALTER TABLE "a_new" ADD COLUMN "of_id" bigint NOT NULL REFERENCES "sla_claim" ("id");'
    assert problems_of(f"BEGIN;\n{TABLE}\n{index}\n{column}\nCOMMIT;", name="sla.0099_new") == []


def test_every_exception_names_a_new_migration_and_its_reasons() -> None:
    names = {f"{app}.{name}" for app, name in new_migrations()}
    assert EXCEPTIONS.keys() - names == set()
    assert all(reason for rules in EXCEPTIONS.values() for reason in rules.values())
    assert all(LEFT_OUT.values())
    assert all(number > 0 for number in RELEASED.values())
