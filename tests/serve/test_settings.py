"""One settings object: profile, then environment, then arguments."""

from pathlib import Path

import cloudpickle
import pytest
from pydantic import ValidationError

from serve.settings import PROFILES_DIR, Settings

PROFILES = sorted(path.stem for path in PROFILES_DIR.glob("*.yaml"))


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_complete_and_knows_its_name(name: str) -> None:
    assert Settings(profile=name).profile == name


@pytest.mark.parametrize("name", PROFILES)
def test_every_deployment_is_bounded(name: str) -> None:
    settings = Settings(profile=name)

    tagger = settings.extractor.tagger
    taggers = [tagger.scaling] if tagger else []
    for scaling in (settings.ingress, settings.classifier.scaling, settings.extractor.scaling, *taggers):
        options = scaling.deployment_options()
        assert options["max_ongoing_requests"] < 10_000
        assert options["max_queued_requests"] < 10_000
        assert options["autoscaling_config"]["target_ongoing_requests"] <= options["max_ongoing_requests"]


def test_the_environment_overrides_the_profile_and_arguments_override_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSERVE_HTTP__PORT", "9001")

    assert Settings(profile="cpu").http.port == 9001
    assert Settings(profile="cpu", http={"port": 9002}).http.port == 9002
    assert Settings(profile="cpu", http={"port": 9002}).http.host == "127.0.0.1"


def test_a_file_of_keys_is_named_from_where_the_service_was_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUBSERVE_KEYS__FILE", "keys.yaml")

    assert Settings().keys.file == str(tmp_path / "keys.yaml")


def test_an_engine_runs_no_code_of_a_models_repository() -> None:
    with pytest.raises(ValidationError, match="trust_remote_code"):
        Settings(profile="cpu", extractor={"engine": {"trust_remote_code": True}})


def test_the_environment_chooses_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSERVE_PROFILE", "gpu")

    assert Settings().extractor.model == "phi-4"


def test_a_name_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"unknown profile 'tpu'; profiles: cpu, gpu"):
        Settings(profile="tpu")
    with pytest.raises(ValidationError, match="prot"):
        Settings(profile="cpu", http={"prot": 1})


def test_a_backend_needs_its_section() -> None:
    with pytest.raises(ValidationError, match="`backend: tagger` needs a `tagger` section"):
        Settings(profile="gpu", extractor={"backend": "tagger"})


def test_papers_are_read_with_an_adapter_that_is_served() -> None:
    with pytest.raises(ValidationError, match="`reads_with: mine` is not one of `adapters`"):
        Settings(profile="gpu", extractor={"reads_with": "mine"})

    settings = Settings(profile="gpu", extractor={"adapters": ["mine"], "reads_with": "mine"})

    assert settings.extractor.served_names == ("phi-4", "mine")


def test_the_models_to_prepare_are_those_that_are_loaded() -> None:
    assert Settings(profile="cpu").models == ["cancer-classifier", "disease-tagger", "smollm2-135m-instruct"]
    assert Settings(profile="cpu", extractor={"backend": "generator"}).models == [
        "cancer-classifier",
        "smollm2-135m-instruct",
    ]


def test_settings_travel_to_replicas_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = cloudpickle.dumps(Settings(profile="cpu", http={"port": 9003}))
    monkeypatch.setenv("PUBSERVE_HTTP__PORT", "1")

    assert cloudpickle.loads(sent).http.port == 9003


def test_ray_serves_arguments_are_settings() -> None:
    """`serve run serve.app:build http.port=…` validates a dict."""
    assert Settings.model_validate({"profile": "gpu"}).profile == "gpu"
