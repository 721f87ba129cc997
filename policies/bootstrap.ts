import { periodOf } from "./durations.ts";
import { advisoryInDev, mandatory, type ResourceRule, type Violation } from "./rule.ts";
import { at, list, text, textsOf, type Path } from "./subject/reading.ts";
import { containersOf, isBootstrap, judgeContainers, podPath, wordsOf } from "./subject/pods.ts";
import type { Kind, Subject } from "./subject/subject.ts";

const runs: readonly Kind[] = ["CronJob", "Workload"];

/** Rules about vault-bootstrap only; other workloads pass. */
function ofBootstrap(judge: (subject: Subject) => readonly Violation[]): (subject: Subject) => readonly Violation[] {
  return (subject) => (isBootstrap(subject) ? judge(subject) : []);
}

export const bootstrapConcurrency: ResourceRule = {
  id: "bootstrap-concurrency",
  family: "bootstrap",
  severity: "high",
  description: "A run of vault-bootstrap is never replaced by the next one.",
  why: "Replace at a period of a minute killed each run of staging and prod before it had written anything.",
  remediation: "Set spec.concurrencyPolicy: Forbid.",
  references: ["682", "P35"],
  levels: mandatory,
  kinds: ["CronJob"],
  judge: ofBootstrap(({ object }) => {
    const policy = text(object, "spec", "concurrencyPolicy");
    if (policy === "Forbid") return [];
    const found = policy === undefined ? "has no concurrencyPolicy" : `has concurrencyPolicy ${policy}`;
    return [{ path: ["spec", "concurrencyPolicy"], problem: `${found}; set Forbid` }];
  }),
};

export const bootstrapDeadline: ResourceRule = {
  id: "bootstrap-deadline",
  family: "bootstrap",
  severity: "medium",
  description: "A run of vault-bootstrap ends before the next one is due.",
  why: "With Forbid, one run that hangs stops all later ones, and nobody hears of it.",
  remediation: "Set jobTemplate.spec.activeDeadlineSeconds under the schedule's period.",
  references: ["682", "P35"],
  levels: mandatory,
  kinds: ["CronJob"],
  judge: ofBootstrap(({ object }) => {
    const path: Path = ["spec", "jobTemplate", "spec", "activeDeadlineSeconds"];
    const deadline = at(object, ...path);
    if (typeof deadline !== "number") return [{ path, problem: "has no deadline; set activeDeadlineSeconds" }];
    const schedule = text(object, "spec", "schedule") ?? "";
    const period = periodOf(schedule);
    if (period === undefined || deadline < period) return [];
    return [{ path, problem: `its deadline of ${deadline} s is not under the ${period} s of "${schedule}"` }];
  }),
};

/** Registries that answer without a login. */
const publicRegistries = new Set([
  "docker.io",
  "gcr.io",
  "quay.io",
  "registry.k8s.io",
  "mcr.microsoft.com",
  "public.ecr.aws",
]);

export const bootstrapImage: ResourceRule = {
  id: "bootstrap-image",
  family: "bootstrap",
  severity: "high",
  description: "vault-bootstrap runs a public image, named by digest.",
  why: "A tag can be moved under a job that reads every secret; a private image waits for the pull secret that it is to bring.",
  remediation: "Set the image to repository@sha256:<64 hex digits> in a registry that needs no login.",
  references: ["519", "413", "450", "P11"],
  levels: mandatory,
  kinds: runs,
  judge: ofBootstrap((subject) => {
    const containers = containersOf(subject);
    if (containers.length === 0) return [{ path: podPath(subject), problem: "has no container to check; add one" }];
    return judgeContainers(subject, ({ object, path, name }) => {
      const image = text(object, "image") ?? "no image";
      const at = [...path, "image"];
      if (!/@sha256:[0-9a-f]{64}$/.test(image)) {
        return [{ path: at, problem: `container "${name}" runs "${image}"; use repository@sha256:<64 hex digits>` }];
      }
      const host = registryOf(image);
      return publicRegistries.has(host)
        ? []
        : [
            {
              path: at,
              problem: `container "${name}" pulls from "${host}", which asks for a login; use a public registry`,
            },
          ];
    });
  }),
};

/** `alpine/k8s` is Docker Hub's; a first part with a dot or a port is a host. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]/.test(first) ? first : "docker.io";
}

export const bootstrapNonRoot: ResourceRule = {
  id: "bootstrap-non-root",
  family: "bootstrap",
  severity: "high",
  description: "vault-bootstrap runs as no root, and cannot become it.",
  why: "Who breaks out of this one container as root has the keys to every secret of the environment.",
  remediation: "Set runAsNonRoot: true, and allowPrivilegeEscalation: false with all capabilities dropped.",
  references: ["519", "CKV_K8S_40"],
  levels: advisoryInDev,
  kinds: runs,
  judge: ofBootstrap((subject) => {
    const pod = podPath(subject);
    const podSays = at(subject.object, ...pod, "securityContext", "runAsNonRoot") === true;
    return judgeContainers(subject, ({ object, path, name }) => {
      const context = [...path, "securityContext"];
      const own = at(object, "securityContext", "runAsNonRoot");
      const drops = textsOf(object, "securityContext", "capabilities", "drop");
      return [
        ...(own === true || (own === undefined && podSays)
          ? []
          : [{ path: [...context, "runAsNonRoot"], problem: `container "${name}" may run as root; set runAsNonRoot` }]),
        ...(at(object, "securityContext", "allowPrivilegeEscalation") === false
          ? []
          : [
              {
                path: [...context, "allowPrivilegeEscalation"],
                problem: `container "${name}" may gain privileges; set false`,
              },
            ]),
        ...(drops.includes("ALL")
          ? []
          : [{ path: [...context, "capabilities"], problem: `container "${name}" keeps capabilities; drop ALL` }]),
      ];
    });
  }),
};

export const bootstrapReadOnlyRoot: ResourceRule = {
  id: "bootstrap-read-only-root",
  family: "bootstrap",
  severity: "medium",
  description: "vault-bootstrap cannot write to its own file system.",
  why: "Nothing that it reads may be left lying in a layer, and nothing can be put in its place.",
  remediation: "Set readOnlyRootFilesystem: true.",
  references: ["519", "CKV_K8S_22"],
  levels: advisoryInDev,
  kinds: runs,
  judge: ofBootstrap((subject) =>
    judgeContainers(subject, ({ object, path, name }) =>
      at(object, "securityContext", "readOnlyRootFilesystem") === true
        ? []
        : [
            {
              path: [...path, "securityContext", "readOnlyRootFilesystem"],
              problem: `container "${name}" has a writable root; set readOnlyRootFilesystem`,
            },
          ],
    ),
  ),
};

const download =
  /(?:^|[\s;&|(])(?:apk\s+(?:--\S+\s+)*add|apt(?:-get)?\s+install|pip3?\s+install|npm\s+(?:i|install)|(?:curl|wget)\s[^\n]*https?:\/\/(?!\$|127\.|localhost))/;

export const bootstrapDownload: ResourceRule = {
  id: "bootstrap-download",
  family: "bootstrap",
  severity: "medium",
  description: "vault-bootstrap fetches no tool while it runs.",
  why: "A mirror with a bad certificate stopped the bootstrap, and with it every secret of the environment.",
  remediation: "Put the tool into the image and pin that by digest.",
  references: ["519", "485", "450", "P27"],
  levels: mandatory,
  kinds: runs,
  judge: ofBootstrap((subject) =>
    judgeContainers(subject, (container) =>
      wordsOf(container).flatMap(({ word, path }): readonly Violation[] =>
        download.test(word) ? [{ path, problem: `container "${container.name}" downloads while it runs` }] : [],
      ),
    ),
  ),
};

export const bootstrapIdentityToken: ResourceRule = {
  id: "bootstrap-identity-token",
  family: "bootstrap",
  severity: "high",
  description: "A bootstrap that logs in to Azure has its token by a volume of its own, or asks the webhook for it.",
  why: "The webhook was down, AZURE_FEDERATED_TOKEN_FILE was missing, and the bootstrap went on with fixtures, silently.",
  remediation:
    "Mount a projected serviceAccountToken of audience api://AzureADTokenExchange, or label the pod azure.workload.identity/use=true.",
  references: ["451", "438"],
  levels: mandatory,
  kinds: runs,
  judge: ofBootstrap((subject) => {
    const pod = podPath(subject);
    const names = containersOf(subject).flatMap(({ object }) =>
      list(object, "env").map((entry) => text(entry, "name") ?? ""),
    );
    if (!names.some((name) => name.startsWith("AZURE_"))) return [];
    const projected = list(subject.object, ...pod, "volumes").some((volume) =>
      list(volume, "projected", "sources").some(
        (source) => text(source, "serviceAccountToken", "audience") === "api://AzureADTokenExchange",
      ),
    );
    const template = pod.slice(0, -1);
    const labelled = text(subject.object, ...template, "metadata", "labels", "azure.workload.identity/use") === "true";
    return projected || labelled
      ? []
      : [{ path: [...pod, "volumes"], problem: "logs in to Azure and has no token for it" }];
  }),
};

export const bootstrapPrefixDefault: ResourceRule = {
  id: "bootstrap-prefix-default",
  family: "bootstrap",
  severity: "high",
  description: "An empty secretPrefix stays empty.",
  why: "A shell default turned the empty prefix back into env-, no name matched, and fixtures won in three environments.",
  remediation: "Use ${SECRET_PREFIX-env-}, which fills in only what is unset.",
  references: ["451", "519", "P5"],
  levels: mandatory,
  kinds: ["ConfigMap", ...runs],
  judge: (subject) =>
    subject.leaves().flatMap(({ path, value }): readonly Violation[] => {
      const [, variable] = /\$\{(\w*PREFIX\w*):[-=]/i.exec(value ?? "") ?? [];
      return variable === undefined
        ? []
        : [{ path, problem: `fills an empty ${variable} with a default; use \${${variable}-...}` }];
    }),
};
