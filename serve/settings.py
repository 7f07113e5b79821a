"""Every setting of the service, in one typed object.

A profile file (`serve/profiles/<name>.yaml`) holds the values for one kind of machine. Environment variables override
it: `PUBSERVE_` plus the path to the setting, levels separated by two underscores
(`PUBSERVE_HTTP__PORT=9000`, `PUBSERVE_CLASSIFIER__MAX_BATCH_TOKENS=8192`). Arguments override both.
"""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

PROFILES_DIR = Path(__file__).parent / "profiles"
DEFAULT_PROFILE = "cpu"

DType = Literal["auto", "float32", "bfloat16"]


class Section(BaseModel):
    """A group of settings. A name that does not exist is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(Section):
    host: str = Field(description="Address to listen on; 0.0.0.0 opens the service to the network.")
    port: int = Field(ge=1, le=65535)
    max_body_bytes: int = Field(gt=0, description="Larger bodies are refused with 413.")
    default_deadline_s: float = Field(gt=0, description="Deadline of a request without `x-request-timeout-ms`.")
    retry_after_max_s: int = Field(gt=0, description="Longest wait that a refusal asks for.")


class Scaling(Section):
    """Replicas of one deployment and the bounds of its queues."""

    min_replicas: int = Field(ge=0)
    max_replicas: int = Field(ge=1)
    target_ongoing_requests: float = Field(gt=0, description="Requests a replica should have in work.")
    max_ongoing_requests: int = Field(gt=0, description="Requests a replica may have in work.")
    max_queued_requests: int = Field(gt=0, description="Requests each caller may have waiting for a replica.")
    upscale_delay_s: float = Field(default=0, ge=0, description="How long more replicas are wanted before they start.")
    downscale_delay_s: float = Field(default=600, ge=0, description="How long fewer are wanted before some stop.")
    grace_s: float = Field(default=600, gt=0, description="What a replica that is taken away may take to finish.")
    cpus: float = Field(ge=0, description="Logical CPUs Ray reserves for a replica.")
    gpus: float = Field(default=0, ge=0)

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

    enabled: bool = True
    memory_mb: int = Field(gt=0, description="Per ingress replica; a paper takes about 2 kB.")
    redis_url: str | None = Field(default=None, description="`redis://host:6379/0`: one cache for all replicas.")
    redis_ttl_s: int = Field(gt=0, description="How long Redis keeps a reading.")


class BatchedModelSettings(Section):
    """A model that reads rows of tokens, many in one forward pass."""

    model: str = Field(description="Name in the model catalogue.")
    dtype: DType
    max_tokens: int = Field(gt=0, description="Of a row: the classifier cuts longer papers, the tagger uses more rows.")
    max_batch_tokens: int = Field(gt=0, description="Rows times longest row of one forward pass.")
    batch_wait_s: float = Field(ge=0, description="How long a batch waits for company.")
    share_of_cores: float = Field(
        default=1.0, gt=0, le=1, description="Of the machine's cores, how many a replica computes on; at least one."
    )
    scaling: Scaling


class ExtractorSettings(Section):
    """What finds diseases: a tagger, which reads a paper once, or the engine, which writes their names.

    The engine is there in any case, for the OpenAI routes; everything but `backend` and `tagger` is about it.
    """

    backend: Literal["tagger", "generator"]
    tagger: BatchedModelSettings | None = Field(default=None, description="Needed where the backend is the tagger.")
    model: str = Field(description="Name in the model catalogue; also the model id on the OpenAI routes.")
    adapters: tuple[str, ...] = Field(
        default=(), description="LoRA adapters of the catalogue for this model, each served beside it by its own name."
    )
    reads_with: str | None = Field(
        default=None, description="The adapter that reads papers where the backend is the generator; null: the model."
    )
    dtype: DType
    max_unit_chars: int = Field(gt=0, description="Text read in one generation: whole sentences up to this length.")
    max_items: int = Field(gt=0, description="Diseases listed per generation.")
    max_item_chars: int = Field(gt=0)
    max_output_tokens: int = Field(gt=0)
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

    @property
    def served_names(self) -> tuple[str, ...]:
        """What the engine answers to on the OpenAI routes."""
        return (self.model, *self.adapters)

    @property
    def active_tagger(self) -> BatchedModelSettings | None:
        """The tagger's settings where it is the extractor."""
        return self.tagger if self.backend == "tagger" else None


class RaySettings(Section):
    """The local Ray that `pubserve-serve` starts; on a cluster, Ray is already there."""

    num_cpus: float = Field(gt=0, description="Logical CPUs: how much may be scheduled, not how many cores there are.")
    object_store_mb: int = Field(ge=80)
    drain_timeout_s: float = Field(gt=0, description="How long requests in flight get to finish after SIGTERM.")


class LogSettings(Section):
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Settings(BaseSettings):
    """The whole configuration of one running service."""

    model_config = SettingsConfigDict(
        env_prefix="PUBSERVE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    profile: str = DEFAULT_PROFILE
    http: HttpSettings
    ingress: Scaling
    pipeline: PipelineSettings
    cache: CacheSettings
    classifier: BatchedModelSettings
    extractor: ExtractorSettings
    ray: RaySettings
    log: LogSettings = LogSettings()

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
