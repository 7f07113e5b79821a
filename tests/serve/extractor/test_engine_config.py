"""The engine's settings of every profile, checked by Ray and vLLM themselves; nothing is loaded."""

from pathlib import Path

import pytest
import yaml

from serve.model_store.catalog import CATALOG_VARIABLE
from serve.settings import PROFILES_DIR, Settings

PROFILES = sorted(path.stem for path in PROFILES_DIR.glob("*.yaml"))


@pytest.mark.parametrize("profile", PROFILES)
def test_vllm_knows_every_engine_argument(profile: str) -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs

    from serve.extractor.engine import engine_config

    settings = Settings(profile=profile).extractor

    config = engine_config(settings, model_source="a/model", dtype="bfloat16").get_engine_config()
    arguments = AsyncEngineArgs(**config.get_initialization_kwargs())

    assert arguments.model == "a/model"
    assert arguments.served_model_name == [settings.model]
    assert arguments.max_num_seqs == settings.engine["max_num_seqs"]
    assert config.accelerator_type == settings.accelerator


@pytest.mark.parametrize("profile", PROFILES)
def test_ray_serve_gets_the_queues_and_the_scaling_of_the_profile(profile: str) -> None:
    from serve.extractor.engine import Engine, engine_config

    settings = Settings(profile=profile).extractor

    options = Engine.get_deployment_options(engine_config(settings, model_source="a/model"))

    assert options["max_queued_requests"] == settings.scaling.max_queued_requests
    assert options["autoscaling_config"]["max_replicas"] == settings.scaling.max_replicas


@pytest.mark.parametrize(("profile", "slots"), [("cpu", 3), ("gpu", 2)])
def test_every_adapter_has_a_slot_and_on_a_cpu_the_last_one_stays_empty(profile: str, slots: int) -> None:
    from vllm.engine.arg_utils import AsyncEngineArgs

    from serve.extractor.engine import engine_config

    settings = Settings(profile=profile).extractor.model_copy(update={"adapters": ("one", "other")})

    config = engine_config(settings, model_source="a/model", dtype="bfloat16").get_engine_config()
    arguments = AsyncEngineArgs(**config.get_initialization_kwargs())

    assert arguments.enable_lora
    assert arguments.max_loras == slots


def test_an_argument_vllm_does_not_know_is_an_error() -> None:
    from serve.extractor.engine import engine_config

    settings = Settings(profile="cpu").extractor.model_copy(update={"engine": {"max_num_sequences": 1}})

    with pytest.raises(ValueError, match="max_num_sequences"):
        engine_config(settings, model_source="a/model").get_engine_config()


def test_papers_are_asked_about_with_the_prompt_of_what_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from serve.extractor.engine import reader_directory

    settings = Settings(profile="gpu").extractor
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (tmp_path / name).touch()
    entry = {"license": "MIT", "base": settings.model, "adapter": str(tmp_path)}
    catalog = tmp_path / "models.yaml"
    catalog.write_text(yaml.safe_dump({"models": {"mine": entry}}))
    monkeypatch.setenv(CATALOG_VARIABLE, str(catalog))

    adapted = settings.model_copy(update={"adapters": ("mine",), "reads_with": "mine"})

    assert reader_directory(settings, Path("/weights")) == Path("/weights")
    assert reader_directory(adapted, Path("/weights")) == tmp_path
