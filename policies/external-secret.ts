import { dataFromMembers, type FieldRole } from "../domain/manifests/secret-fields.ts";
import { classifyKey, declarationOf } from "./authority-verdicts.ts";
import { secondsOf } from "./durations.ts";
import { advisoryInDev, judgeEach, type ResourceRule, type Violations } from "./rule.ts";
import { at, text } from "./subject/reading.ts";
import { referencesOf, specList, specPath, specText, templateData, type Reference } from "./subject/references.ts";
import type { Kind, Subject } from "./subject/subject.ts";

const deliveries: readonly Kind[] = ["ExternalSecret", "ClusterExternalSecret"];

export const deliveryApiVersion: ResourceRule = {
  id: "delivery-api-version",
  severity: "high",
  description: "ExternalSecrets and stores are of external-secrets.io/v1.",
  why: "v1beta1 is no longer served: the object is refused by the API server, or kept by Argo as missing.",
  remediation: "Set apiVersion: external-secrets.io/v1; the fields are the same.",
  references: ["https://github.com/external-secrets/external-secrets/releases/tag/v0.17.0"],
  kinds: ["ExternalSecret", "ClusterExternalSecret", "SecretStore", "ClusterSecretStore"],
  judge({ object }) {
    const version = text(object, "apiVersion");
    if (version === "external-secrets.io/v1") return [];
    return [{ path: ["apiVersion"], problem: `is of ${version ?? "no version"}; set external-secrets.io/v1` }];
  },
};

/** Below a minute ESO's own queue is the limit, and Vault's audit log fills with logins. */
const shortestRefreshInSeconds = 60;

export const deliveryRefresh: ResourceRule = {
  id: "delivery-refresh",
  severity: "medium",
  description: "An ExternalSecret says how often it is refreshed: once a minute at most.",
  why: "Left out it is an hour, and Argo reports the default as drift; below a minute ESO floods its store.",
  remediation: "Set spec.refreshInterval, such as 15m.",
  references: ["https://external-secrets.io/latest/api/externalsecret/"],
  kinds: deliveries,
  judge(subject) {
    const path = [...specPath(subject), "refreshInterval"];
    const policy = specText(subject, "refreshPolicy");
    if (policy === "CreatedOnce" || policy === "OnChange") return [];
    const interval = specText(subject, "refreshInterval");
    if (interval === undefined) return [{ path, problem: "has no refreshInterval; set one" }];
    const seconds = secondsOf(interval);
    if (seconds === undefined)
      return [{ path, problem: `refreshInterval "${interval}" is no duration; set such as 15m` }];
    if (seconds === 0) return [{ path, problem: "refreshInterval 0 never refreshes; set such as 15m" }];
    if (seconds >= shortestRefreshInSeconds) return [];
    return [
      { path, problem: `refreshInterval ${interval} is under a minute; set at least ${shortestRefreshInSeconds}s` },
    ];
  },
};

const longestStaleInSeconds = 900;

export const deliveryRefreshRotated: ResourceRule = {
  id: "delivery-refresh-rotated",
  severity: "medium",
  description: "What Keycloak or a service rotates is refreshed within 15 minutes.",
  why: "A rotated client secret reached Argo an hour later; until then nobody could log in.",
  remediation: "Set spec.refreshInterval to 15m or less.",
  references: ["P14"],
  levels: advisoryInDev,
  kinds: deliveries,
  judge(subject, { catalogue }) {
    const rotated = judgeRotated(subject, (name) => classifyKey(catalogue, name).authority);
    if (rotated === undefined) return [];
    const interval = specText(subject, "refreshInterval") ?? "1h";
    const seconds = secondsOf(interval) ?? 0;
    if (seconds <= longestStaleInSeconds) return [];
    const path = [...specPath(subject), "refreshInterval"];
    return [{ path, problem: `reads "${rotated}", which its owner rotates, every ${interval}; set 15m or less` }];
  },
};

function judgeRotated(subject: Subject, authorityOf: (name: string) => string | undefined): string | undefined {
  return referencesOf(subject)
    .filter(({ role }) => role === "vault-path")
    .map(({ key }) => key() ?? "")
    .find((name) => ["keycloak", "service"].includes(authorityOf(name) ?? ""));
}

export const deliveryPolicies: ResourceRule = {
  id: "delivery-policies",
  severity: "high",
  description:
    "An ExternalSecret owns its Secret, or merges into it where the catalogue says so, and keeps it when the source is gone.",
  why: "With Delete, one empty answer of the source takes a live Secret away from all its pods. With Owner on a Secret that another owner creates, External Secrets removes that owner's keys.",
  remediation:
    "Set creationPolicy: Owner, or Merge where the catalogue declares it, and deletionPolicy: Retain; written out, so that Argo sees no drift.",
  references: ["https://external-secrets.io/latest/guides/ownership-deletion-policy/"],
  kinds: deliveries,
  judge(subject, context) {
    const wanted = [
      ["creationPolicy", () => declarationOf(subject, context)?.creationPolicy ?? "Owner"],
      ["deletionPolicy", () => "Retain"],
    ] as const;
    return judgeEach(wanted, ([key, value]) => {
      const [found, right] = [specText(subject, "target", key), value()];
      if (found === right) return [];
      const problem = found === undefined ? `has no ${key}; set ${right}` : `${key} is ${found}; set ${right}`;
      const why = right === "Merge" ? ", since another owner creates the Secret" : "";
      const path = [...specPath(subject), "target", key];
      return [
        { path, problem: `${problem}${why}`, ...(right === "Merge" && { fix: `set spec.target.${key}: Merge` }) },
      ];
    });
  },
};

export const deliveryFind: ResourceRule = {
  id: "delivery-find",
  severity: "high",
  description: "Every key is asked for by name, each in an entry of its own.",
  why: "find takes whatever matches, a cluster-managed secret too, and without a match it floods the source with lists. A generator makes another value at each refresh, which nobody owns. Of an entry with several members External Secrets runs find and ignores the rest.",
  remediation: "Replace dataFrom.find or the generator by data entries, one per key.",
  references: ["https://external-secrets.io/latest/guides/getallsecrets/"],
  kinds: deliveries,
  judge: (subject) =>
    judgeEach(
      [
        ...referencesOf(subject).map((reference) => () => judgeReference(reference)),
        ...specList(subject, "dataFrom").map((_, i) => () => judgeMembers(subject, i)),
      ],
      (judge) => judge(),
    ),
};

function judgeReference({ role, path, key }: Reference): Violations {
  const problem = unnamed[role];
  if (problem === undefined) return [];
  key(); // undecided while it is not known whether the field is present
  return [{ path, problem }];
}

function judgeMembers(subject: Subject, index: number): Violations {
  const path = [...specPath(subject), "dataFrom", index];
  const members = dataFromMembers.filter((member) => at(subject.object, ...path, ...member.split(".")) !== undefined);
  if (members.length < 2) return [];
  return [{ path, problem: `has ${members.join(" and ")}, of which only ${members[0] ?? ""} is run; keep one` }];
}

const unnamed: Partial<Record<FieldRole, string>> = {
  search: "asks by find for whatever matches; name each key",
  generator: "takes what a generator makes; name a key of the source",
};

export const deliveryTargetKind: ResourceRule = {
  id: "delivery-target-kind",
  severity: "critical",
  description: "An ExternalSecret writes a Secret and no other kind of object.",
  why: "External Secrets 1 and newer write any kind that target.manifest names: a value in a ConfigMap is read by everyone who reads the namespace, and is not encrypted at rest.",
  remediation: "Remove spec.target.manifest; consumers read the Secret.",
  references: ["https://external-secrets.io/latest/guides/targeting-custom-resources/"],
  kinds: deliveries,
  judge: (subject) =>
    judgeEach(referencesOf(subject), ({ role, path }): Violations => {
      if (role !== "other-kind") return [];
      const kind = text(subject.object, ...path, "kind") ?? "another kind";
      return [{ path, problem: `writes its values into a ${kind}; remove target.manifest` }];
    }),
};

export const deliveryDockerConfig: ResourceRule = {
  id: "delivery-docker-config",
  severity: "high",
  description: "A pull secret is composed of user name and token.",
  why: "The bare token in .dockerconfigjson is no JSON: the API server refuses the Secret, and no image is pulled.",
  remediation: "Fetch username and password and write .dockerconfigjson in target.template.data from both.",
  references: ["https://external-secrets.io/latest/guides/common-k8s-secret-types/"],
  kinds: deliveries,
  judge(subject) {
    const target = [...specPath(subject), "target", "template"];
    if (specText(subject, "target", "template", "type") !== "kubernetes.io/dockerconfigjson") return [];
    const template = specText(subject, "target", "template", "data", ".dockerconfigjson");
    if (template === undefined) {
      const path = [...target, "data"];
      return [{ path, problem: "maps .dockerconfigjson straight from the source; compose it in the template" }];
    }
    const path = [...target, "data", ".dockerconfigjson"];
    if (!template.includes('"auths"')) return [{ path, problem: 'its template has no "auths"; write Docker\'s JSON' }];
    const keys = specList(subject, "data").map((_, i) => specText(subject, "data", i, "secretKey") ?? "");
    const used = keys.filter((key) => template.includes(`.${key}`));
    return used.length >= 2 ? [] : [{ path, problem: "its template does not use both user name and token" }];
  },
};

export const deliveryMerge: ResourceRule = {
  id: "delivery-merge",
  severity: "high",
  description: "A template that adds keys keeps those that are fetched.",
  why: "A literal URL in the template replaced the fetched token: GitLab's consumers lost it from their Secret.",
  remediation: "Set target.template.mergePolicy: Merge, or use every fetched key in the template.",
  references: ["P29"],
  kinds: deliveries,
  judge(subject) {
    if (specText(subject, "target", "template", "mergePolicy") === "Merge") return [];
    const keys = templateData(subject).map(([key]) => key);
    if (keys.length === 0) return [];
    const texts = keys.map((key) => specText(subject, "target", "template", "data", key) ?? "");
    const lost = specList(subject, "data")
      .map((_, i) => specText(subject, "data", i, "secretKey") ?? "")
      .filter((key) => key !== "" && !texts.some((one) => one.includes(key)));
    if (lost.length === 0) return [];
    const path = [...specPath(subject), "target", "template", "mergePolicy"];
    return [
      {
        path,
        problem: `its template drops the fetched ${lost.map((key) => `"${key}"`).join(", ")}; set mergePolicy Merge`,
      },
    ];
  },
};

export const deliveryProperty: ResourceRule = {
  id: "delivery-property",
  severity: "medium",
  description: "Every key is read as the field `value` of its path.",
  why: 'Without a property the whole object arrives as JSON, and a password reads {"value":...}.',
  remediation: "Set remoteRef.property: value.",
  references: ["https://external-secrets.io/latest/provider/hashicorp-vault/"],
  kinds: deliveries,
  judge: (subject) =>
    judgeEach(
      referencesOf(subject).filter(({ role, path }) => role === "vault-path" && path.includes("data")),
      ({ path, property, key }) => {
        const found = property();
        if (found === "value") return [];
        const problem = found === undefined ? "has no property" : `asks for the property "${found}"`;
        return [{ path: [...path.slice(0, -1), "property"], problem: `"${key() ?? ""}" ${problem}; set value` }];
      },
    ),
};
