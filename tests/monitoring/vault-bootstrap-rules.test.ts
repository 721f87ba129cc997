import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { parse } from "yaml";
import { expiryAnnotations } from "../../bootstrap/status.ts";
import { bootstrapName } from "../../domain/names.ts";

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const file = join(import.meta.dirname, "..", "..", "monitoring", "vault-bootstrap.rules.yaml");

/** Where Prometheus' own grammar meets what it does not know. */
function syntaxErrors(expr: string): string[] {
  const errors: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from }) => {
      if (type.isError) errors.push(expr.slice(from, from + 20));
    },
  });
  return errors;
}

function namesOf(expr: string, node: string): string[] {
  const names: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ name, from, to }) => {
      if (name === node) names.push(expr.slice(from, to));
    },
  });
  return names;
}

describe("monitoring/vault-bootstrap.rules.yaml", () => {
  const document = parse(readFileSync(file, "utf8")) as {
    apiVersion: string;
    kind: string;
    spec: { groups: { name: string; rules: AlertRule[] }[] };
  };
  const rules = document.spec.groups.flatMap((group) => group.rules);

  it("is a PrometheusRule with one alert for each reason why secrets stop arriving", () => {
    assert.equal(`${document.apiVersion} ${document.kind}`, "monitoring.coreos.com/v1 PrometheusRule");
    assert.deepEqual(
      rules.map(({ alert }) => alert),
      [
        "VaultBootstrapNoRecentSuccess",
        "VaultBootstrapFailing",
        "VaultBootstrapRunsOverItsPeriod",
        "VaultBootstrapSuspended",
        "SecretsExpireWithin14Days",
        "SecretsExpireWithin3Days",
        "VaultSealed",
        "VaultSecretStoreNotReady",
        "ExternalSecretNotReady",
        "ExternalSecretSyncErrors",
      ],
    );
  });

  it("contains valid expressions, each with its wait, severity and advice", () => {
    for (const { alert, expr, for: wait, labels, annotations } of rules) {
      assert.deepEqual(syntaxErrors(expr), [], alert);
      assert.match(wait, /^\d+[mh]$/);
      assert.match(labels.severity, /^(critical|warning)$/);
      assert.ok(annotations.summary.length > 0 && annotations.description.length > 0, alert);
    }
    assert.notDeepEqual(syntaxErrors("max by (namespace) (up == )"), []);
  });

  it("uses only metrics of kube-state-metrics, External Secrets Operator and Vault, and our CronJob's name", () => {
    for (const { alert, expr } of rules) {
      for (const metric of namesOf(expr, "Identifier")) {
        assert.match(
          metric,
          /^(kube_(cronjob|job|pod|configmap)_|externalsecret_|secretstore_|vault_core_unsealed$)/,
          alert,
        );
      }
      for (const selector of namesOf(expr, "VectorSelector").filter((one) => /\b(cronjob|owner_name)="/.test(one))) {
        assert.ok(selector.includes(`"${bootstrapName}"`), `${alert}: ${selector}`);
      }
    }
  });

  it("uses the annotations of vault-bootstrap under the names of kube-state-metrics", () => {
    const now = new Date("2026-01-01T00:00:00Z");
    const expires = (name: string, expiresAt: string) => ({
      name,
      path: name,
      outcome: "unchanged" as const,
      expiresAt,
    });
    const soon = [expires("b", "2026-01-03T00:00:00Z"), expires("a", "2025-01-01T00:00:00Z")];
    const annotations = expiryAnnotations(
      [expires("later", "2026-02-01T00:00:00Z"), expires("c", "2026-01-15T00:00:00Z"), ...soon],
      now,
    );
    assert.deepEqual(annotations, {
      "ameide.io/secrets-expire-within-14-days": "a, b, c",
      "ameide.io/secrets-expire-within-3-days": "a, b",
    });
    const labels = Object.keys(annotations).map((name) => `annotation_${name.replace(/[^a-z0-9]/g, "_")}`);
    const asked = rules.map(({ expr }) => expr).join();
    for (const label of labels) assert.ok(asked.includes(`${label}!=""`), label);
  });

  it("shows the namespace of the object, which the operator's ServiceMonitor keeps as exported_namespace", () => {
    const ofTheOperator = rules.filter(({ expr }) => /externalsecret_|secretstore_/.test(expr));
    assert.equal(ofTheOperator.length, 3);
    for (const { alert, expr } of ofTheOperator) {
      assert.match(expr, /label_replace\([\s\S]*"namespace", "\$1", "exported_namespace", "\(\.\+\)"/, alert);
    }
  });
});
