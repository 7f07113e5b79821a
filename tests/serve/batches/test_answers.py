"""What becomes of the lines of a batch, through the real `openai` client."""

import json

import openai
import pytest
from openai import AsyncOpenAI

from serve.errors import TooBusy
from serve.service import Service
from serve.turns import Priority
from tests.serve.batches.services import chat, counts, ended, line, paper, records, submit, until
from tests.serve.conftest import InstantModels

pytestmark = pytest.mark.anyio

ENGINE = "smollm2-135m-instruct"
CHATS = "/v1/chat/completions"


async def test_every_line_is_answered_as_the_route_would_answer(client: AsyncOpenAI) -> None:
    batch = await submit(client, [line("a", paper("Asthma.", "7")), line("b", paper("Lung cancer."))])

    assert batch.status == "validating"
    batch = await ended(client, batch)

    assert (batch.status, counts(batch)) == ("completed", (2, 2, 0))
    assert batch.error_file_id is None
    answers = await records(client, batch.output_file_id)
    assert list(answers) == ["a", "b"]
    response = answers["a"]["response"]
    assert (response["status_code"], answers["a"]["error"]) == (200, None)
    [result] = response["body"]["results"]
    assert (result["abstract_id"], result["extracted_diseases"]) == ("7", ["Asthma"])
    assert response["body"]["usage"]["papers"] == 1
    assert batch.usage is not None
    assert batch.usage.input_tokens == sum(r["response"]["body"]["usage"]["prompt_tokens"] for r in answers.values())


@pytest.mark.parametrize(
    ("endpoint", "asked"), [("/v1/classify", {"predicted_labels"}), ("/v1/extract", {"extracted_diseases"})]
)
async def test_the_halves_are_endpoints_too(client: AsyncOpenAI, endpoint: str, asked: set[str]) -> None:
    batch = await ended(client, await submit(client, [line("a", paper("Asthma."), endpoint)], endpoint))

    [result] = (await records(client, batch.output_file_id))["a"]["response"]["body"]["results"]
    assert {name for name in ("predicted_labels", "extracted_diseases") if result[name]} == asked


async def test_chats_with_the_pipeline_and_with_the_engine_can_be_in_one_batch(client: AsyncOpenAI) -> None:
    lines = [line("pipeline", chat("Asthma."), CHATS), line("engine", chat("Hello.", ENGINE), CHATS)]

    batch = await ended(client, await submit(client, lines, CHATS))

    answers = await records(client, batch.output_file_id)
    [choice] = answers["pipeline"]["response"]["body"]["choices"]
    assert json.loads(choice["message"]["content"])["extracted_diseases"] == ["Asthma"]
    assert answers["engine"]["response"]["body"]["object"] == "chat"
    assert batch.model == "pubserve"


async def test_a_chat_about_several_papers_has_a_line_of_its_answer_for_each(client: AsyncOpenAI) -> None:
    several = json.dumps({"papers": [{"id": "1", "title": "Asthma."}, {"id": "2"}], "tasks": ["diseases"]})

    batch = await ended(client, await submit(client, [line("a", chat(several), CHATS)], CHATS))

    body = (await records(client, batch.output_file_id))["a"]["response"]["body"]
    asthma, unreadable = map(json.loads, body["choices"][0]["message"]["content"].splitlines())
    assert (asthma["extracted_diseases"], asthma["predicted_labels"]) == (["Asthma"], [])
    assert unreadable["error"]["code"] == "unreadable_paper"


async def test_prompts_are_completed(client: AsyncOpenAI) -> None:
    lines = [line("a", {"model": ENGINE, "prompt": "hi"}, "/v1/completions")]

    batch = await ended(client, await submit(client, lines, "/v1/completions"))

    assert (await records(client, batch.output_file_id))["a"]["response"]["body"]["choices"] == [{"text": "hello"}]


@pytest.mark.parametrize(
    ("body", "endpoint", "status", "code", "param"),
    [
        ({"papers": []}, "/v1/analyze", 422, "invalid_field", "papers"),
        ({"papers": [{"title": "no id"}]}, "/v1/analyze", 422, "invalid_field", "papers[0].id"),
        ({"papers": [{"id": "1"}], "tasks": ["sing"]}, "/v1/analyze", 422, "invalid_field", "tasks[0]"),
        (chat("x", "gpt-99"), CHATS, 404, "model_not_found", "model"),
        (chat(" "), CHATS, 422, "unreadable_paper", "messages"),
        (chat("x", stream=True), CHATS, 422, "invalid_field", "stream"),
        (chat("x", ENGINE, max_tokens=-1), CHATS, 400, "invalid_field", "max_tokens"),
        ({"model": "pubserve", "prompt": "x"}, "/v1/completions", 422, "invalid_field", "model"),
    ],
)
async def test_what_is_wrong_with_a_line_is_in_the_file_of_errors_as_the_route_would_say_it(
    client: AsyncOpenAI, body: object, endpoint: str, status: int, code: str, param: str
) -> None:
    batch = await ended(client, await submit(client, [line("a", body, endpoint)], endpoint))

    assert (batch.status, counts(batch), batch.output_file_id) == ("completed", (1, 0, 1), None)
    response = (await records(client, batch.error_file_id))["a"]["response"]
    error = response["body"]["error"]
    assert (response["status_code"], error["code"], error["param"]) == (status, code, param)


async def test_a_bad_line_does_not_fail_its_neighbours(client: AsyncOpenAI) -> None:
    lines = [line(str(n), paper("Asthma.") if n % 3 else {"papers": []}) for n in range(60)]

    batch = await ended(client, await submit(client, lines))

    assert counts(batch) == (60, 40, 20)
    answered, failed = await records(client, batch.output_file_id), await records(client, batch.error_file_id)
    assert answered.keys().isdisjoint(failed)
    assert set(failed) == {str(n) for n in range(0, 60, 3)}


async def test_a_paper_that_cannot_be_read_is_an_error_of_its_own_in_its_line(client: AsyncOpenAI) -> None:
    body = {"papers": [{"id": "1", "title": "Asthma"}, {"id": "2"}, {"id": "1", "title": "Lung cancer"}]}

    batch = await ended(client, await submit(client, [line("first", paper("Asthma.")), line("a", body)]))

    one, two, three = (await records(client, batch.output_file_id))["a"]["response"]["body"]["results"]
    assert one["extracted_diseases"] == ["Asthma"]
    assert (two["abstract_id"], two["error"]["param"]) == ("2", "papers[1].abstract")
    assert three["warnings"] == ["abstract_missing", "duplicate_id"] or "duplicate_id" in three["warnings"]


async def test_papers_of_many_lines_travel_together_behind_what_is_interactive(
    client: AsyncOpenAI, models: InstantModels
) -> None:
    await ended(client, await submit(client, [line(str(n), paper("Asthma.", "same")) for n in range(40)]))

    assert sum(models.calls) == 40
    assert len(models.calls) <= 40 / 4 + 2  # four travel in one actor call, two groups have a rest
    assert {turn.priority for turn in models.turns} == {Priority.BULK}


async def test_a_refusal_is_waited_out(client: AsyncOpenAI, service: Service) -> None:
    with service.papers.admit(service.papers.limit), service.chats.admit(service.chats.limit):
        papers = await submit(client, [line("a", paper("Asthma."))])
        chats = await submit(client, [line("a", chat("Hello.", ENGINE), CHATS)], CHATS)
        for batch in (papers, chats):
            await until(client, batch, lambda now: now.status == "in_progress")
        while service.metrics.registry.get_sample_value("pubserve_refused_total", {"code": "too_busy"}) is None:
            await until(client, papers, lambda now: now.status == "in_progress")

    for batch in (papers, chats):
        assert counts(await ended(client, batch)) == (1, 1, 0)


async def test_a_model_that_is_busy_or_being_replaced_is_asked_again(
    client: AsyncOpenAI, models: InstantModels
) -> None:
    models.classify_error = TooBusy("The queue of a model is full.", retry_after_s=1)
    batch = await submit(client, [line("a", paper("Asthma."))])
    await until(client, batch, lambda _: bool(models.calls))
    models.classify_error = None

    assert counts(await ended(client, batch)) == (1, 1, 0)


async def test_a_fault_in_a_model_is_the_error_of_its_paper(client: AsyncOpenAI, models: InstantModels) -> None:
    models.fail_on = "broken"
    lines = [line("a", chat("A broken paper."), CHATS), line("b", chat("Asthma."), CHATS)]

    batch = await ended(client, await submit(client, lines, CHATS))

    assert counts(batch) == (2, 1, 1)
    assert (await records(client, batch.error_file_id))["a"]["response"]["status_code"] == 500


async def test_interactive_requests_are_answered_while_a_batch_runs(client: AsyncOpenAI, models: InstantModels) -> None:
    models.stall_on = "slow"
    batch = await submit(client, [line("a", paper("A slow paper."))])
    await until(client, batch, lambda now: now.status == "in_progress" and bool(models.calls))

    answer = await client.chat.completions.create(model="pubserve", messages=[{"role": "user", "content": "Asthma."}])

    assert "Asthma" in (answer.choices[0].message.content or "")
    assert (await client.batches.cancel(batch.id)).status == "cancelling"


async def test_batches_are_counted(client: AsyncOpenAI, service: Service) -> None:
    batch = await submit(client, [line("a", paper("Asthma.")), line("b", {"papers": []})])
    value = service.metrics.registry.get_sample_value

    await ended(client, batch)
    await until(client, batch, lambda _: value("pubserve_batches", {"status": "completed"}) == 1)

    assert value("pubserve_batch_lines_total", {"outcome": "ok"}) == 1
    assert value("pubserve_batch_lines_total", {"outcome": "failed"}) == 1


async def test_errors_are_those_of_the_openai_client(client: AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        await client.batches.retrieve("batch_none")
