import { normalise } from "../domain/names.ts";
import type { FieldRole } from "../domain/manifests/secret-fields.ts";
import { judgeEach, mustBe, type Violations, type RuleTable } from "./rule.ts";
import {
  deliveryKinds,
  pushKinds,
  referencesAs,
  refusingRoles,
  specList,
  specPath,
  specText,
} from "./subject/references.ts";
import type { Subject } from "./subject/subject.ts";
import { vaultPath } from "./subject/vault-path.ts";

const unnamed: Partial<Record<FieldRole, string>> = {
  "bulk-write": "dataTo pushes every key of the Secret; name each key under data",
  search: "pushes every Secret that its selector matches; name one Secret in selector.secret.name",
  generator: "pushes the value of a generator, which has no owner; name one Secret in selector.secret.name",
};

export const authorityPushRules = {
  "authority-push-replace": {
    severity: "high",
    description: "A PushSecret replaces the copy in Vault.",
    why: "IfNotExists makes Vault the authority: after the first rotation its copy stays wrong.",
    remediation: "Set spec.updatePolicy: Replace.",
    references: ["https://external-secrets.io/latest/api/pushsecret/"],
    kinds: pushKinds,
    judge: (subject) => mustBe(subject.object, [...specPath(subject), "updatePolicy"], "Replace"),
  },
  "authority-push-property": {
    severity: "medium",
    description: "A PushSecret writes the field `value` of its path.",
    why: "Without a property External Secrets pushes plain text where Vault wants an object, and the push fails.",
    remediation: "Set remoteRef.property: value.",
    references: ["https://github.com/external-secrets/external-secrets/issues/2320"],
    kinds: pushKinds,
    judge: (subject) =>
      judgeEach(referencesAs("written-path", subject), ({ path }) =>
        mustBe(subject.object, [...path.slice(0, -1), "property"], "value"),
      ),
  },
  "authority-push-all": {
    severity: "high",
    description: "A PushSecret names the Secret that it pushes, and every key of it.",
    why: "dataTo pushes every key of the Secret, also keys that are added later, and a label selector pushes every Secret with the label. Nobody declared them, and no rule can know who reads them.",
    remediation: "Name the Secret in selector.secret.name, and replace dataTo by data entries, one per key.",
    references: ["https://external-secrets.io/latest/guides/pushsecret-datato/"],
    kinds: pushKinds,
    judge(subject) {
      const entries = specList(subject, "data").map((_, i) => (): Violations => {
        const match = ["data", i, "match"];
        const problem = "has no secretKey and pushes every key of the Secret; name one key";
        const isNamed = specText(subject, ...match, "secretKey") !== undefined;
        return !isNamed && { path: [...specPath(subject), ...match], problem };
      });
      return judgeEach([...refusingRoles(subject, unnamed), ...entries], (judge) => judge());
    },
  },
  "authority-push-keep": {
    severity: "high",
    description: "A PushSecret that is deleted leaves its copy in Vault.",
    why: "With deletionPolicy Delete, a PushSecret that is renamed or pruned deletes the secret in Vault, with what anybody else wrote there.",
    remediation: "Set spec.deletionPolicy: None, which is the default.",
    references: ["https://external-secrets.io/latest/api/pushsecret/"],
    kinds: pushKinds,
    judge(subject) {
      const policy = specText(subject, "deletionPolicy") ?? "None";
      const path = [...specPath(subject), "deletionPolicy"];
      return policy === "None" ? [] : { path, problem: `deletionPolicy is ${policy}; set None` };
    },
  },
  "authority-mirror-read": {
    severity: "high",
    description: "No ExternalSecret reads a path that a PushSecret writes.",
    why: "A pushed copy is a record only. An ExternalSecret that reads it creates a loop with two owners, and an outdated copy spreads.",
    remediation: "Read the owner's own Secret in the cluster, and remove the ExternalSecret or the PushSecret.",
    references: ["https://external-secrets.io/latest/api/pushsecret/"],
    kinds: [...pushKinds, ...deliveryKinds],
    judgeAll(subjects) {
      const writers = new Map(
        subjects
          .filter(({ kind }) => pushKinds.includes(kind))
          .flatMap((push) => knownPaths(push).map((path) => [path, push] as const)),
      );
      const readers = subjects.filter(({ kind }) => deliveryKinds.includes(kind));
      return judgeEach(readers, (subject) =>
        judgeEach(referencesAs("vault-path", subject), ({ key, path }) => {
          const read = key() ?? "";
          const writer = read === "" ? undefined : writers.get(normalise(vaultPath(read)));
          return writer && { subject, path, problem: `reads "${read}", which ${writer.label} writes` };
        }),
      );
    },
  },
} satisfies RuleTable;

/** Paths that a PushSecret writes; none while one is not known. */
function knownPaths(push: Subject): readonly string[] {
  try {
    return referencesAs("written-path", push).flatMap(({ key }) => {
      const written = key();
      return written === undefined ? [] : [normalise(vaultPath(written))];
    });
  } catch {
    return [];
  }
}
