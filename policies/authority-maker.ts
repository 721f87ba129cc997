import { judgeEach, type StackRule, type Violations } from "./rule.ts";
import { text } from "./subject/reading.ts";
import { targetsOf } from "./subject/other-deliveries.ts";
import { secretsMade } from "./subject/secret-makers.ts";
import type { Subject } from "./subject/subject.ts";

export const authorityMakerTarget: StackRule = {
  id: "authority-maker-target",
  severity: "high",
  description: "No ExternalSecret writes a Secret that another object's operator creates.",
  why: "CloudNativePG creates CLUSTER-app, -superuser and -ca itself: with an ExternalSecret of that target, two writers undo each other, and the database's password is whichever came last.",
  remediation: "Read the operator's own Secret, or choose another target.",
  references: ["https://cloudnative-pg.io/documentation/current/applications/#secrets"],
  kinds: ["SecretMaker", "ExternalSecret", "OtherDelivery"],
  judgeAll(subjects) {
    const makers = subjects.filter(({ kind }) => kind === "SecretMaker");
    const made = Map.groupBy(
      makers.flatMap((maker) => secretsMade(maker).map((name) => ({ name, maker }))),
      ({ name }) => name,
    );
    if (made.size === 0) return [];
    return judgeEach(
      subjects.filter(({ kind }) => kind !== "SecretMaker"),
      (subject) =>
        judgeEach(targetsOf(subject), ({ path, name }): Violations => {
          const target = name();
          const found = made.get(target ?? "")?.find(({ maker }) => mayShareNamespace(maker, subject));
          if (found === undefined) return [];
          return [
            { subject, path, problem: `writes the Secret "${target ?? ""}", which ${found.maker.label} creates` },
          ];
        }),
    );
  },
};

/** A base without a namespace goes to whichever its overlay says. */
function mayShareNamespace(a: Subject, b: Subject): boolean {
  const [first, second] = [a, b].map(({ object }) => text(object, "metadata", "namespace"));
  return first === undefined || second === undefined || first === second;
}
