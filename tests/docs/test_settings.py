"""The page on settings says what the profiles say, whatever is set where it is built."""

import pytest

from serve.settings import Settings
from tools.docs.settings import Setting, all_settings, anchor, profiles, settings_page, type_of


def setting(name: str) -> Setting:
    [found] = [found for found in all_settings() if found.name == name]
    return found


def test_values_are_those_of_the_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    port = setting("http.port")
    shipped = {profile: Settings(profile=profile).http.port for profile in profiles()}
    monkeypatch.setenv(port.variable, "9000")

    assert setting("http.port").values == shipped


@pytest.mark.parametrize("profile", profiles())
def test_every_variable_reaches_its_setting(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(setting("classifier.scaling.max_replicas").variable, "7")

    assert Settings(profile=profile).classifier.scaling.max_replicas == 7


@pytest.mark.parametrize("found", all_settings(), ids=lambda found: found.name)
def test_every_setting_says_what_it_is_for(found: Setting) -> None:
    assert (found.field.description or "").endswith(".")


def test_a_section_that_a_profile_lacks_has_no_values() -> None:
    assert setting("extractor.tagger.max_tokens").values["gpu"] is None


@pytest.mark.parametrize(
    ("name", "said", "unit"),
    [
        ("http.port", "whole number, at least 1, at most 65535", None),
        ("pipeline.bulk_share", "number, more than 0, at most 1", None),
        ("http.default_deadline_s", "number, more than 0", "seconds"),
        ("extractor.backend", "`tagger` or `generator`", None),
        ("cache.redis_url", "text or null", None),
    ],
)
def test_types_are_said_in_words(name: str, said: str, unit: str | None) -> None:
    assert type_of(setting(name).field) == said
    assert setting(name).unit == unit


def test_every_setting_is_on_the_page_once() -> None:
    page = settings_page()

    assert [page.count(f"{{#{anchor(found.name)}}}") for found in all_settings()] == [1] * len(all_settings())
