"""Every setting, from the typed object: name, environment variable, type, unit, and its value in each profile."""

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
import yaml
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from serve.settings import PROFILES_DIR, Section, Settings, profile_path
from tools.docs.markdown import code, definitions

UNITS = {
    "_s": "seconds",
    "_ms": "milliseconds",
    "_h": "hours",
    "_bytes": "bytes",
    "_mb": "MiB",
    "_chars": "characters",
    "_tokens": "tokens",
    "tokens_in_flight": "tokens",
    "cpus": "logical CPUs",
    "gpus": "GPUs",
}
NAMES = {int: "whole number", float: "number", str: "text", SecretStr: "text", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One leaf of the tree of settings."""

    path: tuple[str, ...]
    field: FieldInfo
    values: dict[str, Any]
    """By profile."""

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        prefix = Settings.model_config["env_prefix"]
        delimiter = Settings.model_config["env_nested_delimiter"] or ""
        return f"{prefix}{delimiter.join(self.path).upper()}"

    @property
    def unit(self) -> str | None:
        return next((unit for suffix, unit in UNITS.items() if self.path[-1].endswith(suffix)), None)


def all_settings() -> list[Setting]:
    """In the order in which they are declared."""
    shipped = {profile: _shipped(profile) for profile in profiles()}
    return list(_leaves(Settings, (), shipped))


def profiles() -> list[str]:
    return sorted(path.stem for path in PROFILES_DIR.glob("*.yaml"))


def settings_page() -> str:
    """A section of the page for each group of settings."""
    parts: list[str] = []
    found = all_settings()
    for group in dict.fromkeys(setting.path[0] for setting in found):
        parts.append(f"## {group}\n")
        model = Settings.model_fields[group].annotation
        if isinstance(model, type) and issubclass(model, Section) and model.__doc__ and len(_groups_of(model)) == 1:
            parts.append(model.__doc__.split("\n\n")[0] + "\n")
        parts.append(definitions(_entry(setting) for setting in found if setting.path[0] == group))
    return "\n".join(parts)


def anchor(name: str) -> str:
    """Where the page tells of a setting: `http.max_body_bytes` at `#setting-http-max-body-bytes`."""
    return f"setting-{re.sub('[._]', '-', name)}"


def type_of(field: FieldInfo) -> str:
    """In words: `whole number, at least 1`, `tagger or generator`."""
    return ", ".join([_type_name(field.annotation), *(_bound(bound) for bound in field.metadata)])


def _groups_of(model: type[Section]) -> list[str]:
    return [name for name, field in Settings.model_fields.items() if field.annotation is model]


def _entry(setting: Setting) -> tuple[str, str, str]:
    same = len({repr(value) for value in setting.values.values()}) == 1
    values = setting.values if not same else {"default": next(iter(setting.values.values()))}
    said = ", ".join(
        f"{profile if profile == 'default' else code(profile)}: {_value(value)}" for profile, value in values.items()
    )
    unit = f" of {setting.unit}" if setting.unit and "number" in type_of(setting.field) else ""
    kind = type_of(setting.field).replace("number", f"number{unit}", 1)
    return (
        f"[{code(setting.name)}]{{#{anchor(setting.name)}}}",
        setting.field.description or "",
        f"{kind} · {said} · {code(setting.variable)}",
    )


def _shipped(profile: str) -> dict[str, Any]:
    """What a profile's file says, checked and with the defaults filled in; the environment is not asked."""
    given = yaml.safe_load(profile_path(profile).read_text(encoding="utf-8"))
    values: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        model = _model_in(field.annotation)
        values[name] = model.model_validate(given[name]) if model and name in given else given.get(name, field.default)
    return values


def _leaves(model: type[BaseModel], path: tuple[str, ...], values: dict[str, Any]) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        inner = {profile: _member(value, name) for profile, value in values.items()}
        if nested := _model_in(field.annotation):
            yield from _leaves(nested, (*path, name), inner)
        else:
            yield Setting((*path, name), field, inner)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The section behind a type, optional or not."""
    members = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    return next((kind for kind in members if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _type_name(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join("null" if kind is type(None) else _type_name(kind) for kind in arguments)
    if origin is Literal:
        return " or ".join(code(value) for value in arguments)
    if origin is tuple:
        return "JSON list"
    if origin is dict:
        return "JSON object"
    return NAMES[annotation]


def _bound(bound: Any) -> str:
    match bound:
        case annotated_types.Ge(ge=least):
            return f"at least {least}"
        case annotated_types.Gt(gt=least):
            return f"more than {least}"
        case annotated_types.Le(le=most):
            return f"at most {most}"
        case annotated_types.MinLen(min_length=1):
            return "not empty"
        case _:
            raise NotImplementedError(f"say what {bound!r} means, in {__name__}")


def _value(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return f"{value:,}" if abs(value) >= 10_000 else str(value)
        case tuple() | list() | dict():
            return code(yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()) if value else "empty"
        case _:
            return code(value) if isinstance(value, str) else f"{value:g}"
