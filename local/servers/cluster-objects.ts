import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalHome } from "../home.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { waitUntil } from "../wait-until.ts";
import { clusterUsers } from "./certificates.ts";
import { applyObject, homeCluster } from "./cluster-call.ts";

const digestAnnotation = "ameide-secrets/digest";

interface Definition {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

/** Creates what the servers need: permissions and the operator's definitions. A second run costs one call. */
export async function applyClusterObjects(home: LocalHome, binaries: Binaries): Promise<void> {
  await Promise.all([applyAccess(home), applyCrds(home, binaries)]);
}

/** Applies missing or changed CustomResourceDefinitions of External Secrets and waits until they are served. */
export async function applyCrds(home: LocalHome, binaries: Binaries): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const wanted = definitionsIn(binaries.externalSecretsDefinitions);
  // only metadata: the definitions are 1.3 MB
  const found = await homeCluster(home).metadata(path);
  const present = new Map(found.map((metadata) => [metadata.name, annotationOf({ metadata })]));
  const outdated = wanted.filter(({ definition, digest }) => present.get(definition.metadata.name) !== digest);
  await Promise.all(
    outdated.map(({ definition, digest }) =>
      applyObject(home, `${path}/${definition.metadata.name}`, annotate(definition, digest)),
    ),
  );
  if (outdated.length > 0)
    await waitUntil(() => isServed(home, wanted.length), { inSeconds: 30, forWhat: "the definitions to be served" });
}

/** The operator's group, and the generators that it always watches. */
function definitionsIn(folder: string): readonly { readonly definition: Definition; readonly digest: string }[] {
  return readdirSync(folder)
    .filter((file) => /^(?:external-secrets\.io_|generators\.external-secrets\.io_generatorstates\.json$)/.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .map((text) => ({ definition: JSON.parse(text) as Definition, digest: digestOf(text) }));
}

async function isServed(home: LocalHome, count: number): Promise<boolean> {
  const groups = ["external-secrets.io/v1", "external-secrets.io/v1alpha1", "generators.external-secrets.io/v1alpha1"];
  const cluster = homeCluster(home);
  const answers = await Promise.all(
    groups.map((group) => cluster.find<{ resources: readonly { readonly name: string }[] }>(`/apis/${group}`)),
  );
  const kinds = answers.flatMap((answer) => answer?.resources ?? []).filter(({ name }) => !name.includes("/"));
  return !answers.includes(undefined) && kinds.length >= count;
}

async function applyAccess(home: LocalHome): Promise<void> {
  const [marker, ...rest] = clusterAccess();
  const digest = digestOf(JSON.stringify([marker, ...rest]));
  const present = await homeCluster(home).find<Definition>(marker.path);
  if (present !== undefined && annotationOf(present) === digest) return;
  await Promise.all(rest.map(({ path, object }) => applyObject(home, path, object)));
  await applyObject(home, marker.path, annotate(marker.object, digest)); // last: its digest says that all exist
}

function annotate(object: Definition, digest: string): Definition {
  const annotations = { ...object.metadata.annotations, [digestAnnotation]: digest };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function annotationOf({ metadata }: Definition): string | undefined {
  return metadata.annotations?.[digestAnnotation];
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface ClusterObject {
  readonly path: string;
  readonly object: { readonly metadata: { readonly name: string } } & Readonly<Record<string, unknown>>;
}

const read = ["get", "list", "watch"];
const write = ["get", "update", "patch"];

/** The operator's permissions are those of its chart. Everybody can read the issuer's keys, since Azure must. */
function clusterAccess(): readonly [ClusterObject, ...ClusterObject[]] {
  const issuer = "system:service-account-issuer-discovery";
  return [
    role("ameide-local:external-secrets", operatorRules()),
    binding("ameide-local:external-secrets", "ameide-local:external-secrets", clusterUsers.externalSecrets),
    role("ameide-local:node", nodeRules()),
    binding("ameide-local:node", "ameide-local:node", clusterUsers.node),
    binding("ameide-local:kubelet", "system:node", clusterUsers.node),
    binding("ameide-local:issuer-discovery", issuer, "system:unauthenticated", "Group"),
  ];
}

/** External Secrets Operator 0.19.2, deploy/charts/external-secrets/templates/rbac.yaml. */
function operatorRules(): readonly Rule[] {
  const group = "external-secrets.io";
  const namespaced = ["secretstores", "externalsecrets", "pushsecrets"];
  const kinds = [...namespaced, ...namespaced.map((kind) => `cluster${kind}`)];
  return [
    rule(group, kinds, read),
    rule(group, [...kinds, ...kinds.map((kind) => `${kind}/status`)], write),
    rule(group, ["externalsecrets", "pushsecrets"], ["create", "update", "delete"]),
    rule(
      `generators.${group}`,
      ["generatorstates"],
      [...read, "create", "update", "patch", "delete", "deletecollection"],
    ),
    rule("", ["serviceaccounts", "namespaces", "configmaps"], read),
    rule("", ["secrets"], [...read, "create", "update", "delete", "patch"]),
    rule("", ["serviceaccounts/token"], ["create"]),
    rule("", ["events"], ["create", "patch"]),
  ];
}

/** The node also schedules, which `system:node` may not. */
function nodeRules(): readonly Rule[] {
  const events = ["create", "patch", "update"];
  return [
    rule("", ["pods/binding"], ["create"]),
    rule("", ["pods", "nodes"], read),
    rule("", ["events"], events),
    rule("events.k8s.io", ["events"], events),
  ];
}

function rule(apiGroup: string, resources: readonly string[], verbs: readonly string[]): Rule {
  return { apiGroups: [apiGroup], resources, verbs };
}

const apiGroup = "rbac.authorization.k8s.io";

function role(name: string, rules: readonly Rule[]): ClusterObject {
  return rbacObject("ClusterRole", name, { rules });
}

function binding(name: string, roleName: string, subject: string, kind: "User" | "Group" = "User"): ClusterObject {
  const roleRef = { apiGroup, kind: "ClusterRole", name: roleName };
  return rbacObject("ClusterRoleBinding", name, { roleRef, subjects: [{ apiGroup, kind, name: subject }] });
}

function rbacObject(kind: string, name: string, content: object): ClusterObject {
  const path = `/apis/${apiGroup}/v1/${kind.toLowerCase()}s/${name}`;
  return { path, object: { apiVersion: `${apiGroup}/v1`, kind, metadata: { name }, ...content } };
}
