import { judgeEach, mandatory, type StackRule, type Violation } from "./rule.ts";
import { isUnknown, list, text } from "./subject/reading.ts";
import type { Subject } from "./subject/subject.ts";

/** Azure's own bound on one user-assigned identity. */
const mostCredentials = 20;

/** The identity that a credential belongs to. @throws Undecided */
function identityOf({ object }: Subject): string {
  return [text(object, "resourceGroupName") ?? "", text(object, "resourceName") ?? text(object, "parentId") ?? ""].join(
    "/",
  );
}

/** Credentials whose identity is known, by identity; the others are left for the update. */
function byIdentity(credentials: readonly Subject[]): ReadonlyMap<string, readonly Subject[]> {
  const groups = new Map<string, Subject[]>();
  for (const credential of credentials) {
    const identity = identityOf(credential);
    groups.set(identity, [...(groups.get(identity) ?? []), credential]);
  }
  return groups;
}

export const identityCredentialCap: StackRule = {
  id: "identity-credential-cap",
  family: "identity",
  severity: "high",
  description: "An identity has at most 20 federated credentials, and no two of one issuer and subject.",
  why: "Azure refuses the twenty-first, and a second pair of the same issuer and subject, in the middle of an update.",
  remediation: "Shard over several identities, or remove the credentials of environments that are gone.",
  references: ["712", "bicep-types-az#2029"],
  levels: mandatory,
  kinds: ["FederatedCredential"],
  judgeAll(subjects) {
    // few enough for one identity: then it does not matter which, and often that is not known yet
    const groups = subjects.length <= mostCredentials ? [["", subjects] as const] : [...byIdentity(subjects)];
    const counted = groups.flatMap(([identity, credentials]): readonly Violation[] => {
      const last = credentials.at(-1);
      if (credentials.length <= mostCredentials || last === undefined) return [];
      const problem = `is one of ${credentials.length} on the identity "${identity}"; Azure takes ${mostCredentials}`;
      return [{ subject: last, path: ["resourceName"], problem }];
    });
    return [...counted, ...twins(subjects)];
  },
};

/** Credentials that say the same as an earlier one of the same identity. */
function twins(subjects: readonly Subject[]): readonly Violation[] {
  const seen = new Map<string, readonly Subject[]>();
  return judgeEach(subjects, (subject): readonly Violation[] => {
    const pair = `${text(subject.object, "issuer") ?? ""} ${text(subject.object, "subject") ?? ""}`;
    const earlier = seen.get(pair) ?? [];
    seen.set(pair, [...earlier, subject]);
    const twin = earlier.find((one) => identityOf(one) === identityOf(subject));
    if (twin === undefined) return [];
    return [{ subject, path: ["subject"], problem: `has issuer and subject of ${twin.label}` }];
  });
}

export const identityCredentialsInSeries: StackRule = {
  id: "identity-credentials-in-series",
  family: "identity",
  severity: "medium",
  description: "Federated credentials of one identity are made one after the other.",
  why: "Azure refuses concurrent writes to one identity with 409, and the update stops half done.",
  remediation: "Let each depend on the one before it (dependsOn).",
  references: ["azure-native#4343", "terraform#19968"],
  levels: mandatory,
  kinds: ["FederatedCredential"],
  judgeAll(subjects) {
    const credentials = subjects.filter(
      ({ origin, options }) => origin === "resource" && options?.dependsOn !== undefined,
    );
    if (credentials.length < 2) return [];
    return [...byIdentity(credentials).values()].flatMap((group) => {
      const before = new Map(group.map(({ id, options }) => [id, options?.dependsOn ?? []]));
      return group.flatMap((subject, i) => {
        const parallel = group
          .slice(0, i)
          .find((other) => !reaches(before, subject.id, other.id) && !reaches(before, other.id, subject.id));
        if (parallel === undefined) return [];
        return [{ subject, problem: `is made at the same time as ${parallel.label}; let one depend on the other` }];
      });
    });
  },
};

function reaches(before: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const next = [from];
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    next.push(...(before.get(id) ?? []));
  }
  return false;
}

const guid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** What an offline plan has in place of an id that only Azure can give. */
const nobody = "00000000-0000-0000-0000-000000000000";

export const identityClientIdLiteral: StackRule = {
  id: "identity-client-id-literal",
  family: "identity",
  severity: "high",
  description: "The identity's client id is taken from the resource that has it, never typed.",
  why: "A typed id outlived the identity that was made anew, and Key Vault could not be read until someone compared.",
  remediation: "Pass the identity's clientId output; across stacks, the shared stack's output.",
  references: ["450", "519", "438", "P3"],
  levels: mandatory,
  kinds: ["ServiceAccount", "CronJob", "Workload"],
  judgeAll: (subjects) =>
    judgeEach(subjects, (subject) => {
      if (subject.origin !== "resource" || subject.options?.inputsFrom === undefined) return [];
      return clientIds(subject).flatMap(({ value, input, path }): readonly Violation[] => {
        if (isUnknown(value) || typeof value !== "string" || !guid.test(value) || value === nobody) return [];
        if ((subject.options?.inputsFrom?.get(input) ?? []).length > 0) return [];
        return [{ subject, path, problem: "its client id is a literal; pass the identity's output" }];
      });
    }),
};

/** Raw values, so that one that is not known yet is seen as what it is: an output. */
function clientIds({
  kind,
  object,
}: Subject): readonly { value: unknown; input: string; path: readonly (string | number)[] }[] {
  if (kind === "ServiceAccount") {
    const path = ["metadata", "annotations", "azure.workload.identity/client-id"];
    return [{ value: rawAt(object, path), input: "metadata", path }];
  }
  const pod = kind === "CronJob" ? ["spec", "jobTemplate", "spec", "template", "spec"] : ["spec", "template", "spec"];
  return list(object, ...pod, "containers").flatMap((_, c) => {
    const environment = [...pod, "containers", c, "env"];
    return list(object, ...environment).flatMap((_entry, e) =>
      rawAt(object, [...environment, e, "name"]) === "AZURE_CLIENT_ID"
        ? [{ value: rawAt(object, [...environment, e, "value"]), input: "spec", path: [...environment, e, "value"] }]
        : [],
    );
  });
}

function rawAt(object: unknown, path: readonly (string | number)[]): unknown {
  let here = object;
  for (const key of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<string, unknown>)[key as string];
  }
  return here;
}
