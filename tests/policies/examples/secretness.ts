import { changed, type Example, type Sample } from "./example.ts";
import { configMap, container, cronJob, externalSecret, keyVaultSecret } from "./samples.ts";

const document = {
  document: {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "example", namespace: "ameide-prod" },
    stringData: { username: "platform", password: "${PASSWORD}" },
  },
};

const values: Sample = { values: { grafana: { adminUser: "admin", existingSecret: "grafana-admin-credentials" } } };

export const secretnessExamples: readonly Example[] = [
  {
    rule: "secretness-unmarked-value",
    // the mark is what a program puts on by pulumi.secret(); the tests put it where `unknown` points
    allowed: changed(keyVaultSecret, [["properties", "value"], undefined]),
    refused: keyVaultSecret,
    says: "is not marked secret",
    absent: changed(keyVaultSecret, [["properties"], undefined]),
    absentIsFine: "a secret without a value carries none into state",
    unknown: ["properties", "value"],
  },
  {
    rule: "secretness-literal-secret",
    allowed: document,
    refused: changed(document, [["stringData", "password"], "correct horse"]),
    says: '"password" contains a literal in plain text',
    absent: changed(document, [["stringData"], undefined]),
    absentIsFine: "a Secret without data holds no value",
    unknown: undefined,
  },
  {
    rule: "secretness-values",
    allowed: values,
    refused: changed(values, [["grafana", "adminPassword"], "correct horse"]),
    says: "contains a literal",
    absent: changed(values, [["grafana"], undefined]),
    absentIsFine: "a values file without credentials is what the rule asks for",
    unknown: undefined,
  },
  {
    rule: "secretness-template-literal",
    allowed: changed(externalSecret, [
      ["spec", "target", "template"],
      { data: { password: "{{ .LANGFUSE_SECRET_KEY }}" } },
    ]),
    refused: changed(externalSecret, [["spec", "target", "template"], { data: { password: "correct horse" } }]),
    says: 'its template writes "password" with a literal in plain text',
    absent: externalSecret,
    absentIsFine: "without a template there is no literal",
    unknown: ["spec", "target", "template", "data", "password"],
  },
  {
    rule: "secretness-config-map",
    allowed: configMap,
    refused: changed(configMap, [["data", "AUTH_SECRET"], "correct horse"]),
    says: '"AUTH_SECRET" contains a literal',
    absent: changed(configMap, [["data"], undefined]),
    absentIsFine: "an empty ConfigMap holds no secret",
    unknown: ["data", "LOG_LEVEL"],
  },
  {
    rule: "secretness-workload",
    allowed: cronJob,
    refused: changed(cronJob, [[...container, "env", 1], { name: "POSTGRES_PASSWORD", value: "correct horse" }]),
    says: 'container "vault-bootstrap": has a literal in its environment variable POSTGRES_PASSWORD',
    absent: changed(cronJob, [[...container, "env"], undefined], [[...container, "command"], undefined]),
    absentIsFine: "a container without environment and arguments holds no secret in them",
    unknown: [...container, "env", 0, "value"],
  },
];
