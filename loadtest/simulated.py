"""The service with models of simulated speed: everything but the arithmetic is real.

Shows what surrounds the models (ingress, pipeline, queues, autoscaling, many replicas) at speeds that the machine at
hand could not compute. One token is four characters.

    python -m loadtest.simulated --port 8001 --tokens-per-s 100000
"""

import signal
from typing import Annotated, Any

import typer
from ray import serve
from ray.serve import Application

from loadtest.simulated_models import SimulatedClassifier, SimulatedEngine, SimulatedTagger
from serve.ingress import ingress
from serve.ray_environment import set_ray_environment
from serve.settings import Scaling, Settings

INSTANT = float("inf")


def build_simulated(
    settings: Settings, *, tokens_per_s: float = INSTANT, start_s: float = 0.0, engine: Application | None = None
) -> Application:
    """The service of `settings`, its models replaced. Start it with `ray.serve.run`.

    `tokens_per_s` is the speed of each replica of each model; `start_s` is how long a new one takes to be there. An
    `engine` that is given is not replaced.
    """
    arguments = (tokens_per_s, start_s, settings.tracing)
    classifier = _deployment(SimulatedClassifier, "Classifier", settings.classifier.scaling, *arguments)
    engine = engine or _deployment(
        SimulatedEngine, "Engine", settings.extractor.scaling, tokens_per_s, 0.0, settings.tracing
    )
    extractor = engine
    if tagger := settings.extractor.active_tagger:
        extractor = _deployment(SimulatedTagger, "Tagger", tagger.scaling, *arguments)
    return ingress(settings, classifier=classifier, extractor=extractor, engine=engine)


def build(settings: Settings) -> Application:
    """As `serve.app:build`, for a Serve config to name in its place."""
    return build_simulated(settings)


def _deployment(model: Any, name: str, scaling: Scaling, *arguments: Any) -> Application:
    return serve.deployment(model, name=name, **scaling.deployment_options()).bind(*arguments)


def main(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8001,
    tokens_per_s: Annotated[float, typer.Option(help="Speed of each model; instant if not given.")] = INSTANT,
    start_s: Annotated[float, typer.Option(help="Seconds that a new replica takes to be there.")] = 0.0,
    profile: Annotated[str, typer.Option(help="Profile whose settings the service runs with.")] = "cpu",
) -> None:
    """Serve with simulated models until interrupted."""
    import ray

    settings = Settings(profile=profile)
    set_ray_environment()
    ray.init(
        address="local",
        num_cpus=settings.ray.num_cpus,
        object_store_memory=settings.ray.object_store_mb * 2**20,
        include_dashboard=False,
        logging_level="WARNING",
        log_to_driver=False,
    )
    try:
        serve.start(http_options={"host": settings.http.host, "port": port})
        serve.run(build_simulated(settings, tokens_per_s=tokens_per_s, start_s=start_s))
        typer.echo(f"Serving simulated models on http://{settings.http.host}:{port}  Stop: Ctrl-C")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
        serve.shutdown()
    finally:
        ray.shutdown()


if __name__ == "__main__":
    typer.run(main)
