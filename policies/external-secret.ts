import { secondsOf } from "../domain/manifests/external-secret.ts";
import { dataFromMembers, type FieldRole } from "../domain/manifests/secret-fields.ts";
import { classifyKey, declarationOf } from "./authority-verdicts.ts";
import { advisoryInDev, judgeEach, mustBe, type Violations, type RuleTable, type Violation } from "./rule.ts";
import { at, text, entries, list, type Path } from "./subject/reading.ts";
import {
  deliveryKinds,
  fetchedKeys,
  referencesAs,
  refusingRoles,
  specList,
  specPath,
  specText,
  templateData,
  pushKinds,
  templatePath,
} from "./subject/references.ts";
import { keysOfTemplate } from "./subject/go-template.ts";
import type { Subject } from "./subject/subject.ts";

/** Below a minute, External Secrets' own queue is the limit, and logins fill Vault's audit log. */
const shortestRefreshInSeconds = 60;

const longestRefreshInSeconds = 900;

const unnamed: Partial<Record<FieldRole, string>> = {
  search: "requests whatever find matches; name each key",
  generator: "reads the value of a generator; name a key in Vault",
};

/** Keys of a chart that was not rendered; `placeholder-unrendered` reports these. */
const helmKeys = /^(?:Values|Release|Chart|Capabilities|Template|Files|Subcharts)(?:\.|$)/;

export const deliveryRules = {
  "delivery-api-version": {
    severity: "high",
    description: "ExternalSecrets and stores have the version external-secrets.io/v1.",
    why: "External Secrets no longer serves v1beta1: the API server refuses the object, or Argo CD reports it as missing.",
    remediation: "Set apiVersion: external-secrets.io/v1; the fields are the same.",
    references: ["https://github.com/external-secrets/external-secrets/releases/tag/v0.17.0"],
    kinds: [...deliveryKinds, "SecretStore", "ClusterSecretStore"],
    judge: ({ object }) => mustBe(object, ["apiVersion"], "external-secrets.io/v1"),
  },
  "delivery-refresh": {
    severity: "medium",
    description: "An ExternalSecret sets how often it is refreshed: at most once a minute.",
    why: "The default is one hour, and Argo CD reports it as drift. Below a minute External Secrets floods Vault.",
    remediation: "Set spec.refreshInterval, such as 15m.",
    references: ["https://external-secrets.io/latest/api/externalsecret/"],
    kinds: deliveryKinds,
    judge(subject) {
      const path = [...specPath(subject), "refreshInterval"];
      const policy = specText(subject, "refreshPolicy");
      if (policy === "CreatedOnce" || policy === "OnChange") return [];
      const interval = specText(subject, "refreshInterval");
      if (interval === undefined) return { path, problem: "refreshInterval is not set; set a duration such as 15m" };
      const seconds = secondsOf(interval);
      const is = `refreshInterval "${interval}"`;
      if (seconds === undefined) return { path, problem: `${is} is not a duration; set one such as 15m` };
      if (seconds === 0) return { path, problem: `${is} never refreshes; set a duration such as 15m` };
      const problem = `${is} is under a minute; set at least ${shortestRefreshInSeconds}s`;
      return seconds < shortestRefreshInSeconds && { path, problem };
    },
  },
  "delivery-refresh-rotated": {
    severity: "medium",
    description: "A secret that Keycloak or a service rotates is refreshed within 15 minutes.",
    why: "A rotated client secret reached Argo CD an hour later; until then nobody could log in.",
    remediation: "Set spec.refreshInterval to 15m or less.",
    references: ["P14"],
    levels: advisoryInDev,
    kinds: deliveryKinds,
    judge(subject, { catalogue }) {
      const rotated = referencesAs("vault-path", subject)
        .map(({ key }) => key() ?? "")
        .find((name) => ["keycloak", "service"].includes(classifyKey(catalogue, name).authority ?? ""));
      if (rotated === undefined) return [];
      const interval = specText(subject, "refreshInterval") ?? "1h";
      const path = [...specPath(subject), "refreshInterval"];
      const problem = `reads "${rotated}", which its owner rotates, only every ${interval}; set 15m or less`;
      return (secondsOf(interval) ?? 0) > longestRefreshInSeconds && { path, problem };
    },
  },
  "delivery-policies": {
    severity: "high",
    description:
      "An ExternalSecret owns its Secret, or merges into it where the catalogue says so, and keeps it when the source is gone.",
    why: "With Delete, one empty answer from Vault deletes a live Secret. With Owner on a Secret that another owner creates, External Secrets removes that owner's keys.",
    remediation:
      "Set creationPolicy: Owner, or Merge where the catalogue declares it, and deletionPolicy: Retain. Set both explicitly: Argo CD reports a default as drift.",
    references: ["https://external-secrets.io/latest/guides/ownership-deletion-policy/"],
    kinds: deliveryKinds,
    judge(subject, context) {
      const target = [...specPath(subject), "target"];
      const wanted = [
        ["creationPolicy", () => declarationOf(subject, context)?.creationPolicy ?? "Owner"],
        ["deletionPolicy", () => "Retain"],
      ] as const;
      return judgeEach(wanted, ([key, value]) => {
        const right = value();
        const found = mustBe(subject.object, [...target, key], right);
        if (found === undefined || right !== "Merge") return found;
        const problem = `${found.problem}, since another owner creates the Secret`;
        return { ...found, problem, fix: `set spec.target.${key}: Merge` };
      });
    },
  },
  "delivery-find": {
    severity: "high",
    description: "Every key is requested by name, in its own entry.",
    why: "find reads whatever matches, also a cluster-managed secret, and without a match it floods Vault with list requests. A generator creates another value at each refresh, which nobody owns. External Secrets runs only one member of an entry and ignores the rest.",
    remediation: "Replace dataFrom.find or the generator by data entries, one per key.",
    references: ["https://external-secrets.io/latest/guides/getallsecrets/"],
    kinds: deliveryKinds,
    judge(subject) {
      const members = specList(subject, "dataFrom").map((_, i) => (): Violations => {
        const path = [...specPath(subject), "dataFrom", i];
        const found = dataFromMembers.filter((one) => at(subject.object, ...path, ...one.split(".")) !== undefined);
        const problem = `has ${found.join(" and ")}, but External Secrets runs only ${found[0] ?? ""}; keep one`;
        return found.length > 1 && { path, problem };
      });
      return judgeEach([...refusingRoles(subject, unnamed), ...members], (judge) => judge());
    },
  },
  "delivery-target-kind": {
    severity: "critical",
    description: "An ExternalSecret writes a Secret and no other kind of object.",
    why: "External Secrets 1.0 and newer can write any kind in target.manifest. Everybody who can read the namespace can read a ConfigMap, and it is not encrypted at rest.",
    remediation: "Remove spec.target.manifest; consumers read the Secret.",
    references: ["https://external-secrets.io/latest/guides/targeting-custom-resources/"],
    kinds: deliveryKinds,
    judge: (subject) =>
      judgeEach(referencesAs("other-kind", subject), ({ path }) => {
        const kind = text(subject.object, ...path, "kind") ?? "another kind";
        return { path, problem: `writes its values into a ${kind}; remove target.manifest` };
      }),
  },
  "delivery-docker-config": {
    severity: "high",
    description: "A pull secret is composed of user name and token.",
    why: "The token alone in .dockerconfigjson is not JSON: the API server refuses the Secret, and no image can be pulled.",
    remediation: "Fetch username and password, and compose .dockerconfigjson from both in target.template.data.",
    references: ["https://external-secrets.io/latest/guides/common-k8s-secret-types/"],
    kinds: deliveryKinds,
    judge(subject) {
      if (specText(subject, "target", "template", "type") !== "kubernetes.io/dockerconfigjson") return [];
      const data = [...specPath(subject), "target", "template", "data"];
      const path = [...data, ".dockerconfigjson"];
      const template = text(subject.object, ...path);
      if (template === undefined) {
        return { path: data, problem: "copies .dockerconfigjson from Vault; compose it in the template" };
      }
      if (!template.includes('"auths"')) return { path, problem: 'its template has no "auths"; write Docker\'s JSON' };
      const used = fetchedKeys(subject).filter((key) => template.includes(`.${key}`));
      return used.length < 2 && { path, problem: "its template must use both user name and token" };
    },
  },
  "delivery-merge": {
    severity: "high",
    description: "A template that adds keys keeps the fetched keys.",
    why: "A template with a literal URL replaced the fetched token, and GitLab's consumers lost it.",
    remediation: "Set target.template.mergePolicy: Merge, or use every fetched key in the template.",
    references: ["P29"],
    kinds: deliveryKinds,
    judge(subject) {
      const path = [...specPath(subject), "target", "template", "mergePolicy"];
      if (text(subject.object, ...path) === "Merge") return [];
      const keys = templateData(subject).map(([key]) => key);
      if (keys.length === 0) return [];
      const texts = keys.map((key) => specText(subject, "target", "template", "data", key) ?? "");
      const lost = fetchedKeys(subject).filter((key) => key !== "" && !texts.some((one) => one.includes(key)));
      const names = lost.map((key) => `"${key}"`).join(", ");
      const problem = `its template drops the fetched ${names}; set mergePolicy Merge`;
      return lost.length > 0 && { path, problem };
    },
  },
  "delivery-property": {
    severity: "medium",
    description: "Every key is read as the field `value` of its path.",
    why: 'Without a property the whole object arrives as JSON, and a password is {"value":...}.',
    remediation: "Set remoteRef.property: value.",
    references: ["https://external-secrets.io/latest/provider/hashicorp-vault/"],
    kinds: deliveryKinds,
    judge(subject) {
      const data = referencesAs("vault-path", subject).filter(({ path }) => path.includes("data"));
      return judgeEach(data, ({ path, key }) => {
        const found = mustBe(subject.object, [...path.slice(0, -1), "property"], "value");
        return found && { ...found, problem: `"${key() ?? ""}": ${found.problem}` };
      });
    },
  },
  "delivery-template-keys": {
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
  },
} satisfies RuleTable;

function problemOf(
  key: string,
  isRefused: boolean,
  fetched: ReadonlySet<string> | undefined,
): Pick<Violation, "problem" | "fix"> | undefined {
  const fix = `write {{ index . "${key}" }}`;
  if (isRefused) return { problem: `Go cannot read {{ .${key} }} in its template; ${fix}`, fix };
  const [first = ""] = key.split(".");
  if (fetched?.has(key) === true) {
    // Go reads {{ .tls.crt }} as the field "crt" of the key "tls"
    const problem = `Go reads {{ .${key} }} in its template as a field of "${first}"; ${fix}`;
    return fetched.has(first) ? undefined : { problem, fix };
  }
  // {{ .host.x }} of a fetched "host" fails with a clear message
  if (fetched === undefined || fetched.has(first) || helmKeys.test(key)) return undefined;
  return { problem: `its template uses the key "${key}", which nothing fetches`, fix: `fetch "${key}" under data` };
}

/** @returns `undefined` where the keys are not known: those of a whole path, of a search or of a pushed Secret. */
function knownKeys(subject: Subject): ReadonlySet<string> | undefined {
  const isOpen = pushKinds.includes(subject.kind) || specList(subject, "dataFrom").length > 0;
  return isOpen ? undefined : new Set(fetchedKeys(subject));
}

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
