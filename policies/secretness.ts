import { shapeOf } from "../domain/value-shapes.ts";
import { credentialIn, literalIn } from "./credential.ts";
import { argumentCredentials, credentialAt } from "./credential-places.ts";
import { judgeContainers } from "./containers.ts";
import { judgeEach, type Violations, type RuleTable } from "./rule.ts";
import { entries, isMarkedSecret, isRecord, isUnknown, list, text, Undecided, type Path } from "./subject/reading.ts";
import { wordsOf } from "./subject/pods.ts";
import { deliveryKinds, pushKinds, templateData, templatePath } from "./subject/references.ts";
import { leavesOf, type Subject } from "./subject/subject.ts";
import { natureOf } from "./value-nature.ts";

export const secretnessRules = {
  "secretness-unmarked-value": {
    severity: "critical",
    description: "A secret's value is marked secret before it enters state.",
    why: "azure-native does not mark the value of a Key Vault secret: it went from .env into state, events and logs in plain text.",
    remediation: "Wrap the value in pulumi.secret() where it is read, and rotate a value that is already in a state.",
    references: [
      "https://www.pulumi.com/docs/iac/concepts/secrets/",
      "https://github.com/pulumi/pulumi-policy/issues/241",
    ],
    kinds: ["KeyVaultSecret", "VaultSecret", "Secret"],
    looksAtMarks: true,
    judge(subject) {
      if (subject.origin === "document") return []; // YAML has no marks: secretness-literal-secret judges it
      return judgeEach(valuePaths(subject), (path) => {
        const value = markedAt(subject.object, path);
        if (value === undefined || value === null || value === "" || isMarkedSecret(value)) return [];
        if (isUnknown(value)) throw new Undecided(path);
        return { path, problem: "is not marked secret" };
      });
    },
  },
  "secretness-literal-secret": {
    severity: "critical",
    description: "No Secret in a repository contains a value.",
    why: "A value in Git is in every clone and in its history, and is rarely rotated.",
    remediation: "Remove the value, rotate it, and deliver it with an ExternalSecret.",
    references: ["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
    kinds: ["Secret"],
    judge({ origin, object }) {
      if (origin !== "document") return []; // secretness-unmarked-value judges programs
      if (text(object, "type") === "kubernetes.io/service-account-token") return [];
      return ["data", "stringData"].map((field) =>
        judgeEach(entries(object, field), ([key]) => {
          const written = text(object, field, key) ?? "";
          const found = secretIn(key, field === "data" ? decoded(written) : written);
          return found !== undefined && { path: [field, key], problem: `"${key}" contains ${found} in plain text` };
        }),
      );
    },
  },
  "secretness-values": {
    severity: "high",
    description: "Values of a chart, an application or a realm contain no credential.",
    why: "One committed password was used for Grafana, Keycloak and Argo CD, in every environment.",
    remediation:
      "Name an existing Secret instead (existingSecret; in a realm ${VARIABLE}), created by its owner or an ExternalSecret.",
    references: ["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
    kinds: ["Values"],
    judge: (subject) =>
      leavesOf(subject).map(({ path, value = "" }) => {
        const found = credentialAt(subject.object, path, value);
        return found !== undefined && { path, problem: `contains ${found}` };
      }),
  },
  "secretness-template-literal": {
    severity: "high",
    description: "An ExternalSecret's template adds no secret of its own.",
    why: "A literal next to fetched keys stays when the real value is rotated, and is in plain text in Git and in the API server.",
    remediation: "Fetch the value by a data entry and refer to it in the template.",
    references: ["https://external-secrets.io/latest/guides/templating/"],
    kinds: [...deliveryKinds, ...pushKinds],
    judge(subject) {
      const template = templatePath(subject);
      const keyed = templateData(subject).map(([key]): readonly [Path, string?] => [[...template, "data", key], key]);
      const literals = list(subject.object, ...template, "templateFrom").map((_, i): readonly [Path, string?] => [
        [...template, "templateFrom", i, "literal"],
      ]);
      return judgeEach([...keyed, ...literals], ([path, key]) => {
        const value = text(subject.object, ...path) ?? "";
        const found = (key === undefined ? shapeOf(value) : credentialIn(key, value)) ?? credentialInLines(value);
        const what = key === undefined ? "" : `"${key}" with `;
        return found !== undefined && { path, problem: `its template writes ${what}${found} in plain text` };
      });
    },
  },
  "secretness-config-map": {
    severity: "critical",
    description: "A ConfigMap contains settings and no secret.",
    why: "Everybody who can read the namespace can read its ConfigMaps. They are not encrypted at rest, and tools print them.",
    remediation: "Deliver the value through the pipeline and read it from the Secret.",
    references: ["https://kubernetes.io/docs/concepts/configuration/configmap/"],
    kinds: ["ConfigMap"],
    judge: ({ object }) =>
      judgeEach(entries(object, "data"), ([key]) => {
        const value = text(object, "data", key) ?? "";
        const isFile = /[.\n]/.test(key) || value.includes("\n");
        const found = isFile ? shapeOf(value) : credentialIn(key, value);
        return found !== undefined && { path: ["data", key], problem: `"${key}" contains ${found}` };
      }),
  },
  "secretness-workload": {
    severity: "critical",
    description: "No secret is in the environment or the arguments of a workload.",
    why: "Every process of the node can read arguments, and everybody who can read the pod can read both.",
    remediation: "Use valueFrom.secretKeyRef, or mount the Secret as a file.",
    references: ["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
    kinds: ["CronJob", "Workload"],
    judge: (subject) =>
      judgeContainers(subject, (container) => {
        const { object } = container;
        const variables = list(object, "env").map((_, i) => (): Violations => {
          const variable = text(object, "env", i, "name") ?? "";
          const found = credentialIn(variable, text(object, "env", i, "value") ?? "");
          const problem = `has ${found ?? ""} in its environment variable ${variable}`;
          return found !== undefined && { path: ["env", i, "value"], problem };
        });
        const inArguments = (): Violations => {
          const words = wordsOf(container);
          return argumentCredentials(words.map(({ word }) => word)).map(({ index, found }) => ({
            path: words[index]?.path ?? [],
            problem: `has ${found} in its arguments`,
          }));
        };
        return judgeEach([...variables, inArguments], (judge) => judge());
      }),
  },
} satisfies RuleTable;

function valuePaths({ kind, object }: Subject): readonly Path[] {
  const keysUnder = (field: string): readonly Path[] =>
    isMarkedSecret(markedAt(object, [field])) ? [] : entries(object, field).map(([key]) => [field, key]);
  if (kind === "KeyVaultSecret") return [["properties", "value"], ["value"]];
  if (kind === "VaultSecret") return [["dataJson"], ["dataJsonWo"], ...keysUnder("data")];
  return [...keysUnder("data"), ...keysUnder("stringData")];
}

/** The value there, or the mark of an object that contains it. */
function markedAt(object: unknown, path: Path): unknown {
  let here = object;
  for (const key of path) {
    if (isUnknown(here)) return here;
    here = isRecord(here) ? here[key] : undefined;
  }
  return here;
}

/** A template or ciphertext is not base64 yet: a tool renders or decrypts it before the API server gets it. */
function decoded(written: string): string {
  const nature = natureOf(written);
  return nature === "template" || nature === "ciphertext" ? written : Buffer.from(written, "base64").toString("utf8");
}

/** In a Secret every literal counts, except names, hosts, ports, switches and placeholders. */
function secretIn(key: string, value: string): string | undefined {
  const known = shapeOf(value) ?? literalIn(key, value, "in-secret");
  if (known !== undefined) return known;
  const nature = natureOf(value);
  if (nature === "hash") return "the hash of a password";
  const isWhole = /^\.dockerconfigjson$|\.json$|\.pem$|\.key$|^tls\.key$|^key$|^value$/i.test(key);
  return isWhole && nature === undefined ? "a literal" : undefined;
}

function credentialInLines(text: string): string | undefined {
  for (const [, key = "", value = ""] of text.matchAll(/^[ \t]*["']?([\w.-]{1,80})["']?[ \t]*[:=][ \t]*(\S.*)$/gm)) {
    const bare = value.trim().replace(/,$/, "");
    const found = credentialIn(key, bare.replace(/^(["'])(.*)\1$/, "$2"));
    if (found !== undefined) return found;
  }
  return undefined;
}
