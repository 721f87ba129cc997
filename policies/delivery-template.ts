import { judgeEach, type ResourceRule, type Violation, type Violations } from "./rule.ts";
import { keysOfTemplate } from "./subject/go-template.ts";
import { entries, list, text, type Path } from "./subject/reading.ts";
import { specList, specText, templatePath } from "./subject/references.ts";
import type { Subject } from "./subject/subject.ts";

export const deliveryTemplateKeys: ResourceRule = {
  id: "delivery-template-keys",
  severity: "high",
  description: "A template refers to keys that are fetched, in a form that Go can read.",
  why: 'Go takes the dash of {{ .client-secret }} for an operator ("bad character U+002D"), and a key that nothing fetches fails or stays empty: no Secret is created, or one with a hole in it.',
  remediation: 'Write {{ index . "client-secret" }}, or name the key without a dash; fetch each key under data.',
  references: ["https://external-secrets.io/latest/guides/templating/"],
  kinds: ["ExternalSecret", "ClusterExternalSecret", "PushSecret", "ClusterPushSecret"],
  judge(subject) {
    const fetched = fetchedKeys(subject);
    return judgeEach(templateTexts(subject), ([path, read]): Violations =>
      keysOfTemplate(read()).flatMap(({ key, line, isRefused }): Violations => {
        const problem = problemOf(key, isRefused, fetched);
        return problem === undefined ? [] : [{ path, line, ...problem }];
      }),
    );
  },
};

/** Of charts that were not rendered; `placeholder-unrendered` reports these. */
const helmKeys = /^(?:Values|Release|Chart|Capabilities|Template|Files|Subcharts)(?:\.|$)/;

function problemOf(
  key: string,
  isRefused: boolean,
  fetched: ReadonlySet<string> | undefined,
): Pick<Violation, "problem" | "fix"> | undefined {
  const index = `{{ index . "${key}" }}`;
  if (isRefused) {
    return { problem: `Go cannot read {{ .${key} }} in its template; write ${index}`, fix: `write ${index}` };
  }
  const [first = ""] = key.split(".");
  if (fetched === undefined || fetched.has(key) === fetched.has(first)) {
    return fetched === undefined || fetched.has(key) || helmKeys.test(key)
      ? undefined
      : { problem: `its template uses the key "${key}", which nothing fetches`, fix: `fetch "${key}" under data` };
  }
  // {{ .tls.crt }} is the field "crt" of the key "tls"; {{ .host.x }} of a fetched "host" fails too, but in its own words
  return fetched.has(key)
    ? {
        problem: `Go reads {{ .${key} }} in its template as a field of "${first}"; write ${index}`,
        fix: `write ${index}`,
      }
    : undefined;
}

/** @returns `undefined` where the keys are not known: those of a whole path, of a search or of a pushed Secret. */
function fetchedKeys(subject: Subject): ReadonlySet<string> | undefined {
  if (subject.kind === "PushSecret" || subject.kind === "ClusterPushSecret") return undefined;
  if (specList(subject, "dataFrom").length > 0) return undefined;
  return new Set(specList(subject, "data").map((_, i) => specText(subject, "data", i, "secretKey") ?? ""));
}

/** Every text that the operator renders, read when it is judged. @throws Undecided */
function templateTexts(subject: Subject): readonly (readonly [path: Path, read: () => string])[] {
  const template = templatePath(subject);
  const { object } = subject;
  if (text(object, ...template, "engineVersion") === "v1") return [];
  const paths: readonly Path[] = [
    ...["data", "metadata.annotations", "metadata.labels"].flatMap((field) => {
      const path = [...template, ...field.split(".")];
      return entries(object, ...path).map(([key]) => [...path, key]);
    }),
    ...list(object, ...template, "templateFrom").map((_, i) => [...template, "templateFrom", i, "literal"]),
  ];
  return paths.map((path) => [path, () => text(object, ...path) ?? ""]);
}
