"""Every rule, on a good deployment with one thing wrong."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.k8s.conftest import rendered, service_of
from tools.k8s.overlays import Manifest
from tools.k8s.policies import check_policies

LABELS = {"app.kubernetes.io/part-of": "site", "app.kubernetes.io/component": "web"}
GOOD: list[Manifest] = [
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny"},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    },
    {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1},
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "automountServiceAccountToken": False,
                    "priorityClassName": "high",
                    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                    "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
                    "containers": [
                        {
                            "name": "web",
                            "image": "registry.example.com/web:1.0",
                            "resources": {
                                "requests": {"cpu": "1", "memory": "1Gi"},
                                "limits": {"cpu": "2", "memory": "1Gi"},
                            },
                            "securityContext": {
                                "allowPrivilegeEscalation": False,
                                "readOnlyRootFilesystem": True,
                                "capabilities": {"drop": ["ALL"]},
                            },
                            "readinessProbe": {"httpGet": {"port": 80}},
                            "livenessProbe": {"httpGet": {"port": 80}},
                        }
                    ],
                },
            }
        },
    },
]

Spoil = Callable[[dict[str, Any], dict[str, Any]], Any]
"""Changes the spec of the pod, or its container."""


def findings_with(spoil: Spoil) -> list[str]:
    manifests = deepcopy(GOOD)
    spec = manifests[2]["spec"]["template"]["spec"]
    spoil(spec, spec["containers"][0])
    return [finding.what for finding in check_policies(manifests)]


def test_nothing_is_said_of_what_is_good() -> None:
    assert list(check_policies(GOOD)) == []


@pytest.mark.parametrize("image", ["web", "web:latest", "registry.example.com:5000/web", "web:"])
def test_an_image_names_its_version(image: str) -> None:
    assert "names no version" in findings_with(lambda _, container: container.update(image=image))[0]


@pytest.mark.parametrize("image", [f"web@sha256:{'0' * 64}", "registry.example.com:5000/web:1.0-cpu"])
def test_a_tag_or_a_digest_will_do(image: str) -> None:
    assert findings_with(lambda _, container: container.update(image=image)) == []


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda _, c: c["resources"].pop("limits"), "resources.limits.cpu"),
        (lambda _, c: c["resources"]["requests"].pop("cpu"), "resources.requests.cpu"),
        (lambda _, c: c["resources"]["limits"].update(memory="2Gi"), "request and limit equal"),
        (lambda _, c: c.pop("securityContext"), "readOnlyRootFilesystem"),
        (lambda _, c: c["securityContext"].update(capabilities={"drop": ["NET_RAW"]}), "capabilities.drop"),
        (lambda _, c: c["securityContext"].update(runAsUser=0), "runs as root"),
        (lambda _, c: c["securityContext"].update(privileged=True), "runs as root"),
        (lambda s, _: s["securityContext"].pop("runAsNonRoot"), "runAsNonRoot"),
        (lambda s, _: s["securityContext"].pop("seccompProfile"), "seccompProfile"),
        (lambda s, _: s.pop("automountServiceAccountToken"), "automountServiceAccountToken"),
        (lambda s, _: s.update(hostNetwork=True), "hostNetwork"),
        (lambda s, _: s["volumes"].append({"name": "h", "hostPath": {"path": "/"}}), "hostPath"),
        (lambda s, _: s["volumes"].append({"name": "e", "emptyDir": {}}), "sizeLimit"),
        (lambda s, _: s.pop("priorityClassName"), "priorityClassName"),
        (lambda s, _: s.update(priorityClassName="higher"), "no PriorityClass 'higher'"),
        (lambda s, _: s["volumes"].append({"name": "c", "configMap": {"name": "gone"}}), "no ConfigMap 'gone'"),
        (lambda _, c: c.pop("readinessProbe"), "readinessProbe"),
        (lambda _, c: c.pop("livenessProbe"), "livenessProbe"),
    ],
)
def test_a_pod_with_one_thing_wrong_is_found(spoil: Spoil, found: str) -> None:
    assert any(found in what for what in findings_with(spoil))


@pytest.mark.parametrize("label", LABELS)
def test_a_pod_that_does_not_say_what_it_is_part_of_is_found(label: str) -> None:
    manifests = deepcopy(GOOD)
    del manifests[2]["spec"]["template"]["metadata"]["labels"][label]

    [finding] = check_policies(manifests)

    assert label in finding.what


def test_what_runs_to_completion_needs_no_probes() -> None:
    job = deepcopy(GOOD)
    job[2]["kind"] = "Job"
    for probe in ("readinessProbe", "livenessProbe"):
        del job[2]["spec"]["template"]["spec"]["containers"][0][probe]

    assert list(check_policies(job)) == []


def test_a_namespace_without_a_default_policy_is_found() -> None:
    assert any("no default" in finding.what for finding in check_policies(GOOD[1:]))


@pytest.mark.parametrize("to", [[], [{"ipBlock": {"cidr": "0.0.0.0/0"}}], [{"ipBlock": {"cidr": "::/0"}}]])
def test_only_what_fetches_models_reaches_the_internet(to: list[Any]) -> None:
    policy: Manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "out"},
        "spec": {"podSelector": {"matchLabels": LABELS}, "egress": [{"to": to}]},
    }

    [finding] = check_policies([*GOOD, policy])

    assert "internet" in finding.what


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"minAvailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/component": "gone"}}}, "selects none"),
        ({"maxUnavailable": 1, "selector": {"matchLabels": LABELS}}, "minAvailable as a number"),
        ({"minAvailable": "50%", "selector": {"matchLabels": LABELS}}, "minAvailable as a number"),
    ],
)
def test_a_disruption_budget_that_does_nothing_is_found(spec: dict[str, Any], found: str) -> None:
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": spec}
    assert any(found in finding.what for finding in check_policies([*GOOD, budget]))


def test_the_containers_that_kuberay_adds_are_held_to_the_same() -> None:
    manifests = deepcopy(rendered("gpu"))
    options = service_of(manifests)["spec"]["rayClusterConfig"]["autoscalerOptions"]
    del options["securityContext"], options["resources"]["limits"], options["version"]

    said = " ".join(finding.what for finding in check_policies(manifests))

    for wanted in ("readOnlyRootFilesystem", "resources.limits.memory", "version: v2"):
        assert wanted in said
