"""What a message says, or why it cannot be read; nothing that arrives raises."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubserve import Analysis
from pubserve.contract import Paper, Timings
from streams.messages import DeadLetter, Delivery, Question, Reason, read

LIMITS = {"max_bytes": 1000, "max_deliveries": 3}


def question_in(payload: bytes) -> Question:
    found = read(Delivery("1-0", payload), **LIMITS)
    assert isinstance(found, Question)
    return found


def test_a_paper_and_what_is_asked_of_it() -> None:
    question = question_in(b'{"id": 7, "title": "Relapse of lung cancer.", "tasks": ["labels", "topics"]}')

    assert question.paper == Paper(id="7", title="Relapse of lung cancer.")
    assert question.tasks == ("labels", "topics")


def test_without_tasks_the_service_s_usual_ones_are_asked() -> None:
    assert question_in(b'{"id": "7", "title": "Asthma."}').tasks == ("labels", "diseases")


def test_answers_to_the_same_paper_have_the_same_key_and_name_it() -> None:
    analysis = Analysis(abstract_id="7", timings_ms=Timings(queue=0))
    one = question_in(b'{"id": "7", "title": "Asthma."}').answered(analysis)
    same = question_in(b'{ "title": "Asthma.", "id": 7, "tasks": ["diseases", "labels"]}').answered(analysis)
    other = question_in(b'{"id": "7", "title": "Asthma!"}').answered(analysis)

    assert one.key == same.key != other.key
    assert json.loads(one.value)["input_hash"] == one.key


def test_a_lone_surrogate_that_json_escapes_is_a_paper_whose_answer_can_be_written() -> None:
    question = question_in(rb'{"id": "7", "title": "half \ud800"}')
    analysis = Analysis(abstract_id="7", summary=question.paper.title, timings_ms=Timings(queue=0))

    assert json.loads(question.answered(analysis).value)["summary"] == "half \ud800"


@pytest.mark.parametrize(
    ("payload", "reason", "said"),
    [
        (None, Reason.NO_PAPER, "field 'paper'"),
        (b"", Reason.NOT_JSON, "at character 0"),
        (b'{"id": "1"', Reason.NOT_JSON, "at character 10"),
        (b"[" * 900, Reason.NOT_JSON, "one JSON object"),
        (b'{"id": "1", "title": "\xff"}', Reason.NOT_UTF8, "byte 22"),
        (b'{"id": "1", "title": "\xed\xa0\x80"}', Reason.NOT_UTF8, "byte 22"),
        (b"3", Reason.NOT_A_PAPER, "a message has id, title, abstract, tasks"),
        (b"{}", Reason.NOT_A_PAPER, "id: Field required"),
        (b'{"id": "1", "title": ["x"]}', Reason.NOT_A_PAPER, "title: "),
        (b'{"id": "1", "heading": "x"}', Reason.NOT_A_PAPER, "heading: Extra inputs"),
        (b'{"id": "1", "title": "x", "tasks": []}', Reason.NOT_A_PAPER, "tasks: "),
        (b'{"id": "1", "title": "x", "tasks": ["weather"]}', Reason.NOT_A_PAPER, "tasks.0: "),
        (b" " * 1001, Reason.TOO_LARGE, "1,001 bytes"),
        (b" " * 50_000_000, Reason.TOO_LARGE, "50,000,000 bytes"),
    ],
    ids=lambda value: repr(value)[:40],  # the ids travel between the processes of tests
)
def test_what_cannot_be_read_says_why(payload: bytes | None, reason: Reason, said: str) -> None:
    letter = read(Delivery("1-0", payload), **LIMITS)

    assert isinstance(letter, DeadLetter)
    assert letter.reason is reason
    assert said in letter.detail


def test_a_message_whose_workers_died_again_and_again_is_not_tried_once_more() -> None:
    letter = read(Delivery("1-0", b'{"id": "1", "title": "x"}', count=4), **LIMITS)

    assert isinstance(letter, DeadLetter)
    assert letter.reason is Reason.TOO_MANY_DELIVERIES


def test_a_reason_never_quotes_a_paper() -> None:
    secret = "unpublished finding"
    for payload in (f'{{"id": "1", "title": ["{secret}"]}}', f'"{secret}"', f'{{"id": "1", "title": "{secret}'):
        letter = read(Delivery("1-0", payload.encode()), **LIMITS)

        assert isinstance(letter, DeadLetter)
        assert secret not in letter.detail


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
_JSON = st.recursive(_SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
_NEARLY = st.fixed_dictionaries({}, optional=dict.fromkeys(("id", "title", "abstract", "tasks", "other"), _JSON))


@given(st.binary() | (_JSON | _NEARLY).map(lambda values: json.dumps(values).encode()))
def test_whatever_arrives_is_a_question_or_a_dead_letter(payload: bytes) -> None:
    assert isinstance(read(Delivery("1-0", payload), **LIMITS), Question | DeadLetter)
