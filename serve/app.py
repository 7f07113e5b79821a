"""The whole composition: `serve run serve.app:build`, `serve build serve.app:app`, and `make serve` all come here."""

from ray import serve
from ray.serve import Application
from ray.serve.llm import build_llm_deployment

from serve.classifier.deployment import Classifier
from serve.extractor.engine import Engine, engine_config
from serve.extractor.tagger_deployment import Tagger
from serve.ingress import ingress
from serve.settings import Settings

APP_NAME = "pubserve"


def build(settings: Settings) -> Application:
    """Ingress and pipeline, a classifier, an extractor and an engine, each scaled by its own settings.

    The extractor is the tagger, or the engine itself.

    `serve run serve.app:build profile=gpu` passes arguments as settings.
    """
    classifier = serve.deployment(
        Classifier, name="Classifier", **settings.classifier.scaling.deployment_options()
    ).bind(settings.classifier, settings.log, settings.tracing)
    engine = engine_of(settings)
    extractor = engine
    if tagger := settings.extractor.active_tagger:
        extractor = serve.deployment(Tagger, name="Tagger", **tagger.scaling.deployment_options()).bind(
            tagger, settings.log, settings.tracing
        )
    return ingress(settings, classifier=classifier, extractor=extractor, engine=engine)


def engine_of(settings: Settings) -> Application:
    """The extractor's engine. Starts Ray if it is not running."""
    return build_llm_deployment(
        engine_config(settings.extractor, model_source=settings.extractor.model),
        deployment_cls=Engine,
        bind_kwargs={"settings": settings.extractor, "logs": settings.log, "traces": settings.tracing},
        override_serve_options={"name": "Engine"},
    )


def __getattr__(name: str) -> Application:
    # `serve build` wants an application, not a builder. Made on demand: importing this module starts nothing.
    if name == "app":
        return build(Settings())
    raise AttributeError(name)
