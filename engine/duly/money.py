"""Money as whole minor units of a currency, read and written exactly.

An amount is an integer of the currency's smallest unit: 1,234.50 USD is 123450,
500 JPY is 500. Nothing here is ever a float, and nothing is rounded: an amount
with more decimals than its currency has is refused, not cut.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

LARGEST_AMOUNT = 2**53
"""No amount in minor units goes beyond this in size."""

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DECIMALS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD
    CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP
    LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK
    NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
    SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST
    XCD XCG YER ZAR ZMW ZWG
"""

SCALES: Mapping[str, int] = MappingProxyType(
    {
        code: scale
        for scale, codes in ((0, _NO_DECIMALS), (2, _TWO_DECIMALS), (3, _THREE_DECIMALS))
        for code in codes.split()
    }
)
"""How many decimals each currency has, by ISO 4217 code; funds, metals and withdrawn codes are not money here."""

_DECIMAL = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII)


def parse_minor(text: str, currency: str) -> int | str:
    """The amount in minor units, or the reason why the text is not an amount of the currency.

    Digits, at most one point between digits and a `-` in front; no separators,
    exponents, signs behind, spaces or words.
    """
    if (match := _DECIMAL.fullmatch(text)) is None:
        return _not_an_amount(text)
    sign, whole, decimals = match[1], match[2], match[3] or ""
    scale = SCALES[currency]
    if len(decimals) > scale:
        allowed = f"at most {scale} decimals" if scale else "no decimals"
        return f"{currency} has {allowed}"
    # The length is looked at first, because int() refuses thousands of digits.
    digits = (whole + decimals.ljust(scale, "0")).lstrip("0") or "0"
    if len(digits) > len(str(LARGEST_AMOUNT)) or int(digits) > LARGEST_AMOUNT:
        return "the amount is out of range"
    return -int(digits) if sign else int(digits)


def _not_an_amount(text: str) -> str:
    if re.fullmatch(r"-?[0-9]{1,3}([,' .][0-9]{3})+([.,][0-9]+)?", text) or re.fullmatch(r"-?[0-9]+,[0-9]+", text):
        return "write it without separators and with a decimal point"
    if re.fullmatch(r"[-+]?[0-9.]+[eE][-+]?[0-9]+", text):
        return "write it out, without an exponent"
    return "not a decimal amount"


def format_minor(amount: int, currency: str) -> str:
    """The amount as people read it, such as `1,234.50 USD`."""
    return f"{format_decimal(amount, currency, separator=',')} {currency}"


def format_decimal(amount: int, currency: str, *, separator: str = "") -> str:
    """The amount as a decimal without its currency, such as `1234.50`; `parse_minor` reads it back."""
    scale = SCALES[currency]
    whole, rest = divmod(abs(amount), 10**scale)
    grouped = f"{whole:,}".replace(",", separator)
    return ("-" if amount < 0 else "") + grouped + (f".{rest:0{scale}d}" if scale else "")
