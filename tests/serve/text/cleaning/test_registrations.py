"""Registration numbers go with the words that lead up to them, and leave a whole sentence behind."""

import pytest

from serve.text.cleaning import Cleaner

clean = Cleaner(["registrations"])


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Mice ran. ClinicalTrials.gov identifier: NCT01234567.", "Mice ran."),
        ("Mice ran. Trial registration: ISRCTN12345678. Registered 12 May 2010.", "Mice ran."),
        ("Mice ran.ClinicalTrials.gov Identifier: NCT01234567 (IND number 12).", "Mice ran."),
        ("Mice ran. This study is registered with ClinicalTrials.gov, NCT 01234567. Men ran.", "Mice ran. Men ran."),
        ("Mice ran. This trial was registered at www.clinicaltrials.gov as #NCT01234567.", "Mice ran."),
        ("Mice ran. PROSPERO registration number: CRD42017012345.", "Mice ran."),
        ("Mice ran. REGISTRATION: PROSPERO (PROSPERO 2017: CRD42017012345).", "Mice ran."),
        ("Mice ran. EudraCT number 2009-012345-25.", "Mice ran."),
        ("Mice ran (NCT01234567; EudraCT:2009-012345-25) far.", "Mice ran far."),
        ("Mice ran ( NCT01234567 ).", "Mice ran."),
        ("Mice ran.(NCT01234567).", "Mice ran."),
        (
            "Mice ran. (Clinical trial registration number: ChiCTR-ABC-15001234(2015-05-29)). Men ran.",
            "Mice ran. Men ran.",
        ),
        ("Mice ran (UMIN000012345, ACTRN12612000123456).", "Mice ran."),
        ("Funded by us; ClinicalTrials.gov number NCT01234567.", "Funded by us."),
        ("Mice ran in one trial (NCT01234567, Acme 12).", "Mice ran in one trial (Acme 12)."),
        (
            "It is registered with ClinicalTrials.gov, number NCT01234567 and goes on.",
            "It is registered with ClinicalTrials.gov and goes on.",
        ),
    ],
)
def test_a_registration_goes(raw: str, text: str) -> None:
    assert clean("", raw).abstract.text == text


@pytest.mark.parametrize(
    "text",
    [
        "We searched ClinicalTrials.gov and PROSPERO.",
        "Image registration of 123456 frames.",
        "The gene NTRK1 in trial arms.",
        "Accession number GSE123456 was used.",
        "Patients were registered between 2010 and 2015.",
    ],
)
def test_text_without_a_registration_number_stays(text: str) -> None:
    assert clean("", text).abstract.text == text
