import { shapeOf } from "../domain/credential-shapes.ts";
import { credentialIn, isLiteral, namesSecret } from "./credential-shapes.ts";
import { judgeEach } from "./judge-each.ts";
import { mandatory, type ResourceRule, type Violation } from "./rule.ts";
import { entries, list, text } from "./subject/reading.ts";
import { judgeContainers, wordsOf } from "./subject/pods.ts";
import { templateData, templatePath } from "./subject/references.ts";

export const secretnessLiteralSecret: ResourceRule = {
  id: "secretness-literal-secret",
  family: "secretness",
  severity: "critical",
  description: "No Secret in a repository holds a value.",
  why: "What is in Git is in every clone and every log of it, and is never rotated again.",
  remediation: "Remove the value, rotate it, and deliver it by an ExternalSecret.",
  references: ["362", "648"],
  levels: mandatory,
  kinds: ["Secret"],
  judge({ origin, object }) {
    if (origin !== "document") return []; // in a program it is secretness-unmarked-value that judges
    if (text(object, "type") === "kubernetes.io/service-account-token") return [];
    return ["data", "stringData"].flatMap((field) =>
      judgeEach(entries(object, field), ([key]): readonly Violation[] => {
        const written = text(object, field, key) ?? "";
        const value =
          field === "data" && isLiteral(written) ? Buffer.from(written, "base64").toString("utf8") : written;
        const found = holdsSecret(key, value);
        return found === undefined ? [] : [{ path: [field, key], problem: `"${key}" holds ${found} in clear` }];
      }),
    );
  },
};

/** In a Secret every literal counts, but for what is plainly none: names, hosts, ports, switches. */
function holdsSecret(key: string, value: string): string | undefined {
  const known = credentialIn(key, value);
  if (known !== undefined || !isLiteral(value)) return known;
  return /^\.dockerconfigjson$|\.json$|\.pem$|\.key$|^tls\.key$|^key$|^value$/i.test(key) ? "a literal" : undefined;
}

export const secretnessValues: ResourceRule = {
  id: "secretness-values",
  family: "secretness",
  severity: "high",
  description: "Values of a chart, an application or a realm hold no credential.",
  why: "One committed password served Grafana, Keycloak and Argo alike, in every environment.",
  remediation:
    "Name an existing Secret instead (existingSecret; in a realm ${VARIABLE}), made by its owner or an ExternalSecret.",
  references: ["362", "519", "648"],
  levels: mandatory,
  kinds: ["Values"],
  judge: (subject) =>
    subject.leaves().flatMap(({ path, value = "" }): readonly Violation[] => {
      const found = credentialIn(String(path.findLast((key) => typeof key === "string") ?? ""), value);
      return found === undefined ? [] : [{ path, problem: `holds ${found}` }];
    }),
};

export const secretnessTemplateLiteral: ResourceRule = {
  id: "secretness-template-literal",
  family: "secretness",
  severity: "high",
  description: "An ExternalSecret's template adds no secret of its own.",
  why: "A literal beside fetched keys stays when the real one is rotated, and lies in Git and in the API server in clear.",
  remediation: "Fetch the value by a data entry and refer to it in the template.",
  references: ["362", "450"],
  levels: mandatory,
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
      ({ key, path }): readonly Violation[] => {
        const value = text(subject.object, ...path) ?? "";
        const found = key === undefined ? shapeOf(value) : credentialIn(key, value);
        if (found === undefined) return [];
        return [{ path, problem: `its template writes ${key === undefined ? "" : `"${key}" with `}${found} in clear` }];
      },
    );
  },
};

export const secretnessConfigMap: ResourceRule = {
  id: "secretness-config-map",
  family: "secretness",
  severity: "critical",
  description: "A ConfigMap holds settings and no secret.",
  why: "ConfigMaps are read by whoever reads the namespace, are not encrypted at rest, and are printed by every tool.",
  remediation: "Move the value to the chain and read it from the Secret.",
  references: ["648"],
  levels: mandatory,
  kinds: ["ConfigMap"],
  judge: ({ object }) =>
    judgeEach(entries(object, "data"), ([key]): readonly Violation[] => {
      const value = text(object, "data", key) ?? "";
      // a file among the data is judged by the shapes in it, a plain key by its name too
      const found = /[.\n]/.test(key) || value.includes("\n") ? shapeOf(value) : credentialIn(key, value);
      return found === undefined ? [] : [{ path: ["data", key], problem: `"${key}" holds ${found}` }];
    }),
};

export const secretnessWorkload: ResourceRule = {
  id: "secretness-workload",
  family: "secretness",
  severity: "critical",
  description: "No secret stands in the environment or the arguments of a workload.",
  why: "Arguments are seen by every process of the node, both by whoever reads the pod.",
  remediation: "Use valueFrom.secretKeyRef, or mount the Secret as a file.",
  references: ["648", "CKV_K8S_35"],
  levels: mandatory,
  kinds: ["CronJob", "Workload"],
  judge: (subject) =>
    judgeContainers(subject, (container) => {
      const { object, path, name } = container;
      const environment = list(object, "env").map((_, i) => (): readonly Violation[] => {
        const variable = text(object, "env", i, "name") ?? "";
        const found = credentialIn(variable, text(object, "env", i, "value") ?? "");
        const problem = `container "${name}" has ${found ?? ""} in its environment as ${variable}`;
        return found === undefined ? [] : [{ path: [...path, "env", i, "value"], problem }];
      });
      const words = (): readonly Violation[] =>
        wordsOf(container).flatMap(({ word, path: at }): readonly Violation[] => {
          const found = argumentSecret(word);
          return found === undefined
            ? []
            : [{ path: at, problem: `container "${name}" has ${found} in its arguments` }];
        });
      return judgeEach([...environment, words], (one) => one());
    }),
};

/** `--password=...` and shapes; a script's own `PASSWORD=$(...)` is no literal. */
function argumentSecret(word: string): string | undefined {
  const shape = shapeOf(word);
  if (shape !== undefined) return shape;
  const [, flag = "", value = ""] = /^--?([\w-]+)=(\S+)$/.exec(word) ?? [];
  return namesSecret(flag) && isLiteral(value) ? "a literal" : undefined;
}
