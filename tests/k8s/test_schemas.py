"""The schema checks catch what the API server would refuse, and what it would drop without a word."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.k8s.conftest import rendered, service_of
from tools.k8s.overlays import Manifest, ManifestError
from tools.k8s.schemas import check_core, check_custom

SERVICE: Manifest = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 80}]},
}


@pytest.mark.parametrize(
    "spec", [{"ports": [{"port": "eighty"}]}, {"ports": [{"port": 80}], "sessionAfinity": "None"}, {"ports": [{}]}]
)
def test_a_core_kind_with_a_wrong_type_an_unknown_or_a_missing_field_is_found(spec: dict[str, Any]) -> None:
    assert list(check_core([SERVICE], "1.37")) == []
    [finding] = check_core([{**SERVICE, "spec": spec}], "1.37")
    assert finding.where == "Service/web"


def test_so_is_a_misspelt_field_in_the_pods_of_a_ray_service() -> None:
    service = deepcopy(service_of(rendered("gpu")))
    extractor = service["spec"]["rayClusterConfig"]["workerGroupSpecs"][2]
    extractor["template"]["spec"]["terminationGracePeriod"] = 10

    [finding] = check_core([service], "1.37")

    assert finding.where == "RayService/pubserve extractor"
    assert "terminationGracePeriod" in finding.what


@pytest.mark.parametrize("misspelt", ["enableInTreeAutoScaling", "gcsFaultTolerance"])
def test_a_field_that_the_operator_does_not_know_is_found(misspelt: str, crds: Path) -> None:
    service = deepcopy(service_of(rendered("gpu")))
    service["spec"]["rayClusterConfig"][misspelt] = True

    [finding] = check_custom([service], crds)

    assert misspelt in finding.what


def test_a_missing_definition_is_an_error_and_no_pass(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="there is no"):
        list(check_custom([service_of(rendered("gpu"))], tmp_path))


SCALED: Manifest = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
    "metadata": {"name": "worker"},
    "spec": {"scaleTargetRef": {"name": "worker"}, "minReplicas": 1},
}
DEFINITION = """
spec:
  versions:
    - name: v1alpha1
      schema:
        openAPIV3Schema:
          type: object
          properties:
            apiVersion: {type: string}
            kind: {type: string}
            metadata: {type: object}
            spec: {type: object, properties: {scaleTargetRef: {type: object}, minReplicaCount: {type: integer}}}
"""


def test_kinds_of_other_operators_are_checked_where_their_definition_is_at_hand(tmp_path: Path) -> None:
    assert list(check_custom([SCALED], tmp_path)) == []

    (tmp_path / "keda.sh_scaledobjects.yaml").write_text(DEFINITION, encoding="utf-8")
    [finding] = check_custom([SCALED], tmp_path)

    assert "'minReplicas' was unexpected" in finding.what
