"""What a run is told, the same on our command line, on locust's own, and in its web page."""

import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_serializer

from loadtest.load.calls import Priority
from loadtest.load.shapes import Shape

SHIPPED_LEVELS = Path(__file__).with_name("levels.yaml")

_SECONDS = {"h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s?)?")


def parse_duration(value: object) -> object:
    """`90`, `90s`, `5m` or `1h30m`, in seconds; anything but text is left as it is.

    Raises:
        ValueError: it is none of these.
    """
    if not isinstance(value, str):
        return value
    match = _DURATION.fullmatch(value.strip())
    if not value.strip() or match is None:
        raise ValueError(f"{value!r} is no duration; write 90s, 5m or 1h30m")
    return sum(int(match[unit] or 0) * seconds for unit, seconds in _SECONDS.items())


def _nothing(value: object) -> object:
    """Locust's options are text: an empty one is one that was not given."""
    return None if value == "" else value


class LoadOptions(BaseModel):
    """One run. Fields that are not its own, such as locust's, are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    shape: Shape = Field(default=Shape.STEADY, description=f"Shape of the load: {', '.join(Shape)}.")
    callers: int = Field(default=8, ge=1, description="Closed-loop callers at the height of the shape.")
    duration: Annotated[int, BeforeValidator(parse_duration)] = Field(
        default=300, ge=1, description="How long, as 90s, 5m or 1h30m; what was accepted is waited for on top of that."
    )
    papers: Annotated[Path | None, BeforeValidator(_nothing)] = Field(
        default=None, description="Folder or file of papers to send; made-up ones of the same lengths if not given."
    )
    seed: int = Field(default=0, description="Of the order of papers, the sizes of requests and the times of arrivals.")
    interactive_deadline_s: float = Field(default=30, gt=0, description="Deadline of requests of single papers.")
    bulk_deadline_s: float = Field(default=300, gt=0, description="Deadline of requests of many papers.")
    offered_multiple: float = Field(
        default=10, gt=0, description="Shape overload: arrivals, as a multiple of the best closed-loop goodput."
    )
    levels: Path = Field(default=SHIPPED_LEVELS, description="File of service levels.")
    levels_for: str = Field(default="cpu", description="The deployment in that file whose levels have to hold.")
    out: Path = Field(default=Path("reports/load"), description="Folder for the report.")

    @field_serializer("papers", "levels", "out")
    def _path_as_text(self, path: Path | None) -> str:
        return "" if path is None else str(path)

    def deadline_s(self, priority: Priority) -> float:
        return self.interactive_deadline_s if priority == "interactive" else self.bulk_deadline_s

    def arguments(self) -> list[str]:
        """The options as locust's command line takes them, with our locustfile."""
        values = self.model_dump(mode="json")
        return [part for name, value in values.items() for part in (_flag(name), str(value))]


def add_options(parser: ArgumentParser) -> None:
    """Teach locust's command line these options."""
    defaults = LoadOptions().model_dump(mode="json")
    for name, about in LoadOptions.model_fields.items():
        parser.add_argument(_flag(name), dest=name, default=str(defaults[name]), help=about.description)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
