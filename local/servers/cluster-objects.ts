import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalHome } from "../home.ts";
import type { Binaries } from "../toolchain/pieces.ts";
import { waitUntil } from "../wait-until.ts";
import { applyObject, homeCluster } from "./cluster-call.ts";
import { clusterAccess } from "./cluster-access.ts";

const digestAnnotation = "ameide-secrets/digest";

interface Definition {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
}

/**
 * Makes in the cluster what its servers need: who may do what, and the operator's definitions. Only what is missing
 * or changed is written; a second run costs one call.
 */
export async function applyClusterObjects(home: LocalHome, binaries: Binaries): Promise<void> {
  await Promise.all([applyAccess(home), applyCrds(home, binaries)]);
}

/**
 * Applies the External Secrets Operator's CustomResourceDefinitions where they are missing or changed, and waits until
 * they are served.
 */
export async function applyCrds(home: LocalHome, binaries: Binaries): Promise<void> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const wanted = definitionsIn(binaries.externalSecretsDefinitions);
  // metadata alone: the definitions are 1.3 MB
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

/** The operator's own group, and of its generators what it watches unasked. */
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
