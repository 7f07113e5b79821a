"""Every setting of a worker, in one typed object.

Environment variables hold them: `PUBSERVE_WORKER_` plus the name (`PUBSERVE_WORKER_BATCH_PAPERS=64`). Arguments
override them. Where the service is and the key to it are the client's: `PUBSERVE_BASE_URL`, `PUBSERVE_API_KEY`.
"""

import os
import re
import socket
import uuid
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pubserve import Retries
from pubserve.contract import MAX_PAPERS_PER_REQUEST

REDIS_SCHEMES = ("redis", "rediss", "unix")
KAFKA_SCHEMES = ("kafka", "kafka+ssl")
_TOPIC = re.compile(r"[\w.-]{1,249}", re.ASCII)


def _own_name() -> str:
    """Two workers under one name would take each other's messages for their own."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


class WorkerSettings(BaseSettings):
    """The whole configuration of one worker."""

    model_config = SettingsConfigDict(env_prefix="PUBSERVE_WORKER_", extra="forbid", frozen=True)

    broker_url: str = Field(
        description="`redis://host:6379/0` or `kafka://host:9092,host:9092`; with TLS `rediss://`, `kafka+ssl://`."
    )
    source: str = Field(min_length=1, description="Stream or topic that papers come from.")
    output: str = Field(min_length=1, description="Stream or topic that answers go to.")
    dead_letters: str = Field(
        default="",
        description="Stream or topic for what cannot be answered; empty: the name of the source and `.dead`.",
    )
    group: str = Field(
        default="pubserve", min_length=1, description="Consumer group: its workers share the source's messages."
    )
    name: str = Field(
        default_factory=_own_name,
        min_length=1,
        description="Of this worker in its group; empty: one that nobody else has.",
    )

    batch_papers: int = Field(default=32, ge=1, le=MAX_PAPERS_PER_REQUEST, description="Papers in a request.")
    batch_tokens: int = Field(default=16_384, gt=0, description="Tokens in a request; four characters each.")
    batch_wait_s: float = Field(default=0.2, ge=0, description="How long the first paper of a batch waits for others.")
    concurrency: int = Field(
        default=4, ge=1, description="Batches at the service at once; one more is collected meanwhile, and no more."
    )

    max_message_bytes: int = Field(default=1_000_000, gt=0, description="Larger messages are dead letters.")
    max_deliveries: int = Field(
        default=10, ge=1, description="A message whose workers died that often is a dead letter (Redis counts them)."
    )
    max_attempts: int = Field(
        default=5, ge=1, description="A paper at which a service that is well failed that often is a dead letter."
    )
    backoff_initial_s: float = Field(default=0.5, gt=0, description="First wait before something is tried again.")
    backoff_max_s: float = Field(default=30, gt=0, description="Longest wait before something is tried again.")
    claim_after_s: float = Field(
        default=30, ge=1, description="A worker that was silent for so long is dead: others take over its messages."
    )
    grace_s: float = Field(default=30, ge=0, description="What is at the service gets that long to finish on SIGTERM.")

    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How to log in, where the URL of Kafka has a user."
    )
    remember_s: int = Field(
        default=7 * 24 * 3600, gt=0, description="How long Redis knows what was answered, to drop repeated papers."
    )
    output_max_entries: int | None = Field(
        default=None, gt=0, description="Redis drops older answers beyond about so many; without it, none."
    )
    delete_settled: bool = Field(
        default=False, description="Remove a message from the source once it is settled; only with a single group."
    )

    metrics_host: str = Field(default="0.0.0.0", description="Address of the metrics.")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Port that Prometheus may ask for metrics; without it there is none."
    )
    backlog_poll_s: float = Field(default=5, gt=0, description="How often the lag is looked up for the metrics.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def scheme(self) -> str:
        return self.broker_url.partition("://")[0]

    @property
    def retries(self) -> Retries:
        """How long to wait before something is tried again; each call of the client is one attempt."""
        return Retries(attempts=1, backoff_initial_s=self.backoff_initial_s, backoff_max_s=self.backoff_max_s)

    @field_validator("broker_url")
    @classmethod
    def _a_broker_we_know(cls, url: str) -> str:
        # Without the URL in the message: there may be a password in it.
        scheme, found, rest = url.partition("://")
        if not found or not rest.strip("/") or scheme not in (*REDIS_SCHEMES, *KAFKA_SCHEMES):
            raise ValueError("expected redis://host:6379/0 or kafka://host:9092 (with TLS rediss:// or kafka+ssl://)")
        return url

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: dict[str, object]) -> dict[str, object]:
        dead_letters = values.get("dead_letters") or f"{values.get('source')}.dead"
        return {**{name: value for name, value in values.items() if value != ""}, "dead_letters": dead_letters}

    @model_validator(mode="after")
    def _streams_apart(self) -> Self:
        names = {"source": self.source, "output": self.output, "dead_letters": self.dead_letters}
        if len(set(names.values())) < len(names):
            raise ValueError("source, output and dead_letters must be three different streams")
        if self.scheme in KAFKA_SCHEMES:
            for setting, name in names.items():
                if not _TOPIC.fullmatch(name):
                    raise ValueError(f"{setting}: a topic of Kafka has letters, digits, '.', '_' and '-' alone")
        return self
