"""Settings of a worker: names, and mistakes that are told before anything runs."""

import pytest
from pydantic import ValidationError

from streams.broker import broker_of
from streams.kafka import Kafka, connection_of
from streams.redis_streams import RedisStreams
from streams.settings import WorkerSettings

REDIS = "redis://127.0.0.1:6379/0"


def made(**given: object) -> WorkerSettings:
    return WorkerSettings.model_validate({"broker_url": REDIS, "source": "papers", "output": "analyses"} | given)


def test_dead_letters_go_beside_the_source() -> None:
    assert made().dead_letters == "papers.dead"
    assert made(dead_letters="graveyard").dead_letters == "graveyard"


def test_two_workers_have_two_names() -> None:
    assert made().name != made().name


def test_the_environment_sets_what_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSERVE_WORKER_BATCH_PAPERS", "64")
    monkeypatch.setenv("PUBSERVE_WORKER_GROUP", "night")

    settings = made(group="day")

    assert (settings.batch_papers, settings.group) == (64, "day")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"broker_url": "amqp://host"}, "expected redis://"),
        ({"broker_url": "127.0.0.1:6379"}, "expected redis://"),
        ({"output": "papers"}, "three different streams"),
        ({"dead_letters": "analyses"}, "three different streams"),
        ({"broker_url": "kafka://host", "source": "my papers"}, "source: a topic of Kafka has"),
        ({"batch_papers": 0}, "greater than or equal to 1"),
        ({"batch_size": 8}, "Extra inputs"),
    ],
    ids=str,
)
def test_mistakes_name_the_setting(given: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        made(**given)


def test_the_scheme_names_the_broker() -> None:
    assert isinstance(broker_of(made()), RedisStreams)
    assert isinstance(broker_of(made(broker_url="kafka://127.0.0.1:9092")), Kafka)


def test_the_url_of_kafka_names_hosts_and_login() -> None:
    connection = connection_of(made(broker_url="kafka+ssl://me:p%40ss@one:9093,two"))

    assert connection["bootstrap_servers"] == ["one:9093", "two:9092"]
    assert connection["security_protocol"] == "SASL_SSL"
    assert (connection["sasl_plain_username"], connection["sasl_plain_password"]) == ("me", "p@ss")
    assert connection_of(made(broker_url="kafka://one"))["security_protocol"] == "PLAINTEXT"
