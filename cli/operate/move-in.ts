import { readFileSync } from "node:fs";
import { signedInAzure } from "../../clients/azure.ts";
import { type AzureReader, closedReader } from "../../diagnose/observe/access.ts";
import { observeKeyVault } from "../../diagnose/observe/azure.ts";
import { fingerprinter } from "../../diagnose/observe/fingerprint.ts";
import { observe } from "../../diagnose/observe/observe.ts";
import { describeFailure, type KeyVaultSecretState, type Observed, type Snapshot } from "../../diagnose/snapshot.ts";
import { customMetadataKeys, managedByBootstrap } from "../../domain/bootstrap-config.ts";
import type { Catalogue } from "../../domain/catalogue/catalogue.ts";
import { classifyKeyVaultName } from "../../domain/catalogue/lookup.ts";
import type { Finding } from "../../domain/finding.ts";
import type { MoveInFacts, MoveInStep } from "../../domain/move-in/facts.ts";
import { moveInSteps } from "../../domain/move-in/steps.ts";
import { readTerraform, takenOver } from "../../domain/move-in/terraform.ts";
import type { EnvironmentStack, StackPlan } from "../../domain/plan/environment.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { adoptables } from "../../domain/resources/adoption.ts";
import { vaultPolicies, vaultRoles } from "../../domain/resources/vault-policies.ts";
import type { Stage } from "../../domain/stage.ts";
import { UserError } from "../../domain/user-error.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import type { LocalHomeFlags } from "../access/local-home-options.ts";
import { standardInput } from "../files.ts";
import { type Change, stageOf } from "../deploy/engine/change.ts";
import { lacksOfKeyVault } from "../deploy/ownership/azure-objects.ts";
import { LiveObjects } from "../deploy/ownership/kubernetes-objects.ts";
import { findForeign, plannedObjects } from "../deploy/ownership/ownership.ts";
import { lacksSharedStack } from "../deploy/shared-output.ts";
import { type ClusterFacts, clusterFacts, type GuardScanner } from "./move-in-cluster.ts";
import { withConnectedStack, type ConnectedStack } from "./connected-stack.ts";

export interface MoveInOptions extends LocalHomeFlags {
  readonly stack: string;
  /** Path of a Terraform state or of the output of `terraform show -json`; `-` is standard input. */
  readonly terraform?: string;
  readonly application?: string;
  /** Compares values by keyed hash. */
  readonly prove?: boolean;
}

/** Reads everything that exists and returns the plan. Changes nothing. @throws UserError */
export async function moveIn(options: MoveInOptions, guardScan: GuardScanner): Promise<readonly MoveInStep[]> {
  const { stack, terraform: path, prove = false, application } = options;
  const terraform = path === undefined ? undefined : readTerraform(await fileText(path), path);
  const given = { ...(terraform && { terraform }), ...(application && { target: application }), prove };
  if (stack === "shared") {
    const plan = await loadCloudStack(stack, []);
    const azure = await signedInAzure(plan.azure).catch((error: unknown) => String(error));
    return moveInSteps(plan, await sharedFacts(plan, azure, given));
  }
  return withConnectedStack({ ...options, readsValues: prove }, async (connected) =>
    moveInSteps(connected.stack, await environmentFacts(connected, given, guardScan)),
  );
}

async function fileText(path: string): Promise<string> {
  try {
    return path === "-" ? await standardInput() : readFileSync(path, "utf8");
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw UserError.of("terraform-unreadable", `cannot read ${path}: ${code}`, "terraform show -json > state.json");
  }
}

type Given = Pick<MoveInFacts, "terraform" | "target"> & { readonly prove: boolean };

const noCluster: ClusterFacts = {
  otherCronJobs: [],
  objects: [],
  plannedObjects: 0,
  applications: [],
  refusedByAdmission: [],
};

async function sharedFacts(plan: StackPlan, azure: AzureReader | string, given: Given): Promise<MoveInFacts> {
  const catalogue = readCatalogue();
  const print = given.prove ? fingerprinter(catalogue.fixtures) : undefined;
  const values = terraformValues(given, plan);
  const [keyVault, found, { facts, unseen }] = await Promise.all([
    observeKeyVault(
      typeof azure === "string" ? closedReader("read Azure", azure) : azure,
      plan.azure,
      new Set(values.keys()),
      print,
    ),
    typeof azure === "string" ? [] : findForeign(creations(plan), plan, { azure: () => Promise.resolve(azure) }),
    azureFacts(plan, azure, true),
  ]);
  const prints = new Map([...values].map(([name, value]) => [name, print?.(value.reveal()).digest]));
  return {
    ...noCluster,
    ...given,
    ...facts,
    ...keyVaultFacts(keyVault, catalogue, plan, prints),
    findings: found.filter(isReadable),
    missingInVault: [],
    pinsReviewerToken: false,
    unmarked: [],
    unseen: { ...unseen, ...unseenSteps({ adopt: keyVault, "key-vault-names": keyVault }, found, given) },
  };
}

const clusterSteps = ["consumers", "suspend", "keep", "source", "commit", "untrack", "hand-over", "up", "admission"];

/** Everything that one environment shows of itself. A part that cannot be read leaves its steps `unknown`. */
export async function environmentFacts(
  { stack, cluster, access }: Pick<ConnectedStack, "stack" | "cluster" | "access">,
  given: Given,
  guardScan: GuardScanner,
): Promise<MoveInFacts> {
  const { azure, vault } = access;
  const live = new LiveObjects(cluster);
  const planned = await plannedObjects(stack, live);
  const [snapshot, found, kubernetes, { facts, unseen }] = await Promise.all([
    observe(stack, access, { compareValues: given.prove, dotenv: terraformValues(given, stack) }),
    findForeign([...creations(stack), ...planned], stack, {
      ...(typeof azure === "string" ? {} : { azure: () => Promise.resolve(azure) }),
      ...(typeof vault === "string" ? {} : { vault }),
      cluster,
    }),
    clusterFacts(stack, live, planned, guardScan).catch((error: unknown) => String(error)),
    azureFacts(stack, azure, stack.shared === undefined),
  ]);
  const { keyVault, vault: { authConfig, policies, secrets }, dotenv } = snapshot; // prettier-ignore
  const prints = (dotenv.ok ? dotenv.value : []).map((one) => [one.keyVaultName, one.fingerprint.digest] as const);
  const pinsReviewerToken = authConfig.ok && authConfig.value.tokenReviewerJwtSet;
  const isReplaced = ({ subject }: Finding) => pinsReviewerToken && subject === `auth/${stack.vault.authMount}/config`;
  const parts = { adopt: keyVault, "key-vault-names": keyVault, "reviewer-token": authConfig, up: policies, unmarked: secrets }; // prettier-ignore
  return {
    ...given,
    ...facts,
    ...keyVaultFacts(keyVault, stack.catalogue, stack, new Map(given.prove ? prints : [])),
    ...(typeof kubernetes === "string" ? noCluster : kubernetes),
    findings: found.filter((finding) => isReadable(finding) && !isReplaced(finding)),
    missingInVault: missingInVault(stack, snapshot),
    pinsReviewerToken,
    unmarked: unmarkedValues(stack, snapshot),
    unseen: {
      ...unseen,
      ...unseenSteps(parts, found, given),
      ...(typeof kubernetes === "string" ? Object.fromEntries(clusterSteps.map((id) => [id, kubernetes])) : {}),
    },
  };
}

/** A Key Vault that cannot be read leaves `adopt` unknown: it may need a change that the rules require first. */
export async function azureFacts(plan: StackPlan, azure: AzureReader | string, hasSharedStack: boolean) {
  const ownsKeyVault = plan.kind === "shared" || plan.shared !== undefined;
  const unseen: { adopt?: string } = {};
  const [missing, command] = await Promise.all([
    hasSharedStack ? lacksSharedStack() : undefined,
    typeof azure === "string" || !ownsKeyVault
      ? undefined
      : lacksOfKeyVault(plan, azure).catch((error: unknown) => {
          unseen.adopt = `the Key Vault ${plan.azure.keyVault} could not be read: ${String(error)}`;
          return undefined;
        }),
  ]);
  return {
    facts: { isSharedUpdated: missing === undefined, ...(command && { keyVaultPreparation: command }) },
    unseen,
  };
}

/** What can be adopted, as a preview of an empty state has it. */
function creations(plan: StackPlan): readonly Change[] {
  return adoptables(plan).map(({ type, resource: name, id }) => {
    const object = id === undefined ? {} : { object: id.split("/").at(-1) ?? id };
    return { operation: "create", urn: "", type, name, stage: stageOf(type), differs: [], ...object };
  });
}

function terraformValues({ terraform, prove }: Given, plan: StackPlan): ReadonlyMap<string, Redacted> {
  const found = terraform === undefined || !prove ? [] : takenOver(terraform, plan);
  return new Map(found.flatMap(({ secret, value }) => (secret && value ? [[secret, value] as const] : [])));
}

/** @param prints - digests of the values in the Terraform file, by name. */
function keyVaultFacts(
  keyVault: Observed<readonly KeyVaultSecretState[]>,
  catalogue: Catalogue,
  { secretPrefix }: StackPlan,
  prints: ReadonlyMap<string, string | undefined>,
): Pick<MoveInFacts, "strangers" | "staleInTerraform"> {
  const secrets = keyVault.ok ? keyVault.value : [];
  const isStale = ({ name, fingerprint }: KeyVaultSecretState): boolean =>
    fingerprint !== undefined && prints.has(name) && prints.get(name) !== fingerprint.digest;
  return {
    staleInTerraform: secrets.filter(isStale).map(({ name }) => name),
    strangers: secrets.flatMap(({ name }) => {
      const known = classifyKeyVaultName(catalogue, name, secretPrefix);
      if (known.authority === "external") return [];
      if (known.kind === "unknown") return [{ name, owner: "unknown owner" }];
      return [{ name, owner: [known.authority ?? `a ${known.kind} name`, known.owner].filter(Boolean).join(", ") }];
    }),
  };
}

/** Whether it was found, and is not the place that could not be read. */
const isReadable = ({ code }: Finding): boolean => code !== "cannot-look";

function unseenSteps(
  parts: Readonly<Record<string, Observed<unknown>>>,
  found: readonly Finding[],
  { terraform }: Given,
): Readonly<Record<string, string>> {
  const ofCluster = new Set<Stage>(["bootstrap", "secret-store", "external-secret"]);
  const refused = found
    .filter((one) => !isReadable(one))
    .map(({ stage, problem }) => [ofCluster.has(stage) ? "consumers" : "adopt", problem]);
  const failed = Object.entries(parts).flatMap(([id, part]) => (part.ok ? [] : [[id, describeFailure(part.failure)]]));
  return {
    ...Object.fromEntries([...failed, ...refused.toReversed()]), // of several, the first
    ...(terraform === undefined ? { "terraform-release": "no Terraform state was given: --terraform FILE" } : {}),
  };
}

function missingInVault(stack: EnvironmentStack, { vault }: Snapshot): readonly string[] {
  const namesIn = (part: Observed<readonly { readonly name: string }[]>) =>
    new Set((part.ok ? part.value : []).map(({ name }) => name));
  const [policies, roles] = [namesIn(vault.policies), namesIn(vault.roles)];
  return [
    ...vaultPolicies(stack).flatMap(({ name }) => (policies.has(name) ? [] : [`policy ${name}`])),
    ...vaultRoles(stack).flatMap(({ name }) => (roles.has(name) ? [] : [`role ${name}`])),
  ];
}

function unmarkedValues({ plan }: EnvironmentStack, { vault, keyVault }: Snapshot): MoveInFacts["unmarked"] {
  const states = new Map((vault.secrets.ok ? vault.secrets.value : []).map((secret) => [secret.path, secret]));
  const sources = new Map((keyVault.ok ? keyVault.value : []).map(({ name, fingerprint }) => [name, fingerprint]));
  return plan.secrets.flatMap(({ vaultPath: path, keyVaultName }) => {
    const secret = keyVaultName === undefined ? undefined : states.get(path);
    const isMarked = secret?.customMetadata[customMetadataKeys.managedBy] === managedByBootstrap;
    if (secret?.state !== "live" || isMarked) return [];
    const [own, source] = [secret.fingerprint, sources.get(keyVaultName ?? "")];
    if (own === undefined || source === undefined) return [{ path }];
    const isReal = own.looksLike === "value" || own.looksLike === "sample";
    return [{ path, is: own.digest === source.digest ? "source" : isReal ? "foreign" : "placeholder" }] as const;
  });
}
