import type { CauseText } from "../cause.ts";

const logs = "kubectl --context <context> -n <namespace> logs -l batch.kubernetes.io/job-name=<name>";

export const bootstrapCauses = {
  "bootstrap-missing": {
    title: "There is no vault-bootstrap",
    symptom: "no CronJob carries values from Key Vault into Vault",
    cause: "the stack is not up, or the CronJob was deleted",
    fix: "ameide-secrets up --refresh --stack <stack>",
  },
  "bootstrap-suspended": {
    title: "vault-bootstrap is suspended",
    symptom: "no Jobs appear; values in Vault stay as they are",
    cause: "someone set `suspend: true` on the CronJob",
    fix: "ameide-secrets up --refresh --stack <stack>",
  },
  "federated-token-file-missing": {
    title: "The pod has no token for Azure",
    aliases: [
      "vault-bootstrap fails silently",
      "Missing `AZURE_FEDERATED_TOKEN_FILE`",
      "workload identity webhook not running",
    ],
    symptom:
      "vault-bootstrap ends with `token-file-missing`, or its pod template has neither the token volume nor the variable",
    cause:
      "the pod template was made without the projected token, and the workload identity webhook that used to add it did not run",
    fix: "ameide-secrets up --refresh --stack <stack>",
    mind: "this program writes volume and variables into the pod template itself, so no webhook is needed",
  },
  "bootstrap-image-not-pulled": {
    title: "The bootstrap's own image cannot be pulled",
    aliases: ["bootstrap images private"],
    symptom: "the bootstrap's pod waits with ErrImagePull, ImagePullBackOff or InvalidImageName",
    cause:
      "the image is private while `ghcr-pull` does not exist before the bootstrap has run, or its reference is not valid",
    fix: "set bootstrap.image to a public image by digest in Pulumi.<stack>.yaml, then: ameide-secrets up --refresh --stack <stack> && ameide-secrets bootstrap run --stack <stack>",
    see: ["P11", "P37"],
  },
  "bootstrap-cannot-start": {
    title: "The bootstrap's container cannot start",
    aliases: ["StartError", "RunContainerError", "exec format error", "FailedMount"],
    symptom:
      "the container ends with StartError, RunContainerError or CreateContainerConfigError, or its pod stays in ContainerCreating with FailedMount",
    cause:
      "the image lacks the program that the command names, is of another architecture, or a mounted object is missing",
    fix: "ameide-secrets up --refresh --stack <stack> && ameide-secrets bootstrap run --stack <stack>",
    see: ["P27"],
  },
  "bootstrap-unschedulable": {
    title: "No node takes the bootstrap's pod",
    aliases: ["Jobs Pending"],
    symptom: "the pod stays Pending; PodScheduled is False",
    cause: "the nodes' taints are not tolerated, or no node has room",
    fix: "kubectl --context <context> -n <namespace> describe pod -l batch.kubernetes.io/job-name=<name>",
    see: ["P38"],
  },
  "bootstrap-overruns": {
    title: "The bootstrap is killed before it ends",
    aliases: ["DeadlineExceeded", "Replace at a one-minute period"],
    symptom: "Jobs end with DeadlineExceeded, or vanish as the next one starts; no completion appears",
    cause: "a run takes longer than its deadline, or the CronJob's policy Replace kills each run when the next is due",
    fix: "ameide-secrets up --refresh --stack <stack>",
    mind: "this program sets Forbid and a deadline under the period",
    see: ["P35"],
  },
  "bootstrap-stale": {
    title: "The bootstrap has not succeeded for long",
    symptom: "its last success is older than three periods, and no newer run says why",
    cause: "the CronJob controller makes no Jobs, or every run is lost before it can write its status",
    fix: "ameide-secrets bootstrap run --stack <stack>",
    see: ["P35"],
  },
  "bootstrap-waiting": {
    severity: "warning",
    title: "The bootstrap has not run yet",
    symptom: "there is a CronJob and no run has ended",
    cause: "it was made a moment ago",
    fix: "wait for the next scheduled run, or: ameide-secrets bootstrap run --stack <stack>",
  },
  "bootstrap-status-malformed": {
    title: "The bootstrap's status is not what it writes",
    symptom: "what the last run did with each secret is unknown",
    cause: "someone edited or emptied the ConfigMap `vault-bootstrap-status`; the chain does not depend on it",
    fix: "ameide-secrets bootstrap run --stack <stack>",
    mind: "each run overwrites the whole status",
  },
  "bootstrap-source-missing": {
    title: "The Secret that the bootstrap reads from is not there",
    aliases: ["local Vault stays sealed", "vault-bootstrap-local-secrets missing"],
    symptom: "vault-bootstrap cannot read `vault-bootstrap-local-secrets`",
    cause: "on clusters without Azure the source Secret was not seeded",
    fix: "write the external values into <file>, as one JSON object of names and texts, then: kubectl --context <context> -n <namespace> create secret generic vault-bootstrap-local-secrets --from-file=env-secrets.json=<file> && ameide-secrets bootstrap run --stack <stack>",
    see: ["P24"],
  },
  "bootstrap-lease-held": {
    severity: "warning",
    title: "Another run of the bootstrap holds the lease",
    symptom: "vault-bootstrap ends with `lease-held`",
    cause: "a Job and a scheduled run met; one of them waits for its turn",
    fix: "wait for the next scheduled run, or: ameide-secrets bootstrap run --stack <stack>",
  },
  "bootstrap-forbidden-in-cluster": {
    title: "The bootstrap may not do its work in the cluster",
    symptom: "vault-bootstrap ends with `kubernetes-refused`",
    cause: "its Role or RoleBinding is not what this program made",
    fix: "ameide-secrets up --refresh --stack <stack> && ameide-secrets bootstrap run --stack <stack>",
  },
  "bootstrap-login-refused": {
    title: "The API server does not accept the bootstrap's token",
    aliases: ["401 from the API server", "expired ServiceAccount token"],
    symptom: "vault-bootstrap ends with `kubernetes-login-refused`",
    cause:
      "its ServiceAccount was deleted, or made again while the pod ran; or the mounted token is expired, or signed by a key that the API server no longer has",
    fix: "ameide-secrets up --refresh --stack <stack> && ameide-secrets bootstrap run --stack <stack>",
    mind: "each pod gets a new token; no Role is at fault",
    see: ["https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/"],
  },
  "api-server-overloaded": {
    title: "The API server has too many requests, or fails",
    aliases: ["429 from the API server", "Too many requests, please try again later"],
    symptom:
      "vault-bootstrap ends with `kubernetes-throttled` or `kubernetes-failing`, or `doctor` itself is answered 429 or 5xx",
    cause: "the API server limits or drops requests, or cannot reach etcd or a webhook; no right is missing",
    fix: "kubectl --context <context> get --raw '/readyz?verbose'",
    mind: "the next run of vault-bootstrap goes on from here",
    see: ["https://kubernetes.io/docs/concepts/cluster-administration/flow-control/"],
  },
  "bootstrap-misconfigured": {
    title: "The bootstrap's configuration is not what this program wrote",
    symptom: "vault-bootstrap ends with `bad-configuration`",
    cause: "someone changed the CronJob's environment or what it mounts",
    fix: "ameide-secrets up --refresh --stack <stack> && ameide-secrets bootstrap run --stack <stack>",
  },
  "bootstrap-interrupted": {
    severity: "warning",
    title: "The bootstrap was stopped from outside",
    aliases: ["node drained", "pod evicted"],
    symptom: "vault-bootstrap ends with `terminated` before its deadline",
    cause: "its pod was deleted or evicted, as when a node is drained; the writes in hand were finished",
    fix: "wait for the next scheduled run, or: ameide-secrets bootstrap run --stack <stack>",
    mind: "a run goes on from what is there, so nothing is lost",
  },
  "bootstrap-conflict": {
    title: "Another writer changes a secret that the bootstrap owns",
    aliases: ["check-and-set parameter did not match", "two writers"],
    symptom: "the status says `failed: conflict` for a secret",
    cause: "someone else writes to the same Vault path",
    fix: "stop the other writer (Vault's audit log names it, ameide-secrets lineage <name> --stack <stack> shows when it wrote), then: ameide-secrets bootstrap run --stack <stack>",
    see: ["P12"],
  },
  "bootstrap-secret-failed": {
    title: "The bootstrap could not carry a secret",
    symptom: "the status says `failed` for a secret, with the reason",
    cause: "as the reason says",
    fix: "ameide-secrets bootstrap logs --stack <stack>",
  },
  "bootstrap-secret-kept": {
    title: "Vault holds a value of another writer in an external secret's place",
    symptom: "the status says `kept`: the value in Key Vault does not reach Vault",
    cause: "the path holds a value that bears no mark of ours, or another's",
    fix: "if Key Vault is right, set bootstrap.claimUnmarked: true in Pulumi.<stack>.yaml for one run, then: ameide-secrets up --refresh --stack <stack>",
  },
  "bootstrap-failed": {
    title: "The bootstrap failed",
    symptom: "its last run failed, for a cause of its own",
    cause: "as its log says",
    fix: logs,
    seed: [logs],
  },
} as const satisfies Record<string, CauseText>;
