import { judgeEach, type ResourceRule, type Violation } from "./rule.ts";
import { keysOfTemplate } from "./subject/go-template.ts";
import { entries, list, text, type Path } from "./subject/reading.ts";
import { deliveryKinds, fetchedKeys, pushKinds, specList, templatePath } from "./subject/references.ts";
import type { Subject } from "./subject/subject.ts";

export const deliveryTemplateKeys: ResourceRule = {
  id: "delivery-template-keys",
  severity: "high",
  description: "A template uses only fetched keys, in a form that Go can read.",
  why: 'Go reads the dash of {{ .client-secret }} as an operator ("bad character U+002D"). A key that nothing fetches fails or stays empty: no Secret is created, or one that lacks a value.',
  remediation: 'Write {{ index . "client-secret" }}, or name the key without a dash; fetch each key under data.',
  references: ["https://external-secrets.io/latest/guides/templating/"],
  kinds: [...deliveryKinds, ...pushKinds],
  judge(subject) {
    const fetched = knownKeys(subject);
    return judgeEach(templateTexts(subject), ([path, read]) =>
      keysOfTemplate(read()).map(({ key, line, isRefused }) => {
        const found = problemOf(key, isRefused, fetched);
        return found && { path, line, ...found };
      }),
    );
  },
};

/** Keys of a chart that was not rendered; `placeholder-unrendered` reports these. */
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
  if (fetched === undefined) return undefined;
  const [first = ""] = key.split(".");
  if (fetched.has(key) === fetched.has(first)) {
    return fetched.has(key) || helmKeys.test(key)
      ? undefined
      : { problem: `its template uses the key "${key}", which nothing fetches`, fix: `fetch "${key}" under data` };
  }
  // Go reads {{ .tls.crt }} as the field "crt" of the key "tls"; {{ .host.x }} of a fetched "host" fails with a clear message
  if (!fetched.has(key)) return undefined;
  return {
    problem: `Go reads {{ .${key} }} in its template as a field of "${first}"; write ${index}`,
    fix: `write ${index}`,
  };
}

/** @returns `undefined` where the keys are not known: those of a whole path, of a search or of a pushed Secret. */
function knownKeys(subject: Subject): ReadonlySet<string> | undefined {
  const isOpen = pushKinds.includes(subject.kind) || specList(subject, "dataFrom").length > 0;
  return isOpen ? undefined : new Set(fetchedKeys(subject));
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
