"""Who reaches whom: the load balancer, services, autoscalers, zones and network policies."""

from __future__ import annotations

import ipaddress
import json

from functions import registry
from local.deploy.chart import manifests
from tests.support.cluster import Cluster

KINDS = ("Deployment", "Service", "PodDisruptionBudget", "ServiceAccount")


def test_every_service_of_the_bundle_has_each_kind_of_object(cluster: Cluster) -> None:
    for kind in KINDS:
        assert set(cluster.all(kind)) == set(registry.SERVICES), kind


def test_whatever_selects_pods_selects_those_of_its_service_alone(cluster: Cluster) -> None:
    def chosen(selector: dict[str, str]) -> list[str]:
        labels = {name: cluster.template(name)["metadata"]["labels"] for name in cluster.services}
        return [name for name, given in labels.items() if selector.items() <= given.items()]

    for name in cluster.services:
        deployment, budget = cluster.all("Deployment")[name], cluster.all("PodDisruptionBudget")[name]
        selectors = [
            deployment["spec"]["selector"]["matchLabels"],
            budget["spec"]["selector"]["matchLabels"],
            cluster.all("Service")[name]["spec"]["selector"],
            *(each["labelSelector"]["matchLabels"] for each in spread(cluster, name)),
        ]
        if name in cluster.all("NetworkPolicy"):
            selectors.append(cluster.all("NetworkPolicy")[name]["spec"]["podSelector"]["matchLabels"])
        assert [chosen(selector) for selector in selectors] == [[name]] * len(selectors)


def test_selectors_have_nothing_that_a_new_version_changes(cluster: Cluster) -> None:
    for deployment in cluster.all("Deployment").values():
        names = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}
        assert set(deployment["spec"]["selector"]["matchLabels"]) == names


def test_a_service_sends_to_the_port_that_its_container_listens_on(cluster: Cluster) -> None:
    for name, service in cluster.all("Service").items():
        (sent,), (listened,) = service["spec"]["ports"], cluster.container(name)["ports"]
        assert sent["targetPort"] == listened["name"]
        # What the VPC CNI asks for under network policies.
        assert (sent["name"], sent["port"]) == (listened["name"], listened["containerPort"])
        assert cluster.environ(name)["PORT"] == str(listened["containerPort"])
        assert cluster.environ(name)["HOST"] == "0.0.0.0"  # noqa: S104


def test_one_load_balancer_has_the_path_of_every_service_and_no_other(production: Cluster) -> None:
    (rule,) = production.all("Ingress")[""]["spec"]["rules"]
    paths = {each["path"]: each for each in rule["http"]["paths"]}
    assert set(paths) == {f"/{name}" for name in registry.SERVICES}
    for name in registry.SERVICES:
        backend = paths[f"/{name}"]["backend"]["service"]
        service = production.all("Service")[name]
        assert paths[f"/{name}"]["pathType"] == "Prefix"
        assert backend == {"name": service["metadata"]["name"], "port": {"name": service["spec"]["ports"][0]["name"]}}


def test_the_load_balancer_sends_to_pods_themselves_and_asks_whether_they_are_ready(
    production: Cluster, answered: set[str]
) -> None:
    annotations = {key.partition("/")[2]: value for key, value in production.annotations().items()}
    assert production.all("Ingress")[""]["spec"]["ingressClassName"] == "alb"
    assert annotations["target-type"] == "ip"
    assert (annotations["healthcheck-path"], annotations["success-codes"]) == ("/readyz", "200")
    assert annotations["healthcheck-port"] == "traffic-port"
    assert annotations["healthcheck-path"] in answered


def test_without_a_certificate_there_is_http_and_with_one_it_redirects(nodes: Cluster) -> None:
    assert "certificate-arn" not in str(nodes.annotations())
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b"
    annotations = Cluster(
        manifests.objects(manifests.render("nodes", "--set", f"ingress.certificateArn={arn}"))
    ).annotations()
    assert annotations["alb.ingress.kubernetes.io/certificate-arn"] == arn
    assert annotations["alb.ingress.kubernetes.io/ssl-redirect"] == "443"
    assert '"HTTPS": 443' in annotations["alb.ingress.kubernetes.io/listen-ports"]


def test_another_ingress_class_is_told_nothing_of_a_load_balancer(helm: None) -> None:
    text = manifests.render("laptop", "--set", "ingress.enabled=true,ingress.className=traefik")
    ingress = Cluster(manifests.objects(text)).all("Ingress")[""]
    assert ingress["spec"]["ingressClassName"] == "traefik"
    assert "alb." not in str(ingress)


def test_annotations_that_are_given_are_over_those_of_the_chart(helm: None) -> None:
    given = {"alb.ingress.kubernetes.io/healthcheck-interval-seconds": "30", "example.com/team": "ours"}
    text = manifests.render("nodes", "--set-json", f"ingress.annotations={json.dumps(given)}")
    annotations = Cluster(manifests.objects(text)).annotations()
    assert given.items() <= annotations.items()
    assert annotations["alb.ingress.kubernetes.io/target-type"] == "ip"
    assert text.count("healthcheck-interval-seconds") == 1


def test_more_attributes_of_the_load_balancer_stand_beside_those_of_the_chart(helm: None) -> None:
    given = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": "ours"}
    text = manifests.render("nodes", "--set-json", f"ingress.loadBalancerAttributes={json.dumps(given)}")
    cluster = Cluster(manifests.objects(text))
    assert {name: cluster.attribute("load-balancer", name) for name in given} == given
    assert cluster.attribute("load-balancer", "idle_timeout.timeout_seconds") == "60"


def test_in_production_two_pods_are_the_least_and_a_ceiling_is_set(production: Cluster) -> None:
    scalers = production.all("HorizontalPodAutoscaler")
    assert set(scalers) == set(registry.SERVICES)
    for name, scaler in scalers.items():
        spec = scaler["spec"]
        assert 2 <= spec["minReplicas"] <= spec["maxReplicas"]
        assert spec["scaleTargetRef"]["name"] == production.all("Deployment")[name]["metadata"]["name"]
        (metric,) = spec["metrics"]
        assert metric["resource"]["name"] == "cpu"
        assert metric["resource"]["target"]["averageUtilization"] < 100


def test_where_an_autoscaler_counts_the_deployment_does_not(production: Cluster) -> None:
    for deployment in production.all("Deployment").values():
        assert "replicas" not in deployment["spec"]


def spread(cluster: Cluster, service: str) -> list[dict[str, object]]:
    constraints: list[dict[str, object]] = cluster.template(service)["spec"]["topologySpreadConstraints"]
    return constraints


def test_pods_are_spread_over_zones_and_nodes_and_start_even_with_a_zone_gone(cluster: Cluster) -> None:
    for name in cluster.services:
        keys = [each["topologyKey"] for each in spread(cluster, name)]
        assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
        assert {each["whenUnsatisfiable"] for each in spread(cluster, name)} == {"ScheduleAnyway"}
        assert {each["maxSkew"] for each in spread(cluster, name)} == {1}


def test_pods_are_reached_from_private_networks_alone_and_on_their_one_port(nodes: Cluster) -> None:
    for name, policy in nodes.all("NetworkPolicy").items():
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        (rule,) = policy["spec"]["ingress"]
        assert rule["ports"] == [{"protocol": "TCP", "port": nodes.container(name)["ports"][0]["name"]}]
        for source in rule["from"]:
            network = ipaddress.ip_network(source["ipBlock"]["cidr"])
            assert network.is_private or network == ipaddress.ip_network("100.64.0.0/10")


def test_a_service_without_a_store_reaches_nobody_and_twitter_its_database_and_dns(nodes: Cluster) -> None:
    policies = nodes.all("NetworkPolicy")
    assert set(policies) == set(registry.SERVICES)
    for service in registry.load():
        rules = policies[service.name]["spec"]["egress"]
        ports = {(port["protocol"], port["port"]) for rule in rules for port in rule["ports"]}
        assert ports == ({("UDP", 53), ("TCP", 53), ("TCP", 3306)} if service.stored else set())
        assert all(rule["to"] for rule in rules)


def reachable(cluster: Cluster, service: str) -> set[tuple[str, int]]:
    """The networks and ports that a service's pods may reach."""
    rules = cluster.all("NetworkPolicy")[service]["spec"]["egress"]
    return {
        (to["ipBlock"]["cidr"], port["port"])
        for rule in rules
        for to in rule["to"]
        if "ipBlock" in to
        for port in rule["ports"]
    }


def test_pods_with_an_identity_reach_its_credentials_names_and_the_apis(helm: None) -> None:
    cluster = Cluster(manifests.objects(manifests.render("nodes", "--set", "identity=pod-identity")))
    assert reachable(cluster, "qrcode") == {("169.254.170.23/32", 80), ("0.0.0.0/0", 443)}
    assert reachable(cluster, "twitter") > reachable(cluster, "qrcode")
    assert "kube-dns" in str(cluster.all("NetworkPolicy")["qrcode"])


def test_with_irsa_pods_that_have_a_role_reach_https_and_others_nothing(helm: None) -> None:
    role = "services.qrcode.roleArn=arn:aws:iam::123456789012:role/crossover-qrcode"
    cluster = Cluster(manifests.objects(manifests.render("nodes", "--set", f"identity=irsa,{role}")))
    assert reachable(cluster, "qrcode") == {("0.0.0.0/0", 443)}
    assert "kube-dns" in str(cluster.all("NetworkPolicy")["qrcode"])
    assert cluster.all("NetworkPolicy")["blockchain"]["spec"]["egress"] == []


def test_a_dns_server_beside_the_clusters_own_is_reached_where_its_network_is_given(helm: None) -> None:
    text = manifests.render("nodes", "--set", "networkPolicy.dns={169.254.20.10/32}")
    cluster = Cluster(manifests.objects(text))
    assert ("169.254.20.10/32", 53) in reachable(cluster, "twitter")
    assert reachable(cluster, "qrcode") == set()


def test_fargate_which_enforces_no_network_policy_is_given_none(fargate: Cluster) -> None:
    assert fargate.all("NetworkPolicy") == {}


def test_fargate_is_asked_for_nothing_that_a_daemonset_does(fargate: Cluster) -> None:
    for name in fargate.services:
        volumes = fargate.template(name)["spec"]["volumes"]
        assert {kind for each in volumes for kind in each} == {"name", "emptyDir"}
        assert "hostPort" not in fargate.container(name)["ports"][0]


def test_a_laptop_has_one_pod_a_service_and_no_load_balancer(laptop: Cluster) -> None:
    assert laptop.all("Ingress") == {}
    assert laptop.all("HorizontalPodAutoscaler") == {}
    assert {name: laptop.fewest_pods(name) for name in laptop.services} == dict.fromkeys(registry.SERVICES, 1)


def test_nothing_needs_a_definition_that_a_plain_cluster_does_not_have(cluster: Cluster) -> None:
    plain = {"v1", "apps/v1", "autoscaling/v2", "policy/v1", "networking.k8s.io/v1"}
    assert {each["apiVersion"] for each in cluster.objects} <= plain
