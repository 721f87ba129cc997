import { shapeOf } from "../domain/credential-shapes.ts";
import { credentialIn, literalIn } from "./credential.ts";
import { argumentCredentials, credentialAt } from "./credential-places.ts";
import { judgeEach, type ResourceRule, type Violations } from "./rule.ts";
import { entries, list, text } from "./subject/reading.ts";
import { judgeContainers, wordsOf } from "./subject/pods.ts";
import { templateData, templatePath } from "./subject/references.ts";
import { natureOf } from "./value-nature.ts";

export const secretnessLiteralSecret: ResourceRule = {
  id: "secretness-literal-secret",
  severity: "critical",
  description: "No Secret in a repository holds a value.",
  why: "What is in Git is in every clone and every log of it, and is never rotated again.",
  remediation: "Remove the value, rotate it, and deliver it by an ExternalSecret.",
  references: ["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
  kinds: ["Secret"],
  judge({ origin, object }) {
    if (origin !== "document") return []; // in a program it is secretness-unmarked-value that judges
    if (text(object, "type") === "kubernetes.io/service-account-token") return [];
    return ["data", "stringData"].flatMap((field) =>
      judgeEach(entries(object, field), ([key]): Violations => {
        const written = text(object, field, key) ?? "";
        const found = holdsSecret(key, field === "data" ? decoded(written) : written);
        return found === undefined ? [] : [{ path: [field, key], problem: `"${key}" holds ${found} in clear` }];
      }),
    );
  },
};

/** What a tool fills in or decrypts before the API server gets it is not encoded. */
function decoded(written: string): string {
  const nature = natureOf(written);
  return nature === "template" || nature === "ciphertext" ? written : Buffer.from(written, "base64").toString("utf8");
}

/** In a Secret every literal counts, except what is plainly none: names, hosts, ports, switches, markers to fill in. */
function holdsSecret(key: string, value: string): string | undefined {
  const known = shapeOf(value) ?? literalIn(key, value, "in-secret");
  if (known !== undefined) return known;
  const nature = natureOf(value);
  if (nature === "hash") return "the hash of a password";
  const isWhole = /^\.dockerconfigjson$|\.json$|\.pem$|\.key$|^tls\.key$|^key$|^value$/i.test(key);
  return isWhole && nature === undefined ? "a literal" : undefined;
}

export const secretnessValues: ResourceRule = {
  id: "secretness-values",
  severity: "high",
  description: "Values of a chart, an application or a realm hold no credential.",
  why: "One committed password served Grafana, Keycloak and Argo alike, in every environment.",
  remediation:
    "Name an existing Secret instead (existingSecret; in a realm ${VARIABLE}), made by its owner or an ExternalSecret.",
  references: ["https://kubernetes.io/docs/concepts/security/secrets-good-practices/"],
  kinds: ["Values"],
  judge: (subject) =>
    subject.leaves().flatMap(({ path, value = "" }): Violations => {
      const found = credentialAt(subject.object, path, value);
      return found === undefined ? [] : [{ path, problem: `holds ${found}` }];
    }),
};

export const secretnessTemplateLiteral: ResourceRule = {
  id: "secretness-template-literal",
  severity: "high",
  description: "An ExternalSecret's template adds no secret of its own.",
  why: "A literal beside fetched keys stays when the real one is rotated, and lies in Git and in the API server in clear.",
  remediation: "Fetch the value by a data entry and refer to it in the template.",
  references: ["https://external-secrets.io/latest/guides/templating/"],
  kinds: ["ExternalSecret", "ClusterExternalSecret", "PushSecret", "ClusterPushSecret"],
  judge: (subject) => {
    const template = templatePath(subject);
    return judgeEach(
      [
        ...templateData(subject).map(([key]) => ({ key, path: [...template, "data", key] })),
        ...list(subject.object, ...template, "templateFrom").map((_, i) => ({
          key: undefined,
          path: [...template, "templateFrom", i, "literal"],
        })),
      ],
      ({ key, path }): Violations => {
        const value = text(subject.object, ...path) ?? "";
        const found = (key === undefined ? shapeOf(value) : credentialIn(key, value)) ?? credentialInLines(value);
        if (found === undefined) return [];
        return [{ path, problem: `its template writes ${key === undefined ? "" : `"${key}" with `}${found} in clear` }];
      },
    );
  },
};

/** A file of settings within a text: `KEY: value` or `KEY=value` on a line of its own. */
function credentialInLines(text: string): string | undefined {
  for (const [, key = "", value = ""] of text.matchAll(/^[ \t]*["']?([\w.-]{1,80})["']?[ \t]*[:=][ \t]*(\S.*)$/gm)) {
    const bare = value
      .trim()
      .replace(/,$/, "")
      .replace(/^(["'])(.*)\1$/, "$2");
    const found = credentialIn(key, bare);
    if (found !== undefined) return found;
  }
  return undefined;
}

export const secretnessConfigMap: ResourceRule = {
  id: "secretness-config-map",
  severity: "critical",
  description: "A ConfigMap holds settings and no secret.",
  why: "ConfigMaps are read by whoever reads the namespace, are not encrypted at rest, and are printed by every tool.",
  remediation: "Move the value to the chain and read it from the Secret.",
  references: ["https://kubernetes.io/docs/concepts/configuration/configmap/"],
  kinds: ["ConfigMap"],
  judge: ({ object }) =>
    judgeEach(entries(object, "data"), ([key]): Violations => {
      const value = text(object, "data", key) ?? "";
      // a file among the data is judged by the shapes in it, a plain key by its name too
      const found = /[.\n]/.test(key) || value.includes("\n") ? shapeOf(value) : credentialIn(key, value);
      return found === undefined ? [] : [{ path: ["data", key], problem: `"${key}" holds ${found}` }];
    }),
};

export const secretnessWorkload: ResourceRule = {
  id: "secretness-workload",
  severity: "critical",
  description: "No secret stands in the environment or the arguments of a workload.",
  why: "Arguments are seen by every process of the node, both by whoever reads the pod.",
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
};
