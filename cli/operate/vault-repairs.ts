import { kubernetesAuthFields } from "../../domain/resources/vault-inputs.ts";
import { userInfo } from "node:os";
import { withNames } from "../../diagnose/fill-names.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { UserError } from "../../domain/user-error.ts";
import { inRootNamespace, operatorTarget, type VaultTarget } from "../../domain/vault-target.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { withOperatorToken, type ConnectedStack } from "./connected-stack.ts";
import { generateRootToken, isValidToken, revokeRootToken, vaultCredentials } from "../access/root-token.ts";
import { vaultCall, vaultHealth } from "../access/vault.ts";
import { formatPods, healthOfPods, vaultPodsOf, withPod, type VaultPods } from "../access/vault-way.ts";
import { credentialsSecret } from "../../domain/names.ts";
import { waitUntil } from "../../local/wait-until.ts";

export interface Repair {
  /** Whether there was anything to fix. */
  readonly needed: boolean;
  readonly found: string;
  /** What was done, or would be. */
  readonly did: string;
}

export interface RepairOptions {
  /** Without it nothing is changed. */
  readonly change: boolean;
  /** Written into the Event. */
  readonly reason: string;
}

/** What is to be typed for the change: the stack's name and, where others share it, why. */
export function confirmation({ stack, isShared }: Pick<ConnectedStack, "stack" | "isShared">): string {
  return `--confirm ${stack.name}${isShared ? ' --reason "<why>"' : ""}`;
}

/**
 * Whether the stack's name confirms the change.
 *
 * @throws UserError for another name, and where others would find an Event that does not say why.
 */
export function isConfirmed(
  connected: Pick<ConnectedStack, "stack" | "isShared">,
  { confirm, reason }: { readonly confirm?: string; readonly reason?: string },
): boolean {
  const { name } = connected.stack;
  if (confirm === undefined) return false;
  if (confirm !== name)
    throw UserError.of("not-confirmed", `--confirm ${confirm} is not the stack ${name}`, confirmation(connected));
  if (connected.isShared && (reason ?? "").trim() === "") {
    const problem = `${name} is shared, and the Event needs a reason`;
    throw UserError.of("reason-missing", problem, confirmation(connected));
  }
  return true;
}

/**
 * Unseals Vault with the key in `vault-auto-credentials`. Each pod has a seal of its own: a sealed standby does not
 * help when the active pod fails.
 *
 * @throws UserError when Vault cannot be reached or was never initialised, or the key does not exist.
 */
export async function unsealVault(
  { stack, cluster, access }: ConnectedStack,
  { change, reason }: RepairOptions,
  pods: VaultPods = vaultPodsOf(stack, cluster),
): Promise<Repair> {
  const target = operatorTarget(stack.vault);
  const address = `Vault at ${target.address}`;
  const hasPods = stack.name !== "local" && (await pods.names()).length > 1;
  const look = async () =>
    hasPods ? await healthOfPods(pods) : [{ name: address, health: await vaultHealth(target) }];
  const seen = await look();
  const found = hasPods
    ? `Vault's pods in ${stack.vault.statefulSet.namespace}: ${formatPods(seen)}`
    : `${address} is ${seen[0]?.health.state}`;
  const sealed = seen.filter(({ health }) => health.state === "sealed").map(({ name }) => name);
  if (sealed.length === 0) {
    const states = new Set(seen.map(({ health }) => health.state));
    if (states.has("active") || (!hasPods && states.has("standby")))
      return { needed: false, found, did: "nothing to unseal" };
    const state = states.has("uninitialised") ? "uninitialised" : "unreachable";
    const why = hasPods || state !== "unreachable" ? "" : await whyUnreachable(access);
    throw UserError.of(`vault-${state}`, `${found}${why}`, `ameide-secrets doctor --stack ${stack.name}`);
  }
  const which = hasPods ? sealed.join(", ") : "it";
  const [each, byHand] = hasPods ? [`, for each of ${which}`, ""] : ["", ` -address=${target.address}`];
  const fix = `ask the holders of the key shares to run${each}: vault operator unseal${byHand}`;
  const { exists, unsealKey: key } = await vaultCredentials(cluster, stack.namespace);
  if (key === undefined) {
    const problem = `the Secret ${stack.namespace}/${credentialsSecret} ${exists ? "has no unseal-key" : "does not exist"}`;
    throw UserError.of("vault-credentials-missing", problem, fix);
  }
  if (!change) return { needed: true, found, did: `would unseal ${which} with unseal-key of ${credentialsSecret}` };
  const unseal = (pod: VaultTarget) =>
    vaultCall<{ sealed?: boolean; t?: number }>(pod, undefined, "PUT", "/v1/sys/unseal", { key: key.reveal() });
  for (const name of sealed) {
    const { sealed: isSealed, t: shares = 1 } = await (hasPods ? withPod(pods, name, unseal) : unseal(target));
    // one share is enough: this pod unseals in the background
    if (isSealed !== true || shares === 1) continue;
    const problem = `${name} is still sealed: it needs ${shares} key shares`;
    throw UserError.of("vault-sealed", problem, `add the other key shares${each}: vault operator unseal${byHand}`);
  }
  const hasActive = async () => (await look()).some(({ health }) => health.state === "active");
  // an unsealed Vault is a standby until it has become the leader; requests fail until then
  await waitUntil(hasActive, { inSeconds: 10, forWhat: "a leader" }).catch(() => undefined); // `did` says so
  const isActive = await hasActive();
  const did = `unsealed${hasPods ? ` ${which}` : ""}${isActive ? "" : ", but not active yet"}`;
  const event = await leaveEvent(cluster, stack.namespace, "VaultUnsealed", `${did} by ameide-secrets: ${reason}`);
  return { needed: true, found, did: `${did}${event}; ${thenResync(stack)}` };
}

function thenResync(stack: EnvironmentStack): string {
  return withNames("then resync what failed: ameide-secrets resync --stack <stack>", stack);
}

/** Restores Vault's Kubernetes auth: no pinned reviewer token. @throws UserError when Vault refuses, or without a token. */
export async function reconfigureKubernetesAuth(
  connected: ConnectedStack,
  { change, reason }: RepairOptions,
): Promise<Repair> {
  const { stack, cluster } = connected;
  const { authMount } = stack.vault;
  const target = operatorTarget(stack.vault);
  const title = `auth/${authMount} of Vault at ${target.address}`;
  const path = `/v1/auth/${authMount}/config`;
  const fix = `set VAULT_TOKEN to a token that can write auth/${authMount}/config`;
  return withOperatorToken(connected, fix, async (token): Promise<Repair> => {
    const { data = {} } = await vaultCall<{ data?: Record<string, string | boolean> }>(target, token, "GET", path);
    const wanted = kubernetesAuthFields(stack);
    const differing = Object.entries(wanted)
      .filter(([key, value]) => String(data[key] ?? "").trim() !== String(value).trim())
      .map(([key, value]) => [key, `is ${shownValue(data[key])}, expected ${shownValue(value)}`]);
    if (data["token_reviewer_jwt_set"] === true)
      differing.push(["token_reviewer_jwt (pinned)", "is set, expected none"]);
    if (differing.length === 0)
      return { needed: false, found: `${title} is already what the program configures`, did: "nothing to change" };
    const found = `${title} differs: ${differing.map((parts) => parts.join(" ")).join("; ")}`;
    if (!change)
      return { needed: true, found, did: "would write the program's configuration and remove a pinned reviewer token" };
    // an empty token removes the pinned one: leaving the key out would keep it
    await vaultCall(target, token, "POST", path, { ...wanted, token_reviewer_jwt: "" });
    const note = `auth/${authMount} (${differing.map(([key]) => key).join(", ")}): ${reason}`;
    const event = await leaveEvent(cluster, stack.namespace, "VaultAuthReconfigured", note);
    return { needed: true, found, did: `written${event}; ${thenResync(stack)}` };
  });
}

/**
 * Revokes the root token in `vault-auto-credentials` and removes it from the Secret. The unseal key stays. Before any change
 * it proves that the key generates a root token and that the Secret may be changed. Every interruption is harmless: the next
 * run finds a revoked token that is still stored. Tokens that the old one created stay valid.
 *
 * @throws UserError where the key does not generate a root token, the Secret may not be changed, or the environment keeps it.
 */
export async function revokeStoredRootToken(
  { stack, cluster }: ConnectedStack,
  { change, reason }: RepairOptions,
): Promise<Repair> {
  const { namespace, vault, strictness } = stack;
  const target = inRootNamespace(operatorTarget(vault));
  const title = `${namespace}/${credentialsSecret}`;
  const { rootToken, unsealKey, recoveryKey } = await vaultCredentials(cluster, namespace);
  if (rootToken === undefined)
    return { needed: false, found: `the Secret ${title} has no root-token`, did: "nothing to revoke" };
  const key = unsealKey ?? recoveryKey;
  if (key === undefined) {
    throw UserError.of(
      "vault-credentials-missing",
      `the Secret ${title} has a root-token but no unseal-key, so no new root token could be generated`,
      `add the unseal key from Vault's initialisation to ${title} as unseal-key, then run this again`,
    );
  }
  const isValid = await isValidToken(target, rootToken);
  const found = `the Secret ${title} has a root-token that ${isValid ? "is valid and never expires" : "is no longer valid"}`;
  if (strictness.rootToken === "stored")
    return { needed: false, found, did: `environments/${stack.name}.ts has rootToken: "stored": nothing to do` };
  if (!change) {
    return {
      needed: true,
      found,
      did: `would ${isValid ? "revoke it and " : ""}remove it from the Secret; first stop everything that reads it there, such as an older vault-bootstrap`,
    };
  }
  const path = `/api/v1/namespaces/${namespace}/secrets/${credentialsSecret}`;
  const withoutToken = { data: { "root-token": null } };
  await cluster.patch(`${path}?dryRun=All`, withoutToken);
  const fresh = await generateRootToken(target, key);
  await revokeRootToken(target, fresh);
  if (isValid) await revokeRootToken(target, rootToken);
  await cluster.patch(path, withoutToken);
  const event = await leaveEvent(cluster, namespace, "VaultRootTokenRevoked", `root token revoked: ${reason}`);
  return { needed: true, found, did: `revoked and removed${event}; commands now generate a root token with the unseal key when they need one` }; // prettier-ignore
}

/** What the way to Vault, or the server at its end, says of it. */
async function whyUnreachable({ vault }: ConnectedStack["access"]): Promise<string> {
  if (typeof vault === "string") return `: ${vault}`;
  return vault.get("sys/health").then(() => "", (error: Error) => `: ${error.message}`); // prettier-ignore
}

/** A certificate is too long to compare by eye. */
function shownValue(value: string | boolean | undefined): string {
  if (value === undefined || value === "") return "not set";
  return String(value).includes("-----BEGIN") ? "a certificate" : String(value);
}

/** Records who did what and why. @returns empty, or why it failed: not everybody may create Events. */
async function leaveEvent(cluster: Cluster, namespace: string, reason: string, note: string): Promise<string> {
  const now = new Date().toISOString();
  const made = cluster.create(`/api/v1/namespaces/${namespace}/events`, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { generateName: "ameide-secrets-", namespace },
    involvedObject: { apiVersion: "v1", kind: "Secret", namespace, name: credentialsSecret },
    type: "Normal",
    reason,
    message: `${userInfo().username}: ${note}`,
    source: { component: "ameide-secrets" },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  });
  return made.then(() => "", (error: Error) => ` (the Event could not be created: ${error.message})`); // prettier-ignore
}
