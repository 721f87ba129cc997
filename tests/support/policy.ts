import * as policyProxy from "@pulumi/policy/proxy.js";
import { catalogueSchema, type Catalogue } from "../../domain/catalogue/catalogue.ts";
import { examples } from "../policies/examples/all.ts";
import { changed, type Example, type Path, type Sample } from "../policies/examples/example.ts";
import type { PolicyEnvironment } from "../../policies/environment.ts";
import { isStackRule, type Rule, type RuleContext, type Violation } from "../../policies/rule.ts";
import { rules } from "../../policies/rules.ts";
import { subjectOfValues, subjectsOfDocument } from "../../policies/subject/embedded.ts";
import { subjectsOfResource } from "../../policies/subject/from-resource.ts";
import type { Subject } from "../../policies/subject/subject.ts";
import { verdictsOf } from "../../policies/judge.ts";
import { Undecided } from "../../policies/subject/reading.ts";

/** `@pulumi/policy`'s own sentinel for a text that a preview does not know; internal to it, so not in its types. */
export const unknown = (policyProxy as unknown as { readonly unknownStringValue: string }).unknownStringValue;

/** The seed's tables, one declared delivery of Keycloak's, and a false friend: an external name that ends as Keycloak's do. */
export const policyCatalogue: Catalogue = catalogueSchema.parse({
  secrets: {
    "ghcr-token": { authority: "external", env: "GHCR_TOKEN", required: ["dev", "staging", "prod"] },
    "ghcr-username": { authority: "external", env: "GHCR_USERNAME" },
    "langfuse-secret-key": { authority: "external", env: "LANGFUSE_SECRET_KEY" },
    "anthropic-api-key": { authority: "external", env: "ANTHROPIC_API_KEY" },
    "openai-api-key": { authority: "external", env: "OPENAI_API_KEY" },
    "coder-github-oauth-client-secret": { authority: "external", env: "CODER_GITHUB_OAUTH_CLIENT_SECRET" },
    "plausible-oauth-cookie-secret": { authority: "generated" },
  },
  clusterManaged: [
    { name: "postgres-ameide-auth", authority: "cnpg", see: "412" },
    { pattern: "*-db-credentials", authority: "cnpg", see: "412" },
    { pattern: "*-db-password", authority: "cnpg", see: "412" },
    {
      name: "platform-app-master-client",
      authority: "keycloak",
      see: "462",
      aliases: ["platform-app-master-client-secret"],
    },
    { pattern: "*-oidc-client-secret", authority: "keycloak", see: "462" },
    { name: "minio-root-credentials", authority: "helm", see: "462", aliases: ["minio-root-password"] },
    { name: "grafana-admin-credentials", authority: "helm", see: "462", aliases: ["grafana-admin-password"] },
    { name: "redis-auth", authority: "redis", see: "462" },
    { name: "vault-auto-credentials", authority: "bootstrap", see: "450" },
    { pattern: "*-gitlab-token", authority: "service", see: "710" },
  ],
  deliveries: {
    "ghcr-pull": {
      externalSecret: "ghcr-pull-sync",
      type: "kubernetes.io/dockerconfigjson",
      registry: "ghcr.io",
      username: "ghcr-username",
      password: "ghcr-token",
    },
    "langfuse-secrets": { keys: { LANGFUSE_SECRET_KEY: "langfuse-secret-key" } },
  },
  inClusterDeliveries: {
    "platform-app-master-client": {
      externalSecret: "keycloak-master-platform-app-sync",
      authority: "keycloak",
      producer: "keycloak-client-patcher",
      keys: { "client-secret": "platform-app-master-client-secret" },
      see: "462",
    },
  },
  keycloakClients: [{ clientId: "platform-app", vaultKey: "platform-app-client-secret" }],
  settings: ["DATABASE_SSL", "NODE_ENV", "PORT"],
  retired: { "env-ghcr-token": { since: "2025-12-31", use: "ghcr-token" }, "old-token": { since: "2025-12-31" } },
  fixtures: { values: ["minioadmin", "lf_api_*"], placeholders: ["CHANGEME", "REPLACE_ME", "__generate__"] },
});

/** What a rule reports: the problems in order, or that it cannot decide yet. */
export type Said = readonly string[] | "undecided";

export function contextIn(environment: PolicyEnvironment = "prod"): RuleContext {
  return { catalogue: policyCatalogue, environment };
}

export function ruleOf(id: string): Rule {
  const rule = rules.find((one) => one.id === id);
  if (rule === undefined) throw new Error(`there is no rule "${id}"`);
  return rule;
}

/** What one rule says of another sample than its example's. */
export function saidBy(id: string, sample: Sample, environment?: PolicyEnvironment): Said {
  const example = examples.find(({ rule }) => rule === id);
  if (example === undefined) throw new Error(`there is no example of "${id}"`);
  return said(environment === undefined ? example : { ...example, environment }, sample);
}

/** A sample as the pack gets it: plain JSON, in which the engine's sentinels replace unknown values. */
export function subjectOf(sample: Sample, name = "sample"): Subject {
  const [subject] = subjectsOf(sample, name);
  if (subject === undefined) throw new Error("no rule looks at this sample");
  return subject;
}

export function subjectsOf(sample: Sample, name: string): readonly Subject[] {
  if ("values" in sample) return [subjectOfValues(sample.values, name)];
  if ("document" in sample)
    return subjectsOfDocument({ content: sample.document, lineOf: () => 1 }, name).map(({ subject }) => subject);
  const { type, props, protect = false, dependsOn, computed, from = "urn" } = sample;
  const inputsFrom = new Map(Object.keys(props).map((key) => [key, computed?.includes(key) === true ? [from] : []]));
  return subjectsOfResource({
    type,
    name,
    urn: name,
    props,
    options: { protect, inputsFrom, ...(dependsOn === undefined ? {} : { dependsOn }) },
  });
}

/** Judges one sample of an example; for a stack rule, together with the other resources of the stack. */
export function said({ rule: id, beside = [], environment }: Example, sample: Sample): Said {
  const rule = ruleOf(id);
  const own = subjectsOf(sample, "sample");
  const besides = isStackRule(rule) ? beside.flatMap((one, i) => subjectsOf(one, `beside-${i}`)) : [];
  const subjects = [...besides, ...own];
  const verdicts = verdictsOf(rule, subjects, contextIn(environment));
  if (verdicts.some(({ verdict }) => verdict instanceof Undecided)) return "undecided";
  return violationsOf(rule, subjects, contextIn(environment)).map(({ problem }) => problem);
}

/** What a rule finds in subjects, without the verdicts that wait for a value. */
export function violationsOf(rule: Rule, subjects: readonly Subject[], context: RuleContext): readonly Violation[] {
  return verdictsOf(rule, subjects, context).flatMap(({ verdict }) => (verdict instanceof Undecided ? [] : verdict));
}

/** The same sample with one input that a preview does not know. */
export function withUnknown(sample: Sample, path: Path): Sample {
  return changed(sample, [path, unknown]);
}
