"""A real service on Ray, harmed while papers are read: every paper comes to one end."""

import asyncio
from collections.abc import Iterator

import pytest

from loadtest.faults.catalog import FAULTS
from loadtest.faults.site import BODY_TIMEOUT_S, Site, site
from loadtest.faults.trial import Outcome, put_to_trial


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    with site() as running:
        yield running


def outcome_of(running: Site, name: str) -> Outcome:
    [fault] = [fault for fault in FAULTS if fault.name == name]
    # Nothing here is asked of its speed: on a machine that is busy with other things it may come back slowly.
    outcome = asyncio.run(put_to_trial(running, fault, before_s=2, share=0.2))
    for counts in (outcome.papers, outcome.chats):
        assert counts.answered + counts.refused + counts.failed == counts.sent > 0
        assert (counts.lost, counts.doubled) == (0, 0)
    assert outcome.first_answer_s is not None
    assert outcome.whole_s is not None
    return outcome


def test_what_a_killed_classifier_had_is_read_by_the_other_and_no_paper_fails(running: Site) -> None:
    outcome = outcome_of(running, "classifier")

    assert outcome.notes == {"processes killed": 1}
    assert (outcome.papers.answered, outcome.papers.errors) == (outcome.papers.sent, {})


def test_a_killed_ingress_loses_no_paper(running: Site) -> None:
    outcome = outcome_of(running, "ingress")

    assert outcome.notes == {"processes killed": 1}
    assert outcome.papers.refused == 0


def test_a_client_that_dribbles_is_sent_away_and_hinders_nobody(running: Site) -> None:
    outcome = outcome_of(running, "slow-client")

    assert outcome.notes["it was told"] == "HTTP/1.1 408 Request Timeout"
    assert int(outcome.notes["after seconds"]) >= BODY_TIMEOUT_S
    assert (outcome.papers.answered, outcome.papers.errors) == (outcome.papers.sent, {})
