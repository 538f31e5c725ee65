"""Currencies and their minor units (ISO 4217)."""

from decimal import Decimal

from django.core.exceptions import ValidationError

_TWO_DIGITS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
    MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED
    VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"

EXPONENTS: dict[str, int] = (
    dict.fromkeys(_TWO_DIGITS.split(), 2)
    | dict.fromkeys(_NO_DIGITS.split(), 0)
    | dict.fromkeys(_THREE_DIGITS.split(), 3)
)


def validate_currency(value: str) -> None:
    """Refuse a code that ISO 4217 does not list."""
    if value not in EXPONENTS:
        raise ValidationError(
            f"{value!r} is not a currency code. Use the three capital letters of ISO 4217, such as EUR.",
            code="currency",
        )


def exponent(currency: str) -> int:
    """Return the number of decimals of a currency; raise ValidationError for an unknown code."""
    validate_currency(currency)
    return EXPONENTS[currency]


def minor_units(amount: Decimal, *, currency: str) -> int:
    """Return an amount in integer minor units; refuse more decimals than the currency has."""
    places = exponent(currency)
    minor = amount.scaleb(places)
    if minor != minor.to_integral_value():
        raise ValidationError(
            f"{amount} has more decimals than {currency} knows ({places}). Round it as the invoice does.",
            code="decimals",
        )
    return int(minor)


def major_units(minor: int, *, currency: str) -> Decimal:
    """Return integer minor units as an exact amount with the currency's own decimals."""
    return Decimal(minor).scaleb(-exponent(currency))


def money_text(minor: int, *, currency: str) -> str:
    """Write an amount for people, as `EUR 1,234.50`, like the figures of statements."""
    return f"{currency} {major_units(minor, currency=currency):,f}"
