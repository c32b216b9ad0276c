"""Each check is seen to complain: a rendering that is right is broken in one place, and the complaint names it."""

from __future__ import annotations

import copy
import unittest
from collections.abc import Callable
from functools import cache
from pathlib import Path

from . import ingress, network, pods, postgres, scaling, schemas, settings
from .__main__ import CHECKS, ROOT
from .manifests import Document, Manifests, Workload, selects
from .source import Source

RENDERED = ROOT / ".data/manifests/rendered"
SOURCE = Source(ROOT)
Check = Callable[[Manifests, Source], list[str]]
Change = Callable[[Manifests], object]


@cache
def loaded(variant: str) -> Manifests:
    return Manifests.load(RENDERED / f"{variant}.yaml")


def rendered(variant: str = "production") -> Manifests:
    return Manifests(copy.deepcopy(loaded(variant).documents))


def found(manifests: Manifests, kind: str, name: str) -> Document:
    document = manifests.named(kind, name)
    assert document is not None, f"there is no {kind} {name}"
    return document


def workload(manifests: Manifests, name: str) -> Workload:
    made = manifests.workload(name)
    assert made is not None, f"nothing runs {name}"
    return made


class Broken(unittest.TestCase):
    def complains(self, check: Check, change: Change, words: str, variant: str = "production") -> None:
        manifests = rendered(variant)
        self.assertEqual(check(manifests, SOURCE), [], "quiet as rendered")
        change(manifests)
        complaints = check(manifests, SOURCE)
        self.assertTrue(any(words in text for text in complaints), f"no complaint says `{words}`: {complaints[:5]}")


class ChecksComplain(Broken):
    def test_every_check_of_a_rendering_is_broken_here(self) -> None:
        tested = Path(__file__).read_text()
        for check in CHECKS:
            self.assertIn(f".{check.__name__}", tested)

    def test_an_unknown_variable(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "order-worker").container["env"].append({"name": "WORKER__LEASE_SECOND", "value": "15"})

        self.complains(settings.check_variables, change, "WORKER__LEASE_SECOND is no setting")

    def test_an_unknown_variable_in_the_shared_settings(self) -> None:
        def change(manifests: Manifests) -> None:
            next(d for d in manifests.of_kind("ConfigMap") if "APP_ENV" in d["data"])["data"]["SHOP__COLOUR"] = "red"

        self.complains(settings.check_variables, change, "SHOP__COLOUR is no setting")

    def test_a_secret_in_the_environment(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "order-worker").container["env"].append({"name": "KHALTI__SECRET_KEY", "value": "live"})

        self.complains(settings.check_secrets, change, "KHALTI__SECRET_KEY stands in the environment")

    def test_a_secret_file_that_is_not_mounted(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "checkout-api").container["volumeMounts"] = []

        self.complains(settings.check_secrets, change, "DATABASE_URL_FILE is not in a Secret")

    def test_a_secret_of_another_service(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "checkout-api").spec["volumes"][0]["secret"]["secretName"] = "order-worker"

        self.complains(settings.check_secrets, change, "is not in a Secret called checkout-api")

    def test_a_secret_that_is_written_down(self) -> None:
        def change(manifests: Manifests) -> None:
            manifests.documents.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "oops"}, "data": {}})

        self.complains(settings.check_secrets, change, "Secret oops")

    def test_a_secret_that_nobody_prints(self) -> None:
        wanted = {"checkout-api": {"DATABASE_URL", "KHALTI__SECRET_KEY"}, "migrate": {"DATABASE_URL"}}
        printed = Manifests([{"kind": "Secret", "metadata": {"name": "checkout-api"}, "data": {"DATABASE_URL": ""}}])
        complaints = settings.check_printed_secrets(wanted, printed)
        self.assertEqual(len(complaints), 2)
        self.assertIn("without KHALTI__SECRET_KEY", complaints[0])
        self.assertIn("prints no Secret migrate", complaints[1])

    def test_production_that_says_development(self) -> None:
        def change(manifests: Manifests) -> None:
            next(d for d in manifests.of_kind("ConfigMap") if "APP_ENV" in d["data"])["data"]["APP_ENV"] = "development"

        self.complains(settings.check_environment_of_overlay, change, "APP_ENV is not production")

    def test_the_sandbox_in_production(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "admin-console").container["image"] = "registry.example/order-pipeline/sandbox:1"

        self.complains(settings.check_environment_of_overlay, change, "never deployed in production")

    def test_a_service_that_is_missing(self) -> None:
        def change(manifests: Manifests) -> None:
            manifests.documents.remove(found(manifests, "Deployment", "stale-job-reaper"))

        self.complains(pods.check_presence, change, "stale-job-reaper is not deployed")

    def test_liveness_that_asks_postgres(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "checkout-api").container["livenessProbe"]["httpGet"]["path"] = "/readyz"

        self.complains(pods.check_probes, change, "livenessProbe asks /readyz, not /livez")

    def test_another_port_than_the_code_listens_on(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "order-worker").container["ports"][0]["containerPort"] = 8084

        self.complains(pods.check_probes, change, "its port is 8084, the code's 8083")

    def test_a_probe_of_no_port(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "order-worker").container["readinessProbe"]["httpGet"]["port"] = "web"

        self.complains(pods.check_probes, change, "a port that is not there: web")

    def test_a_grace_period_shorter_than_the_drain(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "payment-callback").spec["terminationGracePeriodSeconds"] = 25

        self.complains(pods.check_endings, change, "its grace period is 25 s")

    def test_a_drain_longer_than_a_lease(self) -> None:
        def change(manifests: Manifests) -> None:
            settings_map = next(d for d in manifests.of_kind("ConfigMap") if "APP_ENV" in d["data"])
            settings_map["data"]["WORKER__SHUTDOWN_GRACE_SECONDS"] = "15"

        self.complains(pods.check_endings, change, "outlasts a lease")

    def test_an_end_before_proxies_know(self) -> None:
        def change(manifests: Manifests) -> None:
            del workload(manifests, "checkout-api").container["lifecycle"]

        self.complains(pods.check_endings, change, "preStop")

    def test_a_rollout_that_takes_pods_away(self) -> None:
        def change(manifests: Manifests) -> None:
            found(manifests, "Deployment", "checkout-api")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] = 1

        self.complains(pods.check_rollouts, change, "maxUnavailable")

    def test_a_budget_for_other_pods(self) -> None:
        def change(manifests: Manifests) -> None:
            budget = found(manifests, "PodDisruptionBudget", "order-worker")
            budget["spec"]["selector"]["matchLabels"] = {"app.kubernetes.io/name": "worker"}

        self.complains(pods.check_rollouts, change, "no PodDisruptionBudget covers it")

    def test_a_writable_root(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "migrate").container["securityContext"]["readOnlyRootFilesystem"] = False

        self.complains(pods.check_hardening, change, "Job migrate: lacks a read-only root")

    def test_memory_without_a_limit(self) -> None:
        def change(manifests: Manifests) -> None:
            del workload(manifests, "order-worker").container["resources"]["limits"]

        self.complains(pods.check_hardening, change, "lacks a limit of memory")

    def test_a_shared_account(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "order-worker").spec["serviceAccountName"] = "checkout-api"

        self.complains(pods.check_hardening, change, "ServiceAccount checkout-api is shared")

    def test_a_reaper_that_goes_before_workers(self) -> None:
        def change(manifests: Manifests) -> None:
            found(manifests, "PriorityClass", "order-pipeline-reaper")["value"] = 100250

        self.complains(pods.check_priorities, change, "callback above worker above reaper does not hold")

    def test_the_latest_image(self) -> None:
        for image in ("registry.example/order-pipeline/migrate", "registry.example:5000/order-pipeline/migrate:latest"):
            with self.subTest(image):

                def change(manifests: Manifests, image: str = image) -> None:
                    workload(manifests, "migrate").container["image"] = image

                self.complains(pods.check_images, change, "name a version")

    def test_a_service_without_pods(self) -> None:
        def change(manifests: Manifests) -> None:
            found(manifests, "Service", "payment-callback")["spec"]["selector"] = {"app.kubernetes.io/name": "callback"}

        self.complains(pods.check_references, change, "Service payment-callback selects []")

    def test_a_service_port_that_no_pod_has(self) -> None:
        def change(manifests: Manifests) -> None:
            found(manifests, "Service", "payment-callback")["spec"]["ports"][0]["targetPort"] = "web"

        self.complains(pods.check_references, change, "which no pod has")

    def test_settings_that_are_not_there(self) -> None:
        def change(manifests: Manifests) -> None:
            workload(manifests, "order-worker").container["envFrom"][0]["configMapRef"]["name"] = "settings"

        self.complains(pods.check_references, change, "there is no ConfigMap settings")

    def test_more_workers_than_connections(self) -> None:
        def change(manifests: Manifests) -> None:
            found(manifests, "HorizontalPodAutoscaler", "order-worker")["spec"]["maxReplicas"] = 12

        self.complains(scaling.check_connections, change, "Postgres has 250")
        self.complains(scaling.check_connections, change, "order_worker_login may have 70 connections, its pods 130")

    def test_replicas_beside_an_autoscaler(self) -> None:
        def change(manifests: Manifests) -> None:
            found(manifests, "Deployment", "order-worker")["spec"]["replicas"] = 3

        self.complains(scaling.check_autoscalers, change, "says `replicas` beside its autoscaler")
        self.complains(scaling.check_autoscalers, change, "says `replicas` beside its autoscaler", "production-keda")

    def test_scaling_down_before_leases_end(self) -> None:
        def change(manifests: Manifests) -> None:
            scaler = found(manifests, "HorizontalPodAutoscaler", "order-worker")
            scaler["spec"]["behavior"]["scaleDown"]["stabilizationWindowSeconds"] = 10

        self.complains(scaling.check_autoscalers, change, "faster than a lease")

    def test_two_autoscalers(self) -> None:
        def change(manifests: Manifests) -> None:
            manifests.documents.append(found(rendered(), "HorizontalPodAutoscaler", "order-worker"))

        self.complains(scaling.check_autoscalers, change, "has two autoscalers", "production-keda")

    def test_keda_that_counts_other_jobs(self) -> None:
        def change(manifests: Manifests) -> None:
            metadata = found(manifests, "ScaledObject", "order-worker")["spec"]["triggers"][0]["metadata"]
            metadata["query"] = metadata["query"].replace("refund_payment", "send_newsletter")

        self.complains(scaling.check_keda_queries, change, "send_newsletter", "production-keda")

    def test_an_adapter_that_sums_replicas(self) -> None:
        rules = scaling.adapter_rules(ROOT / "k8s/components/autoscaling/prometheus-adapter.yaml")
        self.assertEqual(scaling.check_adapter(rendered(), rules, SOURCE), [])
        for old, new, words in (
            ("max(", "sum(", "take the maximum"),
            ("job_queue_due_jobs", "job_queue_depth", "does not export"),
            ("finalize_order", "send_newsletter", "waits for"),
        ):
            broken = copy.deepcopy(rules)
            for rule in broken:
                rule["metricsQuery"] = rule["metricsQuery"].replace(old, new)
            complaints = scaling.check_adapter(rendered(), broken, SOURCE)
            self.assertTrue(any(words in text for text in complaints), complaints)
        renamed = [{**rules[0], "name": {"as": "something_else"}}, rules[1]]
        self.assertTrue(any("does not make" in text for text in scaling.check_adapter(rendered(), renamed, SOURCE)))

    def test_a_cluster_that_acknowledges_alone(self) -> None:
        def change(manifests: Manifests) -> None:
            found(manifests, "Cluster", "postgres")["spec"]["postgresql"]["synchronous"]["dataDurability"] = "preferred"

        self.complains(postgres.check_cluster, change, "on one machine only")

    def test_a_login_of_two_roles(self) -> None:
        def change(manifests: Manifests) -> None:
            for role in found(manifests, "Cluster", "postgres")["spec"]["managed"]["roles"]:
                if role["name"] == "checkout_api_login":
                    role["inRoles"].append("order_worker")

        self.complains(postgres.check_cluster, change, "member of checkout_api alone")

    def test_wal_that_goes_nowhere(self) -> None:
        def change(manifests: Manifests) -> None:
            manifests.documents.remove(found(manifests, "ObjectStore", "postgres-backups"))

        self.complains(postgres.check_cluster, change, "archived nowhere")

    def test_a_pooler_that_forgets_statements(self) -> None:
        def change(manifests: Manifests) -> None:
            del found(manifests, "Pooler", "postgres-pooler")["spec"]["pgbouncer"]["parameters"]["max_prepared_statements"]

        self.complains(postgres.check_pooler, change, "prepared statements do not work", "production-pooler")

    def test_a_listener_behind_the_pooler(self) -> None:
        def change(manifests: Manifests) -> None:
            policy = found(manifests, "NetworkPolicy", "ours-reach-the-pooler")
            policy["spec"]["podSelector"]["matchExpressions"][0]["values"].append("order-worker")

        self.complains(postgres.check_pooler, change, "order-worker listens", "production-pooler")

    def test_the_console_in_public(self) -> None:
        def change(manifests: Manifests) -> None:
            path = found(manifests, "Ingress", "checkout-api")["spec"]["rules"][0]["http"]["paths"][0]
            path["backend"]["service"]["name"] = "admin-console"

        self.complains(ingress.check_ingress, change, "admin-console is not for the public")

    def test_metrics_in_public(self) -> None:
        def change(manifests: Manifests) -> None:
            found(manifests, "Ingress", "checkout-api")["spec"]["rules"][0]["http"]["paths"][0]["path"] = "/"

        self.complains(ingress.check_ingress, change, "checkout-api's /metrics is open to everybody")

    def test_a_route_that_is_closed(self) -> None:
        def change(manifests: Manifests) -> None:
            path = found(manifests, "Ingress", "payment-callback")["spec"]["rules"][0]["http"]["paths"][0]
            path["path"] = "/payment/callback"

        self.complains(ingress.check_ingress, change, "/payment/webhook/{provider} is closed")

    def test_annotations_of_the_ingress(self) -> None:
        for key, value, words in (
            ("nginx.org/client-max-body-size", "1024k", "bodies may have"),
            ("nginx.org/rewrites", "serviceName=payment-callback rewrite=/", "rewrites"),
            ("nginx.org/limit-req-rate", None, "how often one address may call"),
            ("nginx.org/proxy-buffering", "true", "held back"),
        ):
            with self.subTest(key):

                def change(manifests: Manifests, key: str = key, value: str | None = value) -> None:
                    annotations = found(manifests, "Ingress", "payment-callback")["metadata"]["annotations"]
                    annotations.pop(key, None)
                    if value is not None:
                        annotations[key] = value

                self.complains(ingress.check_ingress, change, words)

    def test_a_host_without_tls(self) -> None:
        def change(manifests: Manifests) -> None:
            del found(manifests, "Ingress", "payment-callback")["spec"]["tls"]

        self.complains(ingress.check_ingress, change, "has no TLS")

    def test_another_host_than_gateways_are_told(self) -> None:
        def change(manifests: Manifests) -> None:
            settings_map = next(d for d in manifests.of_kind("ConfigMap") if "APP_ENV" in d["data"])
            settings_map["data"]["CALLBACK__PUBLIC_URL"] = "https://payments.shop.example"

        self.complains(ingress.check_ingress, change, "the Ingress listens at https://pay.shop.example")

    def test_a_field_that_kubernetes_does_not_know(self) -> None:
        manifests = rendered()
        self.assertEqual(schemas.check_schemas(manifests, set()), [])
        workload(manifests, "order-worker").container["livenessProbe"]["periodSecond"] = 3
        self.assertTrue(any("periodSecond" in text for text in schemas.check_schemas(manifests, set())))


class PoliciesAreEvaluated(Broken):
    def flows_complain(self, change: Change, words: str, variant: str = "production") -> None:
        self.complains(network.check_flows, change, words, variant)

    def test_nothing_is_denied(self) -> None:
        def change(manifests: Manifests) -> None:
            manifests.documents.remove(found(manifests, "NetworkPolicy", "deny-everything"))

        self.flows_complain(change, "stranger reaches migrate at 5432, which nobody needs")

    def test_only_what_comes_in_is_denied(self) -> None:
        def change(manifests: Manifests) -> None:
            found(manifests, "NetworkPolicy", "deny-everything")["spec"]["policyTypes"] = ["Ingress"]
            manifests.documents.remove(found(manifests, "NetworkPolicy", "names-are-looked-up"))

        self.flows_complain(change, "intruder reaches gateway at 443, which nobody needs")

    def test_one_flow_that_is_missing(self) -> None:
        for policy, words in (
            ("names-are-looked-up", "order-worker does not reach dns at 53"),
            ("ours-reach-postgres", "migrate does not reach postgres at 5432"),
            ("postgres-hears-ours", "checkout-api does not reach postgres at 5432"),
            ("gateways-are-asked", "payment-callback does not reach gateway at 443"),
            ("shoppers-come-through-the-ingress", "ingress does not reach payment-callback at 8081"),
            ("prometheus-scrapes", "prometheus does not reach stale-job-reaper at 8084"),
            ("postgres-replicates", "postgres does not reach postgres at 5432"),
        ):
            with self.subTest(policy):

                def change(manifests: Manifests, policy: str = policy) -> None:
                    manifests.documents.remove(found(manifests, "NetworkPolicy", policy))

                self.flows_complain(change, words)

    def test_the_console_is_opened_to_the_ingress(self) -> None:
        def change(manifests: Manifests) -> None:
            policy = found(manifests, "NetworkPolicy", "shoppers-come-through-the-ingress")
            policy["spec"]["podSelector"]["matchExpressions"][0]["values"].append("admin-console")

        self.flows_complain(change, "ingress reaches admin-console at 8082, which nobody needs")

    def test_all_of_monitoring_is_let_in(self) -> None:
        def change(manifests: Manifests) -> None:
            del found(manifests, "NetworkPolicy", "prometheus-scrapes")["spec"]["ingress"][0]["from"][0]["podSelector"]

        self.flows_complain(change, "grafana reaches checkout-api at 8080, which nobody needs")

    def test_private_addresses_are_reached(self) -> None:
        def change(manifests: Manifests) -> None:
            blocks = found(manifests, "NetworkPolicy", "gateways-are-asked")["spec"]["egress"][0]["to"]
            blocks[0]["ipBlock"]["except"].remove("169.254.0.0/16")
            blocks[1]["ipBlock"]["cidr"] = "::/0"

        self.flows_complain(change, "checkout-api reaches metadata at 443, which nobody needs")
        self.flows_complain(change, "checkout-api reaches private-v6 at 443, which nobody needs")

    def test_the_reaper_asks_gateways(self) -> None:
        def change(manifests: Manifests) -> None:
            policy = found(manifests, "NetworkPolicy", "gateways-are-asked")
            policy["spec"]["podSelector"]["matchExpressions"][0]["values"].append("stale-job-reaper")

        self.flows_complain(change, "stale-job-reaper reaches gateway at 443, which nobody needs")

    def test_any_pod_of_the_namespace_reaches_postgres(self) -> None:
        def change(manifests: Manifests) -> None:
            for name in ("ours-reach-postgres", "postgres-hears-ours"):
                spec = found(manifests, "NetworkPolicy", name)["spec"]
                if "egress" in spec:
                    spec["podSelector"] = {}
                else:
                    spec["ingress"][0]["from"][0]["podSelector"] = {}

        self.flows_complain(change, "intruder reaches postgres at 5432, which nobody needs")

    def test_labels_of_another_namespace_are_worth_nothing(self) -> None:
        def change(manifests: Manifests) -> None:
            peers = found(manifests, "NetworkPolicy", "postgres-hears-ours")["spec"]["ingress"][0]["from"]
            peers[0]["namespaceSelector"] = {}

        self.flows_complain(change, "stranger reaches postgres at 5432, which nobody needs")

    def test_optional_flows(self) -> None:
        for variant, policy, words in (
            ("production-keda", "postgres-hears-keda", "keda does not reach postgres at 5432"),
            ("production-observed", "traces-are-sent", "order-worker does not reach collector at 4318"),
            ("production-pooler", "ours-reach-the-pooler", "admin-console does not reach pooler at 5432"),
            ("production-pooler", "postgres-hears-the-pooler", "pooler does not reach postgres at 5432"),
            ("development", "the-sandbox-hears-ours", "checkout-api does not reach sandbox at 8090"),
        ):
            with self.subTest(policy):

                def change(manifests: Manifests, policy: str = policy) -> None:
                    manifests.documents.remove(found(manifests, "NetworkPolicy", policy))

                self.flows_complain(change, words, variant)

    def test_selectors_are_read_as_kubernetes_reads_them(self) -> None:
        labels = {"a": "1", "b": "2"}
        for selector, expected in (
            ({}, True),
            ({"matchLabels": {"a": "1"}}, True),
            ({"matchLabels": {"a": "1", "c": "3"}}, False),
            ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
            ({"matchExpressions": [{"key": "c", "operator": "DoesNotExist"}]}, True),
            ({"matchExpressions": [{"key": "b", "operator": "Exists"}]}, True),
        ):
            self.assertEqual(selects(selector, labels), expected, selector)


if __name__ == "__main__":
    unittest.main()
