"""What papers cite, and which of them cite each other."""

from serve.agent.citations import citations_of
from serve.agent.messages import Cited, Reading


def reading(paper_id: str, *citations: str) -> Reading:
    return Reading(paper_id=paper_id, labels=[], first_labels=[], citations=list(citations))


def test_a_thing_cited_twice_is_listed_once_with_all_who_cite_it() -> None:
    found = citations_of([reading("1", "Smith et al., 2001", "Smith et al., 2001"), reading("2", "Smith et al., 2001")])

    assert found == [Cited(text="Smith et al., 2001", by=["1", "2"])]


def test_a_paper_of_the_set_is_known_by_its_pubmed_number() -> None:
    cited, elsewhere = citations_of([reading("1", "PMID: 30872385", "PMID: 99999999"), reading("30872385")])

    assert cited.paper_id == "30872385"
    assert elsewhere.paper_id is None
