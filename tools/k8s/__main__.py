"""`python -m tools.k8s`: write what is generated in the manifests, check all of them, and bring them to a cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tools.k8s import deploy as steps
from tools.k8s.capacity import check_capacity
from tools.k8s.deploy import DeployError
from tools.k8s.findings import Finding
from tools.k8s.overlays import ManifestError, Overlay, overlays
from tools.k8s.policies import check_policies
from tools.k8s.schemas import KUBERNETES_VERSIONS, check_core, check_custom, is_custom, is_defined

PREVIOUS = Path("runs/k8s/previous.yaml")

console = Console(highlight=False, soft_wrap=True)
cli = typer.Typer(add_completion=False, no_args_is_help=True, help="The manifests under k8s/.")


@cli.command()
def generate() -> None:
    """Write k8s/overlays/*/generated from each overlay's serve.yaml and its profile.

    The Serve config is taken from the application itself, which starts a small local Ray: half a minute in all.
    """
    from tools.k8s.generated import files
    from tools.k8s.local_ray import local_ray

    with local_ray():
        for overlay in overlays():
            for path, content in files(overlay).items():
                path.parent.mkdir(exist_ok=True)
                changed = not path.is_file() or path.read_text(encoding="utf-8") != content
                path.write_text(content, encoding="utf-8")
                console.print(f"{'written' if changed else 'as it was'}  {overlay.name}/generated/{path.name}")


@cli.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Overlays; all if not given.")] = None,
    crds: Annotated[Path | None, typer.Option(help="Folder with CRDs, KubeRay's among them.")] = None,
) -> None:
    """Render overlays and check them: schemas, policies, resources that add up. Exit status 1 if anything is wrong."""
    with _explained():
        findings = [finding for overlay in _overlays(names or []) for finding in _report(overlay, crds)]
    raise typer.Exit(1 if findings else 0)


@cli.command()
def deploy(
    name: Annotated[str, typer.Argument(help="The overlay.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and run nothing.")] = False,
    previous: Annotated[Path, typer.Option(help="Where to keep what runs now, for `rollback`.")] = PREVIOUS,
    port: Annotated[int, typer.Option(help="Local port of the smoke test.")] = 18000,
) -> None:
    """Apply an overlay to the cluster of kubectl's current context, wait until it is ready, and ask for one answer."""
    overlay = _overlays([name])[0]
    with _explained():
        steps.deploy(steps.Cluster(_say, dry_run=dry_run), overlay, previous=previous, port=port)


@cli.command()
def rollback(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and run nothing.")] = False,
    previous: Annotated[Path, typer.Option(help="What `deploy` kept.")] = PREVIOUS,
    port: Annotated[int, typer.Option(help="Local port of the smoke test.")] = 18000,
) -> None:
    """Apply the RayService that ran before the last `deploy`."""
    with _explained():
        steps.rollback(steps.Cluster(_say, dry_run=dry_run), previous=previous, port=port)


def _say(line: str) -> None:
    console.print(line, markup=False)


@contextmanager
def _explained() -> Iterator[None]:
    """A failure is one message, and exit status 1."""
    try:
        yield
    except (ManifestError, DeployError) as error:
        console.print("[red]error:[/red]", end=" ")
        _say(str(error))
        raise typer.Exit(1) from None


def _overlays(names: list[str]) -> list[Overlay]:
    known = {overlay.name: overlay for overlay in overlays()}
    if unknown := set(names) - known.keys():
        raise typer.BadParameter(f"there is no overlay {', '.join(sorted(unknown))}; there is: {', '.join(known)}")
    return [known[name] for name in names or known]


def _report(overlay: Overlay, crds: Path | None) -> list[Finding]:
    manifests = overlay.render()
    findings = list(_findings(overlay, crds))
    console.print(f"[{'red' if findings else 'green'}]{overlay.name}[/]: {len(manifests)} manifests")
    for finding in findings:
        console.print(f"  {finding}", markup=False)
    custom = [manifest for manifest in manifests if is_custom(manifest)]
    skipped = {manifest["kind"] for manifest in custom if crds is None or not is_defined(manifest, crds)}
    if skipped:
        console.print(f"  no schema at hand for: {', '.join(sorted(skipped))}")
    return findings


def _findings(overlay: Overlay, crds: Path | None) -> Iterator[Finding]:
    manifests = overlay.render()
    for version in KUBERNETES_VERSIONS:
        yield from check_core(manifests, version)
    if crds:
        yield from check_custom(manifests, crds)
    yield from check_policies(manifests)
    yield from check_capacity(manifests, overlay.settings)


if __name__ == "__main__":
    cli()
