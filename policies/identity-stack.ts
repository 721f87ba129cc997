import { judgeEach, type StackRule, type Violations } from "./rule.ts";
import { isUnknown, list, text, type Path } from "./subject/reading.ts";
import { podPath } from "./subject/pods.ts";
import type { Subject } from "./subject/subject.ts";

/** Azure's limit for one user-assigned identity. */
const mostCredentials = 20;

/** The identity that a credential belongs to. @throws Undecided */
function identityOf({ object }: Subject): string {
  const name = text(object, "resourceName") ?? text(object, "parentId") ?? "";
  return `${text(object, "resourceGroupName") ?? ""}/${name}`;
}

export const identityCredentialCap: StackRule = {
  id: "identity-credential-cap",
  severity: "high",
  description: "An identity has at most 20 federated credentials, and no two with the same issuer and subject.",
  why: "Azure refuses the twenty-first credential, and a second one with the same issuer and subject, in the middle of an update.",
  remediation: "Use several identities, or remove the credentials of environments that no longer exist.",
  references: ["https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"],
  kinds: ["FederatedCredential"],
  judgeAll(subjects) {
    // as few as one identity may have: then it does not matter which identity, and in a preview that is often not known
    const groups = subjects.length <= mostCredentials ? [["", subjects] as const] : Map.groupBy(subjects, identityOf);
    const counted = [...groups].map(([identity, credentials]): Violations => {
      const last = credentials.at(-1);
      const problem = `is one of ${credentials.length} on the identity "${identity}"; Azure allows ${mostCredentials}`;
      return last && credentials.length > mostCredentials && { subject: last, path: ["resourceName"], problem };
    });
    return [counted, duplicates(subjects)];
  },
};

/** Credentials with the issuer and subject of an earlier one of the same identity. */
function duplicates(subjects: readonly Subject[]): Violations {
  const byIssuerAndSubject = new Map<string, readonly Subject[]>();
  return judgeEach(subjects, (subject) => {
    const key = `${text(subject.object, "issuer") ?? ""} ${text(subject.object, "subject") ?? ""}`;
    const earlier = byIssuerAndSubject.get(key) ?? [];
    byIssuerAndSubject.set(key, [...earlier, subject]);
    const first = earlier.find((one) => identityOf(one) === identityOf(subject));
    return first && { subject, path: ["subject"], problem: `has the same issuer and subject as ${first.label}` };
  });
}

export const identityCredentialsInSeries: StackRule = {
  id: "identity-credentials-in-series",
  severity: "medium",
  description: "Federated credentials of one identity are created one after the other.",
  why: "Azure answers concurrent writes to one identity with 409, and the update stops halfway.",
  remediation: "Let each credential depend on the one before it (dependsOn).",
  references: ["https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations"],
  kinds: ["FederatedCredential"],
  judgeAll(subjects) {
    const credentials = subjects.filter(({ options }) => options?.dependsOn !== undefined);
    if (credentials.length < 2) return [];
    return [...Map.groupBy(credentials, identityOf).values()].map((group) => {
      const before = new Map(group.map(({ id, options }) => [id, options?.dependsOn ?? []]));
      return group.map((subject, i) => {
        const parallel = group
          .slice(0, i)
          .find((other) => !reaches(before, subject.id, other.id) && !reaches(before, other.id, subject.id));
        const problem = `is created at the same time as ${parallel?.label ?? ""}; let one depend on the other`;
        return parallel && { subject, problem };
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
/** What an offline plan has in place of an id that only Azure can assign. */
const offlineId = "00000000-0000-0000-0000-000000000000";

export const identityClientIdLiteral: StackRule = {
  id: "identity-client-id-literal",
  severity: "high",
  description: "The identity's client id comes from the identity's resource and is never a literal.",
  why: "The identity was created again, a literal kept the old client id, and Key Vault could not be read until someone compared the two.",
  remediation: "Pass the identity's clientId output; across stacks, the shared stack's output.",
  references: ["P3"],
  kinds: ["ServiceAccount", "CronJob", "Workload"],
  judgeAll: (subjects) =>
    judgeEach(subjects, (subject) => {
      const inputsFrom = subject.options?.inputsFrom;
      if (subject.origin !== "resource" || inputsFrom === undefined) return [];
      return clientIds(subject).map(({ value, path }) => {
        if (isUnknown(value) || typeof value !== "string" || !guid.test(value) || value === offlineId) return [];
        const isComputed = (inputsFrom.get(String(path[0])) ?? []).length > 0;
        return !isComputed && { subject, path, problem: "its client id is a literal; pass the identity's output" };
      });
    }),
};

/** Raw values: an unknown one is the output of another resource. */
function clientIds(subject: Subject): readonly { readonly value: unknown; readonly path: Path }[] {
  const { kind, object } = subject;
  if (kind === "ServiceAccount") {
    const path = ["metadata", "annotations", "azure.workload.identity/client-id"];
    return [{ value: rawAt(object, path), path }];
  }
  const pod = podPath(subject);
  return list(object, ...pod, "containers").flatMap((_, c) =>
    list(object, ...pod, "containers", c, "env").flatMap((_entry, e) => {
      const variable = [...pod, "containers", c, "env", e];
      const path = [...variable, "value"];
      return rawAt(object, [...variable, "name"]) === "AZURE_CLIENT_ID" ? [{ value: rawAt(object, path), path }] : [];
    }),
  );
}

function rawAt(object: unknown, path: Path): unknown {
  let here = object;
  for (const key of path) {
    if (typeof here !== "object" || here === null) return undefined;
    here = (here as Record<string | number, unknown>)[key];
  }
  return here;
}
