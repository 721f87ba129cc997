import { normalise } from "../domain/names.ts";
import type { FieldRole } from "../domain/manifests/secret-fields.ts";
import { judgeEach, type ResourceRule, type StackRule, type Violations } from "./rule.ts";
import { text } from "./subject/reading.ts";
import { targetsOf } from "./subject/other-deliveries.ts";
import { referencesOf, specPath, specText, type Reference } from "./subject/references.ts";
import type { Kind, Subject } from "./subject/subject.ts";
import { vaultPath } from "./subject/vault-path.ts";

const pushes: readonly Kind[] = ["PushSecret", "ClusterPushSecret"];

export const authorityPushReplace: ResourceRule = {
  id: "authority-push-replace",
  severity: "high",
  description: "A mirror of a cluster's secret replaces what Vault holds.",
  why: "IfNotExists makes Vault the authority: after the first rotation its copy is the wrong one, for good.",
  remediation: "Set spec.updatePolicy: Replace.",
  references: ["https://external-secrets.io/latest/api/pushsecret/"],
  kinds: pushes,
  judge(subject) {
    const policy = specText(subject, "updatePolicy");
    if (policy === "Replace") return [];
    const found = policy === undefined ? "has no updatePolicy" : `has updatePolicy ${policy}`;
    return [{ path: [...specPath(subject), "updatePolicy"], problem: `${found}; set Replace` }];
  },
};

export const authorityPushProperty: ResourceRule = {
  id: "authority-push-property",
  severity: "medium",
  description: "A mirror writes the field `value` of its path.",
  why: "Without a property ESO pushes the raw text where Vault wants an object, and the push fails (external-secrets#2320).",
  remediation: "Set remoteRef.property: value.",
  references: ["https://github.com/external-secrets/external-secrets/issues/2320"],
  kinds: pushes,
  judge: (subject) =>
    judgeEach(writtenBy(subject), ({ path, property }) => {
      const found = property();
      if (found === "value") return [];
      const problem = found === undefined ? "has no property; set value" : `pushes property "${found}"; set value`;
      return [{ path: [...path.slice(0, -1), "property"], problem }];
    }),
};

/** @see https://external-secrets.io/latest/guides/pushsecret-datato/ - since External Secrets 2 */
export const authorityPushAll: ResourceRule = {
  id: "authority-push-all",
  severity: "high",
  description: "A mirror names the Secret that it pushes, and every key of it.",
  why: "dataTo pushes whatever keys the Secret has, its next one too, and a label selector whatever Secrets bear the label: nobody declared them, and no rule can tell who reads them.",
  remediation: "Name the Secret in selector.secret.name, and replace dataTo by data entries, one per key.",
  references: ["https://external-secrets.io/latest/guides/pushsecret-datato/"],
  kinds: pushes,
  judge: (subject) =>
    judgeEach(referencesOf(subject), ({ role, path, key }): Violations => {
      const problem = pushedUnnamed[role];
      if (problem === undefined) return [];
      key(); // undecided while it is not known whether the field is present
      return [{ path, problem }];
    }),
};

const pushedUnnamed: Partial<Record<FieldRole, string>> = {
  "bulk-write": "pushes by dataTo whatever keys the Secret has; name each key under data",
  search: "pushes whatever Secrets its selector matches; name one Secret in selector.secret.name",
  generator: "pushes what a generator creates, which has no owner; name one Secret in selector.secret.name",
};

export const authorityMirrorRead: StackRule = {
  id: "authority-mirror-read",
  severity: "high",
  description: "No ExternalSecret reads a path that a PushSecret writes.",
  why: "A mirror is for the record. Read back, it makes a loop of two owners, and one stale copy spreads.",
  remediation: "Read the owner's own Secret in the cluster, and remove the ExternalSecret or the PushSecret.",
  references: ["https://external-secrets.io/latest/api/pushsecret/"],
  kinds: ["PushSecret", "ClusterPushSecret", "ExternalSecret", "ClusterExternalSecret"],
  judgeAll(subjects) {
    const mirrors = new Map<string, Subject>();
    for (const push of subjects.filter(({ kind }) => pushes.includes(kind))) {
      for (const key of pathsOf(push)) mirrors.set(key, push);
    }
    const readers = subjects.filter(({ kind }) => !pushes.includes(kind));
    return judgeEach(readers, (reader) =>
      judgeEach(readFromVault(reader), ({ key, path }): Violations => {
        const read = key();
        const mirror = read === undefined ? undefined : mirrors.get(normalise(vaultPath(read)));
        if (mirror === undefined) return [];
        return [{ subject: reader, path, problem: `reads "${read ?? ""}", which ${mirror.label} mirrors` }];
      }),
    );
  },
};

function readFromVault(reader: Subject): readonly Reference[] {
  return referencesOf(reader).filter(({ role }) => role === "vault-path");
}

function writtenBy(push: Subject): readonly Reference[] {
  return referencesOf(push).filter(({ role }) => role === "written-path");
}

/** Paths that a PushSecret writes, as far as they are known. */
function pathsOf(push: Subject): readonly string[] {
  try {
    return writtenBy(push).flatMap(({ key }) => {
      const written = key();
      return written === undefined ? [] : [normalise(vaultPath(written))];
    });
  } catch {
    return [];
  }
}

export const authorityDuplicateTarget: StackRule = {
  id: "authority-duplicate-target",
  severity: "high",
  description: "One object makes one Secret: an ExternalSecret, or the object of another operator.",
  why: "The same target rendered by two applications: each refresh undid the other's, and nobody knew the owner.",
  remediation: "Keep one of the two; the service that uses the Secret owns it.",
  references: ["P33"],
  kinds: ["ExternalSecret", "OtherDelivery"],
  judgeAll(subjects) {
    const owners = new Map<string, Subject>();
    return judgeEach(subjects, (subject): Violations => {
      const namespace = text(subject.object, "metadata", "namespace");
      // a base without a namespace is not yet anywhere: its overlays say where
      if (namespace === undefined && subject.origin === "document") return [];
      return judgeEach(targetsOf(subject), ({ path, name }): Violations => {
        const target = name();
        if (target === undefined) return [];
        const key = `${namespace ?? ""}/${target}`;
        const owner = owners.get(key);
        if (owner === undefined || owner.label === subject.label) {
          owners.set(key, subject);
          return [];
        }
        return [{ subject, path, problem: `makes the Secret "${key}", which ${owner.label} makes too` }];
      });
    });
  },
};
