import { externalSecretName } from "../domain/catalogue/catalogue.ts";
import { federationAudience } from "../domain/plan/stack-check.ts";
import { advisoryInDev, judgeEach, mustBe, type ResourceRule, type Violations, type RuleTable } from "./rule.ts";
import { judgeContainers } from "./containers.ts";
import { containersOf, podPath, wordsOf, type Container } from "./subject/pods.ts";
import { at, list, text, textsOf } from "./subject/reading.ts";
import { leavesOf, ofKind, type Kind, type Subject } from "./subject/subject.ts";

const workloads: readonly Kind[] = ["CronJob", "Workload"];

const publicRegistries = new Set([
  "docker.io",
  "gcr.io",
  "quay.io",
  "registry.k8s.io",
  "mcr.microsoft.com",
  "public.ecr.aws",
]);

/** A repetition ends where the next command begins: otherwise many commands in one text make it slow. */
const download =
  /(?:^|[\s;&|(])(?:apk\s+(?:--(?:(?![;&|(]apk\s)\S)+\s+)*add|apt(?:-get)?\s+install|pip3?\s+install|npm\s+(?:i|install)|(?:curl|wget)\s(?:(?!(?:curl|wget)\s)[^\n])*https?:\/\/(?!\$|127\.|localhost))/;

export const bootstrapRules = {
  "bootstrap-concurrency": {
    severity: "high",
    description: "A run of vault-bootstrap is never replaced by the next one.",
    why: "Replace with a period of one minute killed every run in staging and prod before it had written anything.",
    remediation: "Set spec.concurrencyPolicy: Forbid.",
    references: ["P35"],
    kinds: ["CronJob"],
    judge: ofBootstrap(({ object }) => mustBe(object, ["spec", "concurrencyPolicy"], "Forbid")),
  },
  "bootstrap-deadline": {
    severity: "medium",
    description: "A run of vault-bootstrap ends before the next one is due.",
    why: "With Forbid, one run that hangs stops all later runs, and nobody notices.",
    remediation: "Set jobTemplate.spec.activeDeadlineSeconds to less than the schedule's period.",
    references: ["P35"],
    kinds: ["CronJob"],
    judge: ofBootstrap(({ object }) => {
      const path = ["spec", "jobTemplate", "spec", "activeDeadlineSeconds"];
      const deadline = at(object, ...path);
      if (typeof deadline !== "number") return { path, problem: "activeDeadlineSeconds is not set; set it" };
      const schedule = text(object, "spec", "schedule") ?? "";
      const period = periodOf(schedule);
      const problem = `its deadline of ${deadline} s must be less than the ${period ?? 0} s between two runs of "${schedule}"`;
      return period !== undefined && deadline >= period && { path, problem };
    }),
  },
  "bootstrap-image": {
    severity: "high",
    description: "vault-bootstrap runs a public image, named by digest.",
    why: "A tag can be moved under a job that reads every secret. A private image needs the pull secret that vault-bootstrap has yet to deliver.",
    remediation: "Set the image to repository@sha256:<64 hex digits> in a registry that needs no login.",
    references: ["P11"],
    kinds: workloads,
    judge: ofBootstrap((subject) => [
      containersOf(subject).length === 0 && { path: podPath(subject), problem: "has no container to check; add one" },
      judgeContainers(subject, ({ object }) => {
        const path = ["image"];
        const image = text(object, "image") ?? "no image";
        if (!/@sha256:[0-9a-f]{64}$/.test(image)) {
          return { path, problem: `runs "${image}"; use repository@sha256:<64 hex digits>` };
        }
        const host = registryOf(image);
        const problem = `pulls from "${host}", which may need a login; use a public registry`;
        return !publicRegistries.has(host) && { path, problem };
      }),
    ]),
  },
  "bootstrap-non-root": {
    severity: "high",
    description: "vault-bootstrap runs as a non-root user and cannot escalate privileges.",
    why: "An attacker who breaks out of this container as root has every secret of the environment.",
    remediation: "Set runAsNonRoot: true, and allowPrivilegeEscalation: false with all capabilities dropped.",
    references: ["https://kubernetes.io/docs/concepts/security/pod-security-standards/"],
    levels: advisoryInDev,
    kinds: workloads,
    judge: ofItsContainers(({ object }, subject) => {
      const inPod = at(subject.object, ...podPath(subject), "securityContext", "runAsNonRoot");
      const runAsNonRoot = at(object, "securityContext", "runAsNonRoot") ?? inPod;
      const drops = textsOf(object, "securityContext", "capabilities", "drop");
      return [
        runAsNonRoot !== true && {
          path: ["securityContext", "runAsNonRoot"],
          problem: "may run as root; set runAsNonRoot: true",
        },
        mustBe(object, ["securityContext", "allowPrivilegeEscalation"], false),
        !drops.includes("ALL") && {
          path: ["securityContext", "capabilities"],
          problem: "keeps capabilities; drop ALL",
        },
      ];
    }),
  },
  "bootstrap-read-only-root": {
    severity: "medium",
    description: "vault-bootstrap cannot write to its own file system.",
    why: "A value that it reads must not be left in a container layer, and nobody may replace its files.",
    remediation: "Set readOnlyRootFilesystem: true.",
    references: ["https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"],
    levels: advisoryInDev,
    kinds: workloads,
    judge: ofItsContainers(({ object }) => mustBe(object, ["securityContext", "readOnlyRootFilesystem"], true)),
  },
  "bootstrap-download": {
    severity: "medium",
    description: "vault-bootstrap downloads no tool while it runs.",
    why: "A mirror with a bad certificate stopped the bootstrap, and with it every secret of the environment.",
    remediation: "Put the tool into the image and pin the image by digest.",
    references: ["P27"],
    kinds: workloads,
    judge: ofItsContainers((container) =>
      wordsOf(container).map(({ word, path }) => download.test(word) && { path, problem: "downloads while it runs" }),
    ),
  },
  "bootstrap-identity-token": {
    severity: "high",
    description: "A bootstrap that logs in to Azure has a volume with its token, or asks the webhook for one.",
    why: "The webhook was down, AZURE_FEDERATED_TOKEN_FILE was missing, and the bootstrap silently continued with fixtures.",
    remediation: `Mount a projected serviceAccountToken with the audience ${federationAudience}, or label the pod azure.workload.identity/use=true.`,
    references: ["https://azure.github.io/azure-workload-identity/docs/"],
    kinds: workloads,
    judge: ofBootstrap((subject) => {
      const pod = podPath(subject);
      const variables = containersOf(subject).flatMap(({ object }) =>
        list(object, "env").map((entry) => text(entry, "name") ?? ""),
      );
      if (!variables.some((name) => name.startsWith("AZURE_"))) return [];
      const isProjected = list(subject.object, ...pod, "volumes").some((volume) =>
        list(volume, "projected", "sources").some(
          (source) => text(source, "serviceAccountToken", "audience") === federationAudience,
        ),
      );
      const labels = [...pod.slice(0, -1), "metadata", "labels"];
      const isLabelled = text(subject.object, ...labels, "azure.workload.identity/use") === "true";
      return (
        !isProjected &&
        !isLabelled && { path: [...pod, "volumes"], problem: "logs in to Azure but has no token for it" }
      );
    }),
  },
  "bootstrap-prefix-default": {
    severity: "high",
    description: "An empty secretPrefix stays empty.",
    why: "A shell default turned the empty prefix into env-, no name matched, and fixtures were used in three environments.",
    remediation: "Use ${SECRET_PREFIX-env-}, which replaces only an unset variable.",
    references: ["P5"],
    kinds: ["ConfigMap", ...workloads],
    judge: (subject) =>
      leavesOf(subject).map(({ path, value }) => {
        const [, variable] = /\$\{(\w*PREFIX\w*):[-=]/i.exec(value ?? "") ?? [];
        const problem = `replaces an empty ${variable ?? ""} by a default; use \${${variable ?? ""}-...}`;
        return variable !== undefined && { path, problem };
      }),
  },
  "bootstrap-delivery-rights": {
    severity: "high",
    description: "vault-bootstrap may only patch ExternalSecrets, and only those of the catalogue by name.",
    why: "Whoever may change any ExternalSecret of a namespace can point it to another Vault path and read that secret.",
    remediation: "List the ExternalSecrets in resourceNames of the Role, with the verb patch only.",
    references: ["https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources"],
    kinds: ["Role", "RoleBinding"],
    judgeAll(subjects, { catalogue }) {
      const bound = new Set(
        ofKind(subjects, "RoleBinding")
          .filter(({ object }) => list(object, "subjects").some((one) => isBootstrap(text(one, "name"))))
          .map(({ object }) => text(object, "roleRef", "name")),
      );
      const declared = { ...catalogue.inClusterDeliveries, ...catalogue.deliveries };
      const known = new Set(Object.entries(declared).map(([target, one]) => externalSecretName(target, one)));
      return judgeEach(ofKind(subjects, "Role"), (subject) => {
        if (!bound.has(text(subject.object, "metadata", "name"))) return [];
        return judgeEach(list(subject.object, "rules"), (granted, i) => {
          const includes = (field: string, wanted: string): boolean =>
            textsOf(granted, field).some((one) => one === "*" || one === wanted);
          if (!includes("apiGroups", "external-secrets.io") || !includes("resources", "externalsecrets")) return [];
          const verbs = textsOf(granted, "verbs").filter((verb) => !["get", "list", "watch"].includes(verb));
          if (verbs.length === 0) return [];
          const others = verbs.filter((verb) => verb !== "patch");
          const names = textsOf(granted, "resourceNames");
          const strange = names.filter((name) => !known.has(name));
          const report = (field: string, what: string) =>
            ({ subject, path: ["rules", i, field], problem: `lets vault-bootstrap ${what}` }); // prettier-ignore
          return [
            others.length > 0 && report("verbs", `${others.join(", ")} ExternalSecrets; allow patch only`),
            names.length === 0 &&
              report("resourceNames", "change every ExternalSecret of a namespace; list them in resourceNames"),
            strange.length > 0 &&
              report("resourceNames", `change ${strange.join(", ")}, which the catalogue does not deliver`),
          ];
        });
      });
    },
  },
} satisfies RuleTable;

function isBootstrap(name: string | undefined): boolean {
  return name?.includes("vault-bootstrap") === true;
}

function ofBootstrap(judge: (subject: Subject) => Violations): (subject: Subject) => Violations {
  return (subject) => {
    const account = at(subject.object, ...podPath(subject), "serviceAccountName");
    const name = typeof account === "string" ? account : text(subject.object, "metadata", "name");
    return isBootstrap(name) && judge(subject);
  };
}

function ofItsContainers(judge: (container: Container, subject: Subject) => Violations): ResourceRule["judge"] {
  return ofBootstrap((subject) => judgeContainers(subject, (container) => judge(container, subject)));
}

/** `alpine/k8s` is on Docker Hub; a first part with a dot or a port is a host. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]/.test(first) ? first : "docker.io";
}

/** Seconds between two runs of a cron schedule such as `*\/5 * * * *` or `0 3 * * *`; `undefined` for other forms. */
export function periodOf(schedule: string): number | undefined {
  const [minute = "", hour = "", ...days] = schedule.trim().split(/\s+/);
  if (days.length !== 3 || days.some((day) => day !== "*")) return undefined;
  const minutes = minute === "*" ? 1 : stepOf(minute);
  if (minutes !== undefined) return hour === "*" ? minutes * 60 : undefined;
  if (!/^\d+$/.test(minute)) return undefined;
  if (hour === "*") return 3600;
  const hours = stepOf(hour);
  if (hours !== undefined) return hours * 3600;
  return /^\d+$/.test(hour) ? 86_400 : undefined;
}

function stepOf(field: string): number | undefined {
  const [, step] = /^\*\/(\d+)$/.exec(field) ?? [];
  return step === undefined ? undefined : Number(step);
}
