import { ownerOfTarget } from "../domain/catalogue/deliveries.ts";
import { environmentOf } from "./environment.ts";
import { judgeEach, type RuleTable, type Violations, mustBe } from "./rule.ts";
import { text, type Path } from "./subject/reading.ts";
import { targetsOf } from "./subject/other-deliveries.ts";
import {
  deliveryKinds,
  externalSecretName,
  pushKinds,
  referencesAs,
  refusingRoles,
  specList,
  specPath,
  specText,
} from "./subject/references.ts";
import { secretsMade } from "./subject/secret-makers.ts";
import { ofKind, type Subject, onlyRead, tryText, type Kind } from "./subject/subject.ts";
import { normalise } from "../domain/names.ts";
import type { FieldRole } from "../domain/manifests/secret-fields.ts";
import { vaultPath } from "./subject/vault-path.ts";
import { classifyKey, isOwnedInCluster } from "./authority-verdicts.ts";
import type { Catalogue } from "../domain/catalogue/catalogue.ts";

const unnamed: Partial<Record<FieldRole, string>> = {
  "bulk-write": "dataTo pushes every key of the Secret; name each key under data",
  search: "pushes every Secret that its selector matches; name one Secret in selector.secret.name",
  generator: "pushes the value of a generator, which has no owner; name one Secret in selector.secret.name",
};

/** Inputs that hold values, by kind; `undefined` for a kind with values in any input. */
const valueInputs: Partial<Record<Kind, readonly string[] | undefined>> = {
  KeyVaultSecret: ["properties", "value", "valueWo"],
  VaultSecret: ["data", "dataJson", "dataJsonWo"],
  Secret: ["data", "stringData"],
  ConfigMap: ["data", "binaryData"],
  OpaqueWriter: undefined,
  UnknownType: undefined,
};

type Origin = Subject | typeof onlyRead;

export const authorityWriterRules = {
  "authority-declared-target": {
    severity: "high",
    description: "A Secret in the catalogue is written only by the ExternalSecret that the catalogue names.",
    why: "A second ExternalSecret, even with Merge, overwrites keys of a Secret that workloads use, and each refresh undoes the other's.",
    remediation: "Choose another target, or change the declared ExternalSecret.",
    references: ["P33"],
    kinds: [...deliveryKinds, "OtherDelivery"],
    judge(subject, context) {
      const own = externalSecretName(subject);
      const namespace = text(subject.object, "metadata", "namespace");
      return judgeTargets(subject, (target, path) => {
        const place = { target, namespace, environment: environmentOf(subject, context) };
        const owner = own === undefined ? undefined : ownerOfTarget(context.catalogue, place);
        const isOwner = owner === undefined || (owner === own && subject.kind !== "OtherDelivery");
        const problem = `writes the Secret "${target}", which belongs to the ExternalSecret "${owner ?? ""}"`;
        return !isOwner && { path, problem };
      });
    },
  },
  "authority-duplicate-target": {
    severity: "high",
    description: "Only one object creates a Secret: an ExternalSecret, or an object of another operator.",
    why: "Two applications rendered the same target: each refresh undid the other's, and nobody knew the owner.",
    remediation: "Keep one of the two; the service that uses the Secret owns it.",
    references: ["P33"],
    kinds: ["ExternalSecret", "OtherDelivery"],
    judgeAll(subjects) {
      const owners = new Map<string, Subject>();
      return judgeEach(subjects, (subject) => {
        const namespace = text(subject.object, "metadata", "namespace");
        if (namespace === undefined && subject.origin === "document") return []; // its overlays set the namespace
        return judgeTargets(subject, (target, path) => {
          const key = `${namespace ?? ""}/${target}`;
          const owner = owners.get(key) ?? subject;
          owners.set(key, owner);
          const problem = `creates the Secret "${key}", which ${owner.label} creates too`;
          return owner.label !== subject.label && { subject, path, problem };
        });
      });
    },
  },
  "authority-maker-target": {
    severity: "high",
    description: "No ExternalSecret writes a Secret that another operator creates.",
    why: "CloudNativePG creates CLUSTER-app, -superuser and -ca. With an ExternalSecret for the same target, two writers undo each other, and the password is whichever came last.",
    remediation: "Read the operator's own Secret, or choose another target.",
    references: ["https://cloudnative-pg.io/documentation/current/applications/#secrets"],
    kinds: ["SecretMaker", "ExternalSecret", "OtherDelivery"],
    judgeAll(subjects) {
      const makers = ofKind(subjects, "SecretMaker").flatMap((maker) =>
        secretsMade(maker).names.map((name) => ({ name, maker })),
      );
      const byName = Map.groupBy(makers, ({ name }) => name);
      if (byName.size === 0) return [];
      return judgeEach(ofKind(subjects, "ExternalSecret", "OtherDelivery"), (subject) =>
        judgeTargets(subject, (target, path) => {
          const found = byName.get(target)?.find(({ maker }) => mayShareNamespace(maker, subject));
          const problem = `writes the Secret "${target}", which ${found?.maker.label ?? ""} creates`;
          return found && { subject, path, problem };
        }),
      );
    },
  },
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
  "authority-copied-value": {
    severity: "critical",
    description: "No value is copied from a cluster-managed Secret, whatever name the copy gets.",
    why: "A program read a database password from CNPG's Secret and wrote it to Key Vault under an allowed name.",
    remediation: "Remove the copy; let the consumer read the owner's own Secret in the cluster.",
    references: ["P12"],
    kinds: Object.keys(valueInputs) as Kind[],
    judgeAll(subjects, { catalogue }) {
      const byId = new Map(subjects.map((subject) => [subject.id, subject]));
      const known = new Map<string, Origin | undefined>([[onlyRead, onlyRead]]);
      const originOf = (id: string): Origin | undefined => {
        if (known.has(id)) return known.get(id);
        known.set(id, undefined); // ends a cycle of dependencies
        const subject = byId.get(id);
        const origin = subject && (isOwner(subject, catalogue) ? subject : inputsOf(subject)[0]?.origin);
        known.set(id, origin);
        return origin;
      };
      const inputsOf = ({ kind, options }: Subject): readonly { readonly input: string; readonly origin: Origin }[] =>
        [...(options?.inputsFrom ?? [])].flatMap(([input, from]) => {
          if (valueInputs[kind]?.includes(input) === false) return [];
          const origin = from.map(originOf).find((one) => one !== undefined);
          return origin === undefined ? [] : [{ input, origin }];
        });
      return (
        subjects
          // authority-opaque-writer and authority-unknown-type refuse these; here they only pass values on
          .filter(({ kind }) => kind !== "OpaqueWriter" && kind !== "UnknownType")
          .filter((subject) => !isOwner(subject, catalogue))
          .map((subject) => inputsOf(subject).map(({ input, origin }) => judgeInput(subject, input, origin)))
      );
    },
  },
} satisfies RuleTable;

function judgeTargets(subject: Subject, judge: (target: string, path: Path) => Violations): Violations {
  return judgeEach(targetsOf(subject), ({ path, name }) => {
    const target = name();
    return target !== undefined && judge(target, path);
  });
}

/** An object without a namespace goes wherever its overlay says. */
function mayShareNamespace(a: Subject, b: Subject): boolean {
  const [first, second] = [a, b].map(({ object }) => text(object, "metadata", "namespace"));
  return first === undefined || second === undefined || first === second;
}

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

function judgeInput(subject: Subject, input: string, origin: Origin): Violations {
  const path = [input];
  if (origin !== onlyRead) {
    return { subject, path, problem: `comes from ${origin.label}, which a controller in the cluster owns` };
  }
  // programs read settings of other stacks all the time, but a value for Key Vault or Vault must come from .env
  if (subject.kind !== "KeyVaultSecret" && subject.kind !== "VaultSecret") return [];
  const problem = `comes from ${onlyRead}, and the engine does not say which`;
  return { subject, path, problem, fix: "take the value from .env: ameide-secrets env push" };
}

function isOwner({ kind, object }: Subject, catalogue: Catalogue): boolean {
  if (kind !== "Secret" && kind !== "VaultSecret") return false;
  const name = tryText(object, "metadata", "name") ?? tryText(object, "path") ?? tryText(object, "name");
  return name !== undefined && isOwnedInCluster(classifyKey(catalogue, name));
}
