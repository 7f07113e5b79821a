"""Every setting of the service, in one typed object.

A profile file (`serve/profiles/<name>.yaml`) holds the values for one kind of machine. Environment variables override
it: `PUBSERVE_` plus the path to the setting, levels separated by two underscores
(`PUBSERVE_HTTP__PORT=9000`, `PUBSERVE_CLASSIFIER__MAX_BATCH_TOKENS=8192`). Arguments override both.
"""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

PROFILES_DIR = Path(__file__).parent / "profiles"
DEFAULT_PROFILE = "cpu"

DType = Literal["auto", "float32", "bfloat16"]
_DTYPE = "Type of its numbers; auto: bfloat16 where the replica's machine has instructions for it, else float32."


class Section(BaseModel):
    """A group of settings. A name that does not exist is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(Section):
    host: str = Field(description="Address to listen on; 0.0.0.0 opens the service to the network.")
    port: int = Field(ge=1, le=65535, description="TCP port to listen on.")
    max_body_bytes: int = Field(gt=0, description="Larger bodies are refused with 413.")
    body_timeout_s: float = Field(
        gt=0, description="How long a body may take to arrive, and a second more for each 16 KiB of it; then 408."
    )
    cors_origins: tuple[str, ...] = Field(
        default=(), description="Other sites whose pages may call the service, such as `https://app.example.org`."
    )
    default_deadline_s: float = Field(gt=0, description="Deadline of a request without `x-request-timeout-ms`.")
    retry_after_max_s: int = Field(gt=0, description="Longest wait that a refusal asks for.")


class Scaling(Section):
    """Replicas of one deployment and the bounds of its queues."""

    min_replicas: int = Field(
        ge=0, description="Replicas that are there without requests; 0: the next request waits until one has started."
    )
    max_replicas: int = Field(ge=1, description="Replicas that are there at most, however many requests wait.")
    target_ongoing_requests: float = Field(gt=0, description="Requests a replica should have in work.")
    max_ongoing_requests: int = Field(gt=0, description="Requests a replica may have in work.")
    max_queued_requests: int = Field(gt=0, description="Requests each caller may have waiting for a replica.")
    upscale_delay_s: float = Field(default=0, ge=0, description="How long more replicas are wanted before they start.")
    downscale_delay_s: float = Field(default=600, ge=0, description="How long fewer are wanted before some stop.")
    grace_s: float = Field(default=600, gt=0, description="What a replica that is taken away may take to finish.")
    cpus: float = Field(ge=0, description="Logical CPUs Ray reserves for a replica.")
    gpus: float = Field(default=0, ge=0, description="GPUs Ray reserves for a replica; several may share one.")

    def deployment_options(self) -> dict[str, Any]:
        """The same, in the words of `serve.deployment(...)`."""
        return {
            "max_ongoing_requests": self.max_ongoing_requests,
            "max_queued_requests": self.max_queued_requests,
            "autoscaling_config": {
                "min_replicas": self.min_replicas,
                "max_replicas": self.max_replicas,
                "target_ongoing_requests": self.target_ongoing_requests,
                "upscale_delay_s": self.upscale_delay_s,
                "downscale_delay_s": self.downscale_delay_s,
            },
            "graceful_shutdown_timeout_s": self.grace_s,
            "ray_actor_options": {"num_cpus": self.cpus, "num_gpus": self.gpus},
        }


class PipelineSettings(Section):
    max_tokens_in_flight: int = Field(
        gt=0, description="Tokens of papers admitted and not yet answered, per ingress replica; four characters each."
    )
    bulk_share: float = Field(gt=0, le=1, description="Of those, how many may be of bulk requests.")
    interactive_papers: int = Field(ge=0, description="Larger requests without `x-priority` are bulk.")
    max_chats_in_flight: int = Field(gt=0, description="OpenAI requests admitted and not yet answered, likewise.")
    max_field_chars: int = Field(gt=0, description="Longer titles and abstracts are cut here, with a warning.")
    chunk_papers: int = Field(gt=0, description="Papers that travel in one actor call.")
    chunk_chars: int = Field(gt=0, description="Characters of one actor call; a message between replicas has 4 MiB.")
    chunks_in_flight: int = Field(gt=0, description="Actor calls that one request may have under way per model.")


class CacheSettings(Section):
    """What the models said of a text is remembered: in the ingress, or where Redis is configured, there."""

    enabled: bool = Field(default=True, description="False: the models read a text each time it comes.")
    memory_mb: int = Field(gt=0, description="Per ingress replica; a paper takes about 2 kB.")
    redis_url: str | None = Field(default=None, description="`redis://host:6379/0`: one cache for all replicas.")
    redis_ttl_s: int = Field(gt=0, description="How long Redis keeps a reading.")


class BatchesSettings(Section):
    """OpenAI's Batch API: files of requests that are answered in the background."""

    state_dir: str | None = Field(
        default=None,
        description="Where files and the database are; null: `~/.local/state/pubserve/` and the port. Services that "
        "share it share the work.",
    )
    database_url: str | None = Field(
        default=None, description="`postgresql+asyncpg://user@host/name`; null: SQLite in `state_dir`."
    )
    max_file_bytes: int = Field(gt=0, description="Larger files are refused with 413.")
    max_lines: int = Field(gt=0, description="A batch of more lines fails.")
    max_files: int = Field(gt=0, description="Files that a caller may keep.")
    max_unfinished: int = Field(gt=0, description="Batches that a caller may have waiting or in work.")
    kept_s: int = Field(gt=0, description="How long files and batches are kept, unless the caller says otherwise.")
    running: int = Field(ge=0, description="Batches that an ingress replica runs at once; 0: others do.")
    group_bytes: int = Field(gt=0, description="Lines of a batch that travel together; an abstract has 1,500 bytes.")
    chats_in_flight: int = Field(gt=0, description="Chats with the engine that a batch may have in work.")
    lease_s: float = Field(gt=0, description="A replica that is silent for so long has lost its batches to others.")

    @field_validator("database_url")
    @classmethod
    def _the_driver_is_here(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("postgresql+asyncpg://", "sqlite+aiosqlite://")):
            raise ValueError("it has to begin with `postgresql+asyncpg://` or `sqlite+aiosqlite://`")
        return url


class BatchedModelSettings(Section):
    """A model that reads rows of tokens, many in one forward pass."""

    model: str = Field(description="Name in the model catalogue.")
    dtype: DType = Field(description=_DTYPE)
    max_tokens: int = Field(gt=0, description="Of a row: the classifier cuts longer papers, the tagger uses more rows.")
    max_batch_tokens: int = Field(gt=0, description="Rows times longest row of one forward pass.")
    batch_wait_s: float = Field(ge=0, description="How long a batch waits for company.")
    share_of_cores: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Of the cores that a replica may use, how many it does; one at least.",
    )
    threads: int = Field(
        default=1,
        gt=0,
        description="Of one forward pass; as many passes go on at once as the cores have room for. More threads "
        "answer a single paper sooner, and many papers later.",
    )
    scaling: Scaling


class ExtractorSettings(Section):
    """What finds diseases: a tagger, which reads a paper once, or the engine, which writes their names.

    The engine is there in any case, for the OpenAI routes; everything but `backend` and `tagger` is about it.
    """

    backend: Literal["tagger", "generator"] = Field(
        description="What reads papers: `tagger`, or `generator`, which is the engine."
    )
    tagger: BatchedModelSettings | None = Field(default=None, description="Needed where the backend is the tagger.")
    model: str = Field(description="Name in the model catalogue; also the model id on the OpenAI routes.")
    adapters: tuple[str, ...] = Field(
        default=(), description="LoRA adapters of the catalogue for this model, each served beside it by its own name."
    )
    reads_with: str | None = Field(
        default=None, description="The adapter that reads papers where the backend is the generator; null: the model."
    )
    dtype: DType = Field(description=_DTYPE)
    max_unit_chars: int = Field(
        gt=0, description="Text read in one generation: whole sentences up to this length; a model may bring its own."
    )
    max_items: int = Field(gt=0, description="Diseases listed per generation.")
    max_item_chars: int = Field(gt=0, description="Characters of one disease in that list.")
    max_output_tokens: int = Field(gt=0, description="Tokens written per generation; then the unit is read in halves.")
    engine: dict[str, Any] = Field(default_factory=dict, description="vLLM engine arguments.")
    env: dict[str, str] = Field(default_factory=dict, description="Environment of the engine's processes.")
    accelerator: str | None = Field(default=None, description="Ray's accelerator type, such as H100; null for CPU.")
    scaling: Scaling

    @model_validator(mode="after")
    def _the_backend_is_configured(self) -> Self:
        if self.backend == "tagger" and self.tagger is None:
            raise ValueError("`backend: tagger` needs a `tagger` section")
        return self

    @model_validator(mode="after")
    def _the_adapter_is_served(self) -> Self:
        if self.reads_with is not None and self.reads_with not in self.adapters:
            raise ValueError(f"`reads_with: {self.reads_with}` is not one of `adapters`; add it there")
        return self

    @model_validator(mode="after")
    def _no_code_comes_with_weights(self) -> Self:
        if self.engine.get("trust_remote_code"):
            raise ValueError("`engine: trust_remote_code` would run what a model's repository brings; take it out")
        return self

    @property
    def served_names(self) -> tuple[str, ...]:
        """What the engine answers to on the OpenAI routes."""
        return (self.model, *self.adapters)

    @property
    def active_tagger(self) -> BatchedModelSettings | None:
        """The tagger's settings where it is the extractor."""
        return self.tagger if self.backend == "tagger" else None


class BulkSettings(Section):
    """How `pubserve batch` divides a corpus, and what each of its workers, which read with both models, computes on."""

    unit_papers: int = Field(gt=0, description="Records that are read, written and remembered together.")
    worker_cpus: float = Field(gt=0, description="Cores of a worker.")
    worker_gpus: float = Field(default=0, ge=0, description="GPUs of a worker; several may share one.")


class RaySettings(Section):
    """The local Ray that `pubserve-serve` starts; on a cluster, Ray is already there."""

    num_cpus: float = Field(gt=0, description="Logical CPUs: how much may be scheduled, not how many cores there are.")
    object_store_mb: int = Field(ge=80, description="Shared memory for what travels between processes.")
    drain_timeout_s: float = Field(gt=0, description="How long requests in flight get to finish after SIGTERM.")
    metrics_port: int | None = Field(default=None, ge=1, le=65535, description="Of Ray's metrics; null: a free one.")


class KeysSettings(Section):
    """API keys. Without a file of them nobody is asked for one."""

    file: str | None = Field(default=None, description="What `pubserve keys` writes, or a mounted Secret.")
    redis_url: str | None = Field(
        default=None, description="`redis://host:6379/0`: quotas counted once for all replicas, not by each."
    )

    @field_validator("file")
    @classmethod
    def _from_here(cls, file: str | None) -> str | None:
        # Replicas read it, and they may work in another directory.
        return str(Path(file).expanduser().absolute()) if file else None


class AgentSettings(Section):
    """Runs of the agent: the language model that reads uncertain papers again, and what one run may take."""

    base_url: str | None = Field(
        default=None, description="OpenAI-compatible endpoint of that model, up to `/v1`; null: this service's own."
    )
    model: str | None = Field(default=None, description="Its name there; null: the extractor's model.")
    api_key: SecretStr | None = Field(default=None, description="For `base_url`; callers' keys are never sent there.")
    second_readings: bool = Field(default=True, description="False: no language model is asked for anything.")
    state_dir: str | None = Field(
        default=None, description="Where runs and their results are kept; null: `~/.local/state/pubserve/agent`."
    )
    kept_runs: int = Field(gt=0, description="Older runs are forgotten when a new one begins.")
    max_runs: int = Field(gt=0, description="Runs in flight per ingress replica; more are refused with 429.")
    max_papers: int = Field(gt=0, description="Papers of a run.")
    max_steps: int = Field(ge=10, description="Steps of a run, of which eight are always there.")
    max_llm_calls: int = Field(ge=0, description="Questions to the language model in a run.")
    max_llm_tokens: int = Field(ge=0, description="Tokens that it reads and writes in a run.")
    max_output_tokens: int = Field(gt=0, description="Tokens of one answer of it.")
    llm_timeout_s: float = Field(gt=0, description="Silence after which a question to it is given up.")
    llm_retries: int = Field(ge=0, description="How often a question that failed is asked again.")
    at_once: int = Field(gt=0, description="Papers that one step reads again, at the same time.")
    uncertain_margin: float = Field(
        ge=0, le=0.5, description="How near to 0.5 a confidence is uncertain, and the paper read again."
    )
    summary_tokens: int = Field(gt=0, description="Tokens of papers that one call sums up.")
    summary_papers: int = Field(gt=0, description="Papers that one call sums up.")
    max_claims: int = Field(gt=0, description="Claims of a summary that is made of the papers' own sentences.")


class LogSettings(Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="The least that is logged: requests at INFO, what failed at WARNING and ERROR."
    )


class TracingSettings(Section):
    """Where traces of requests go. OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_HEADERS`, …) hold, too."""

    otlp_endpoint: str | None = Field(
        default=None, description="Base URL of a collector, `http://collector:4318`: OTLP over HTTP. Null: no traces."
    )
    sample_ratio: float = Field(
        default=1.0, ge=0, le=1, description="Of requests without a `traceparent`, how many are traced; else it says."
    )


class Settings(BaseSettings):
    """The whole configuration of one running service."""

    model_config = SettingsConfigDict(
        env_prefix="PUBSERVE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    profile: str = Field(
        default=DEFAULT_PROFILE, description="File in `serve/profiles/` that holds the other settings."
    )
    http: HttpSettings
    ingress: Scaling
    pipeline: PipelineSettings
    cache: CacheSettings
    batches: BatchesSettings
    classifier: BatchedModelSettings
    extractor: ExtractorSettings
    bulk: BulkSettings
    ray: RaySettings
    agent: AgentSettings
    log: LogSettings = LogSettings()
    keys: KeysSettings = KeysSettings()
    tracing: TracingSettings = TracingSettings()

    @property
    def may_scale_to_zero(self) -> bool:
        """Whether a model may have no replica while nobody asks for it."""
        tagger = self.extractor.active_tagger
        scalings = [self.classifier.scaling, self.extractor.scaling, *([tagger.scaling] if tagger else [])]
        return any(scaling.min_replicas == 0 for scaling in scalings)

    @property
    def models(self) -> list[str]:
        """The models that the service loads, by their names in the catalogue."""
        tagger = self.extractor.active_tagger
        return [self.classifier.model, *([tagger.model] if tagger else []), self.extractor.model]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        name = init_settings().get("profile") or os.environ.get("PUBSERVE_PROFILE") or DEFAULT_PROFILE
        profile = YamlConfigSettingsSource(settings_cls, yaml_file=profile_path(name))
        return init_settings, env_settings, profile


def profile_path(name: str) -> Path:
    """The file of a profile.

    Raises:
        ValueError: naming the profiles that exist.
    """
    path = PROFILES_DIR / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in PROFILES_DIR.glob("*.yaml")))
        raise ValueError(f"unknown profile {name!r}; profiles: {known}")
    return path
