"""Rows of the terms: the same names as the engine's values, and nothing that it could not read."""

from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from pytest_django import DjangoAssertNumQueries

from incidents import models as happened
from sla.engine import facts
from sla.engine.terms import Metric, versions
from sla.models import (
    AgreementVersion,
    CreditRule,
    CreditTier,
    ServiceLevelAgreement,
    ServiceLevelTarget,
    ValueRow,
    columns_of,
)
from sla.models.columns import ChoicesOf, FractionField, LengthField, LevelField, tidy
from tests.builders import a_level, a_schedule, saved
from vendors.models import Charge

VALUE_ROWS = [model for model in apps.get_app_config("sla").get_models() if issubclass(model, ValueRow)]


def names_of(model: type[ValueRow]) -> set[str]:
    return {*(column.name for column in columns_of(model)), *model.children, *model.embedded}


@pytest.mark.parametrize("model", VALUE_ROWS, ids=lambda model: model.__name__)
def test_every_field_of_a_value_has_a_column_of_the_same_name(model: type[ValueRow]) -> None:
    assert names_of(model) == {field.name for field in fields(model.value_class)}


@pytest.mark.parametrize("model", VALUE_ROWS, ids=lambda model: model.__name__)
def test_values_spread_over_columns_have_one_for_each_part(model: type[ValueRow]) -> None:
    for name, embedded in model.embedded.items():
        for part in fields(embedded):
            assert model._meta.get_field(f"{name}_{part.name}") is not None


def test_every_class_of_the_terms_is_a_row_or_a_json_column_of_one() -> None:
    rows = {model.value_class for model in VALUE_ROWS}
    inside_json = {"Suppression", "PointsRule"}
    declared = {
        value
        for name, value in vars(versions).items()
        if isinstance(value, type)
        and hasattr(value, "__dataclass_fields__")
        and value.__module__.startswith("sla.engine.terms")
    }
    assert {each.__name__ for each in declared - rows} <= inside_json | {
        "Base",
        "Minimum",
        "Cap",
        "Band",
        "Schedule",
    }


def test_a_schedule_has_the_columns_of_its_value() -> None:
    names = {field.name for field in fields(versions.Schedule)}
    columns = {name for name in names if _has(ServiceLevelAgreement, name)}
    assert names - columns == {"currency", "period"}
    assert isinstance(ServiceLevelAgreement.currency, property)
    assert isinstance(ServiceLevelAgreement.period, property)


def _has(model: type, name: str) -> bool:
    try:
        model._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return True


@pytest.mark.parametrize(
    ("register", "engine"),
    [
        (happened.Party, facts.Party),
        (happened.Responsible, facts.Responsible),
        (happened.OutageKind, facts.OutageKind),
        (happened.MeasuredBy, facts.Measurer),
        (happened.MilestoneKind, facts.Milestone),
        (Charge.Kind, facts.ChargeKind),
        (Charge.Every, facts.Every),
        (Charge.MonthBy, facts.MonthBy),
    ],
    ids=lambda enum: enum.__name__,
)
def test_the_register_and_the_engine_share_their_closed_lists(register: type, engine: type) -> None:
    assert [member.value for member in register] == [member.value for member in engine]


def test_choices_follow_the_enum_without_a_migration() -> None:
    assert [value for value, _ in ChoicesOf(Metric)()] == [member.value for member in Metric]
    assert ServiceLevelTarget._meta.get_field("metric").deconstruct()[3]["choices"] == ChoicesOf(Metric)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        (LevelField(), "99.90", Decimal("99.9")),
        (LevelField(), "4 h", timedelta(hours=4)),
        (LengthField(), "43200 min", timedelta(days=30)),
        (LengthField(), "", None),
        (FractionField(), "120/500", Fraction(6, 25)),
    ],
)
def test_written_columns_read_what_people_write(field: LevelField, text: str, value: object) -> None:
    assert field.to_python(text) == value


def test_a_level_that_is_neither_number_nor_length_is_refused() -> None:
    with pytest.raises(ValidationError, match="no length of time"):
        LengthField().to_python("half an hour")


@pytest.mark.parametrize(
    ("stored", "shown"), [("10.000000", "10"), ("0.500000", "0.5"), ("1200.000000", "1200")]
)
def test_stored_figures_lose_the_zeros_of_their_column(stored: str, shown: str) -> None:
    assert str(tidy(Decimal(stored))) == shown


@pytest.mark.django_db
def test_a_column_that_the_engine_cannot_read_is_refused_at_that_column() -> None:
    level = ServiceLevelTarget.objects.get(version__agreement=a_schedule())
    level.params = {"combine": "some"}
    level.counting = {"min_run": "soon"}
    with pytest.raises(ValidationError) as refused:
        level.full_clean()
    assert set(refused.value.message_dict) == {"params", "counting"}
    assert (
        "'some' is not allowed. Use one of: each, any, all, pooled, worst."
        in refused.value.message_dict["params"][0]
    )


@pytest.mark.django_db
def test_a_version_reads_back_as_the_terms_that_were_written() -> None:
    terms = versions.Terms(effective_from=date(2019, 1, 1), targets=(a_level(),), source="Order form, 2018")
    agreement = a_schedule(terms=terms)
    assert AgreementVersion.objects.with_terms().get(agreement=agreement).as_value() == terms


@pytest.mark.django_db
def test_terms_of_a_version_take_a_constant_number_of_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    few = a_schedule("few", terms=versions.Terms(effective_from=date(2019, 1, 1), targets=(a_level(),)))
    levels = tuple(a_level(code=f"level-{n}") for n in range(12))
    many = a_schedule("many", terms=versions.Terms(effective_from=date(2019, 1, 1), targets=levels))
    for agreement in (few, many):
        with django_assert_num_queries(12):
            AgreementVersion.objects.with_terms().get(agreement=agreement).as_value()


@pytest.mark.django_db
def test_a_schedule_without_a_zone_has_its_contracts() -> None:
    agreement = a_schedule()
    agreement.zone = ""
    saved(agreement)
    agreement.refresh_from_db()
    assert agreement.zone == "America/Los_Angeles"


@pytest.mark.django_db
def test_a_row_of_a_credit_table_says_its_bounds() -> None:
    a_schedule()
    assert [str(tier) for tier in CreditTier.objects.all()] == [
        "below 99.9: 10.000000",
        "below 99: 25.000000",
    ]


@pytest.mark.django_db
def test_rows_of_the_terms_are_found_by_the_key_that_people_know() -> None:
    a_schedule()
    for model in (ServiceLevelAgreement, AgreementVersion, ServiceLevelTarget, CreditRule):
        row = model.objects.get()
        assert model.objects.get_by_natural_key(*row.natural_key()) == row
    assert CreditRule.objects.get().natural_key() == ("NR-2018", "power", date(2019, 1, 1), "uptime")
