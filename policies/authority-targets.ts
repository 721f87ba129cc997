import { ownerOfTarget } from "../domain/catalogue/deliveries.ts";
import { environmentOf } from "./place.ts";
import { judgeEach, type RuleTable, type Violations } from "./rule.ts";
import { text, type Path } from "./subject/reading.ts";
import { targetsOf } from "./subject/other-deliveries.ts";
import { deliveryKinds, externalSecretName } from "./subject/references.ts";
import { secretsMade } from "./subject/secret-makers.ts";
import { ofKind, type Subject } from "./subject/subject.ts";

export const authorityTargetRules = {
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
} satisfies RuleTable;

/** Judges each Secret that a subject writes, as far as it is named. */
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
