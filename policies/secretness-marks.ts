import { judgeEach, type ResourceRule, type Violations } from "./rule.ts";
import { entries, isMarkedSecret, isRecord, isUnknown, Undecided, type Path } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

/**
 * The one rule that looks at marks instead of values. It needs subjects that keep them: `pack/marking.ts` makes those from
 * what the SDK shows a remediation, `lint` from a state file, where a marked value is encrypted.
 */
export const secretnessUnmarkedValue: ResourceRule = {
  id: "secretness-unmarked-value",
  severity: "critical",
  description: "A secret's value is marked secret before it enters state.",
  why: "azure-native does not mark a Key Vault secret's value: from .env it went into state, events and logs in clear.",
  remediation: "Wrap the value by pulumi.secret() where it is read; then rotate what has been in state already.",
  references: [
    "https://www.pulumi.com/docs/iac/concepts/secrets/",
    "https://github.com/pulumi/pulumi-policy/issues/241",
  ],
  kinds: ["KeyVaultSecret", "VaultSecret", "Secret"],
  judge(subject) {
    if (subject.origin === "document") return []; // no marks in YAML: secretness-literal-secret judges there
    return judgeEach(valuePaths(subject), (path): Violations => {
      const value = markedAt(subject.object, path);
      if (value === undefined || value === null || value === "" || isMarkedSecret(value)) return [];
      if (isUnknown(value)) throw new Undecided(path);
      return [{ path, problem: "is not marked secret" }];
    });
  },
};

/** Where values stand. @throws Undecided where the object that holds them is not known */
function valuePaths({ kind, object }: Subject): readonly Path[] {
  switch (kind) {
    case "KeyVaultSecret":
      return [["properties", "value"], ["value"]];
    case "VaultSecret":
      return [["dataJson"], ["dataJsonWo"], ...keysUnder(object, "data")];
    default:
      return [...keysUnder(object, "data"), ...keysUnder(object, "stringData")];
  }
}

function keysUnder(object: unknown, field: string): readonly Path[] {
  if (isMarkedSecret(markedAt(object, [field]))) return [];
  return entries(object, field).map(([key]) => [field, key]);
}

/** The value there, or the mark of an object on the way to it. */
function markedAt(object: unknown, path: Path): unknown {
  let here = object;
  for (const key of path) {
    if (isUnknown(here)) return here;
    here = isRecord(here) ? here[key] : undefined;
  }
  return here;
}
