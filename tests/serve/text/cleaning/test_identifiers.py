"""Addresses go and leave a sentence behind."""

import pytest

from serve.text.cleaning import Cleaner

clean = Cleaner(["emails", "links"])


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Mice ran. Contact: a.b-c@mail.example.org.", "Mice ran."),
        ("Mice ran (e-mail: a@example.org) far.", "Mice ran far."),
        ("Code is available at https://example.org/a_b?c=d.", "Code is available."),
        ("Use our score ( http://www.example.org ).", "Use our score."),
        ("See www.example.org, or ask.", "See, or ask."),
        ("Mice ran (doi: 10.1234/abc.5-6).", "Mice ran."),
        ("Mice ran. doi:10.1234/abc(5)6.", "Mice ran."),
        ("Mice ran, https://doi.org/10.1234/56.", "Mice ran."),
        ("Mice ran (PMID: 12345678, PMC1234567).", "Mice ran."),
    ],
)
def test_an_address_goes(raw: str, text: str) -> None:
    assert clean("", raw).abstract.text == text


@pytest.mark.parametrize(
    "text",
    [
        "Tm@TiO2-ZrO2 core@shell particles",
        "10.1234/11 of the dose",
        "PMN and PMC cells",
        "the ratio 10.5/2",
        "http status",
    ],
)
def test_what_is_no_address_stays(text: str) -> None:
    assert clean("", text).abstract.text == text
