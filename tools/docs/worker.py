"""The settings of `pubserve worker`: name, variable, type, and default."""

from streams.settings import WorkerSettings
from tools.docs.markdown import code, definitions
from tools.docs.settings import type_of


def worker_variables() -> set[str]:
    """The environment variables that a worker reads."""
    return {_variable(name) for name in WorkerSettings.model_fields}


def worker_page() -> str:
    """One entry for each setting, in the order in which they are declared."""
    return definitions(_entry(name) for name in WorkerSettings.model_fields)


def _variable(name: str) -> str:
    return f"{WorkerSettings.model_config['env_prefix']}{name.upper()}"


def _entry(name: str) -> tuple[str, str, str]:
    field = WorkerSettings.model_fields[name]
    facts = [type_of(field), "needed"] if field.is_required() else [type_of(field)]
    if field.default and not field.is_required() and field.default_factory is None:
        facts.append(f"default: {field.default:,}" if isinstance(field.default, int) else f"default: {field.default}")
    return code(name), field.description or "", " · ".join([*facts, code(_variable(name))])
