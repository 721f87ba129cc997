import { changed, type Example } from "./example.ts";
import { configMap, container, cronJob, deliveryRole, deliveryRoleBinding, pod } from "./samples.ts";

const job = ["spec", "jobTemplate", "spec"] as const;
const security = [...container, "securityContext"] as const;
const label = [...job, "template", "metadata", "labels", "azure.workload.identity/use"] as const;

export const bootstrapExamples: readonly Example[] = [
  {
    rule: "bootstrap-concurrency",
    allowed: cronJob,
    refused: changed(cronJob, [["spec", "concurrencyPolicy"], "Replace"]),
    says: "concurrencyPolicy is Replace; set Forbid",
    absent: changed(cronJob, [["spec", "concurrencyPolicy"], undefined]),
    absentSays: "concurrencyPolicy is not set; set Forbid",
    unknown: ["spec", "concurrencyPolicy"],
  },
  {
    rule: "bootstrap-deadline",
    allowed: cronJob,
    refused: changed(cronJob, [[...job, "activeDeadlineSeconds"], 600]),
    says: 'its deadline of 600 s must be less than the 300 s between two runs of "*/5 * * * *"',
    absent: changed(cronJob, [[...job, "activeDeadlineSeconds"], undefined]),
    absentSays: "activeDeadlineSeconds is not set; set it",
    unknown: [...job, "activeDeadlineSeconds"],
  },
  {
    rule: "bootstrap-image",
    allowed: cronJob,
    refused: changed(cronJob, [[...container, "image"], "ghcr.io/ameideio/vault-bootstrap:latest"]),
    says: 'container "vault-bootstrap": runs "ghcr.io/ameideio/vault-bootstrap:latest"; use repository@sha256:<64 hex digits>',
    absent: changed(cronJob, [[...pod, "containers"], undefined]),
    absentSays: "has no container to check; add one",
    unknown: [...container, "image"],
  },
  {
    rule: "bootstrap-non-root",
    allowed: cronJob,
    refused: changed(cronJob, [[...security, "runAsNonRoot"], false]),
    says: 'container "vault-bootstrap": may run as root; set runAsNonRoot: true',
    absent: changed(cronJob, [[...pod, "securityContext"], undefined]),
    absentSays: 'container "vault-bootstrap": may run as root; set runAsNonRoot: true',
    unknown: [...pod, "securityContext"],
  },
  {
    rule: "bootstrap-read-only-root",
    allowed: cronJob,
    refused: changed(cronJob, [[...security, "readOnlyRootFilesystem"], false]),
    says: 'container "vault-bootstrap": readOnlyRootFilesystem is false; set true',
    absent: changed(cronJob, [[...security, "readOnlyRootFilesystem"], undefined]),
    absentSays: 'container "vault-bootstrap": readOnlyRootFilesystem is not set; set true',
    unknown: [...security, "readOnlyRootFilesystem"],
  },
  {
    rule: "bootstrap-download",
    allowed: cronJob,
    refused: changed(cronJob, [
      [...container, "args"],
      ["-c", "apk add --no-cache curl jq && ./run.sh"],
    ]),
    says: 'container "vault-bootstrap": downloads while it runs',
    absent: changed(cronJob, [[...container, "command"], undefined]),
    absentIsFine: "a container without a command runs what its image holds",
    unknown: [...container, "command", 1],
  },
  {
    rule: "bootstrap-identity-token",
    allowed: cronJob,
    refused: changed(cronJob, [label, "false"]),
    says: "logs in to Azure but has no token for it",
    absent: changed(cronJob, [label, undefined]),
    absentSays: "logs in to Azure but has no token for it",
    unknown: label,
  },
  {
    rule: "bootstrap-prefix-default",
    allowed: changed(configMap, [["data", "bootstrap.sh"], 'prefix="${SECRET_PREFIX-env-}"']),
    refused: changed(configMap, [["data", "bootstrap.sh"], 'prefix="${SECRET_PREFIX:-env-}"']),
    says: "replaces an empty SECRET_PREFIX by a default; use ${SECRET_PREFIX-...}",
    absent: configMap,
    absentIsFine: "without a script there is no default in it",
    unknown: undefined,
  },
  {
    rule: "bootstrap-delivery-rights",
    beside: [deliveryRoleBinding],
    allowed: deliveryRole,
    refused: changed(deliveryRole, [
      ["rules", 0, "resourceNames"],
      ["ghcr-pull-sync", "anything-sync"],
    ]),
    says: "lets vault-bootstrap change anything-sync, which the catalogue does not deliver",
    absent: changed(deliveryRole, [["rules", 0, "resourceNames"], undefined]),
    absentSays: "lets vault-bootstrap change every ExternalSecret of a namespace; list them in resourceNames",
    unknown: ["rules", 0, "resourceNames"],
  },
];
