"""The ingress deployment: the HTTP application on top of the two models."""

from ray import serve
from ray.serve import Application
from ray.serve.handle import DeploymentHandle
from starlette.types import ASGIApp

from serve.exported import Export
from serve.http import create_app
from serve.logs import configure_logs
from serve.remote import RemoteModels
from serve.service import Service
from serve.settings import Settings
from serve.tracing import configure_tracing


@serve.ingress()
class Ingress:
    """Holds the service of one replica; Ray Serve routes HTTP into the application it builds."""

    def __init__(
        self, settings: Settings, classifier: DeploymentHandle, extractor: DeploymentHandle, engine: DeploymentHandle
    ) -> None:
        configure_logs(settings.log)
        configure_tracing(settings.tracing, component="ingress")
        may_rest = settings.extractor.scaling.min_replicas == 0
        self._service = Service(settings, RemoteModels(classifier, extractor, engine, may_rest=may_rest))

    def __serve_build_asgi_app__(self) -> ASGIApp:
        return create_app(self._service, echo_request_id=False)

    async def drain(self) -> int:
        """Refuse new work from now on; units of work still in flight."""
        self._service.drain()
        return self._service.in_flight

    async def export(self) -> Export:
        """This replica's part of `/metrics`."""
        replica = serve.get_replica_context().replica_id.unique_id
        return Export(replica, list(self._service.metrics.registry.collect()))


def ingress(settings: Settings, *, classifier: Application, extractor: Application, engine: Application) -> Application:
    """The whole service: the ingress in front of models, whatever they are."""
    return serve.deployment(Ingress, name="Ingress", **settings.ingress.deployment_options()).bind(
        settings, classifier, extractor, engine
    )
