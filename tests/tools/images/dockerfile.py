"""The stages of the Dockerfile, and the project they package, as tests read them."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@dataclass
class Stage:
    """One `FROM` and what follows."""

    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        """The words after an instruction, of the stages below, too, lowest first."""
        below = STAGES[self.base].all(instruction) if self.base in STAGES else []
        return below + [words for name, words in self.steps if name == instruction]


def stages() -> dict[str, Stage]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found: dict[str, Stage] = {}
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        instruction, _, words = line.strip().partition(" ")
        if instruction == "FROM":
            base, _, name = words.partition(" AS ")
            found[name] = Stage(name, base)
        elif found and instruction:
            list(found.values())[-1].steps.append((instruction, " ".join(words.split())))
    return found


STAGES = stages()
