import { kubernetesAuthFields } from "../../domain/resources/vault-inputs.ts";
import { userInfo } from "node:os";
import { withNames } from "../../diagnose/fill-names.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import type { Place } from "./place.ts";
import { ownVaultToken, vaultCall, vaultState } from "../access/vault.ts";
import { formatPods, healthOfPods, vaultPodsOf, withPod, type VaultPods } from "../access/vault-way.ts";
import { withRootToken } from "../access/root-token.ts";
import { storedUnsealKey } from "../access/root-token.ts";
import { credentialsSecret } from "../../domain/names.ts";

export interface Repair {
  /** Whether there was anything to fix. */
  readonly needed: boolean;
  /** What was found, for people. */
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
export function confirmation({ stack, isShared }: Pick<Place, "stack" | "isShared">): string {
  return `--confirm ${stack.name}${isShared ? ' --reason "<why>"' : ""}`;
}

/**
 * Whether the change was asked for by the stack's name.
 *
 * @throws UserError for another name, and where others would find an Event that does not say why.
 */
export function isConfirmed(
  place: Pick<Place, "stack" | "isShared">,
  { confirm, reason }: { readonly confirm?: string; readonly reason?: string },
): boolean {
  const { name } = place.stack;
  if (confirm === undefined) return false;
  if (confirm !== name)
    throw UserError.of("not-confirmed", `--confirm ${confirm} is not the stack ${name}`, confirmation(place));
  if (place.isShared && (reason ?? "").trim() === "") {
    const problem = `${name} is shared, and the Event needs a reason`;
    throw UserError.of("reason-missing", problem, confirmation(place));
  }
  return true;
}

/**
 * The seed's "Vault Sealed (503 Error)": its key comes from `vault-auto-credentials` and is shown to nobody.
 *
 * @throws UserError when Vault cannot be reached or was never initialised, or the key is not there.
 */
export async function unsealVault(
  { stack, cluster, access }: Place,
  { change, reason }: RepairOptions,
  pods: VaultPods = vaultPodsOf(stack, cluster),
): Promise<Repair> {
  if (stack.name !== "local" && (await pods.names()).length > 1)
    return unsealPods({ stack, cluster }, { change, reason }, pods);
  const target = operatorTarget(stack.vault);
  const { address } = target;
  const state = await vaultState(target);
  if (state === "unreachable" || state === "uninitialised") {
    const why = state === "unreachable" ? await whyUnreachable(access) : "";
    throw UserError.of(
      `vault-${state}`,
      `Vault at ${address} is ${state}${why}`,
      `ameide-secrets doctor --stack ${stack.name}`,
    );
  }
  if (state !== "sealed") return { needed: false, found: `Vault at ${address} is ${state}`, did: "nothing to unseal" };
  const found = `Vault at ${address} is sealed`;
  const key = await storedUnsealKey(
    cluster,
    stack.namespace,
    `ask the holders of the key shares to run: vault operator unseal -address=${address}`,
  );
  if (!change) return { needed: true, found, did: `would unseal it with unseal-key of ${credentialsSecret}` };
  await vaultCall(target, undefined, "PUT", "/v1/sys/unseal", { key: key.reveal() });
  const after = await vaultState(target);
  if (after === "sealed") {
    throw UserError.of(
      "vault-sealed",
      `Vault at ${address} is still sealed: it needs more than one key share`,
      "add the other key shares: vault operator unseal",
    );
  }
  const event = await leaveEvent(cluster, stack.namespace, "VaultUnsealed", `unsealed by ameide-secrets: ${reason}`);
  return {
    needed: true,
    found,
    did: `unsealed${event}; then resync what failed: ${withNames("ameide-secrets resync --stack <stack>", stack)}`,
  };
}

/** Each pod has a seal of its own: a standby that stays sealed is a Vault that does not survive its active pod. */
async function unsealPods(
  { stack, cluster }: Pick<Place, "stack" | "cluster">,
  { change, reason }: RepairOptions,
  pods: VaultPods,
): Promise<Repair> {
  const seen = await healthOfPods(pods);
  const found = `Vault's pods in ${stack.vault.statefulSet.namespace}: ${formatPods(seen)}`;
  const sealed = seen.filter(({ health }) => health.state === "sealed").map(({ name }) => name);
  if (sealed.length === 0) {
    const isServing = seen.some(({ health }) => health.state === "active");
    if (isServing) return { needed: false, found, did: "nothing to unseal" };
    const code = seen.some(({ health }) => health.state === "uninitialised") ? "uninitialised" : "unreachable";
    throw UserError.of(`vault-${code}`, found, `ameide-secrets doctor --stack ${stack.name}`);
  }
  const key = await storedUnsealKey(
    cluster,
    stack.namespace,
    `ask the holders of the key shares to run, for each of ${sealed.join(", ")}: vault operator unseal`,
  );
  if (!change)
    return { needed: true, found, did: `would unseal ${sealed.join(", ")} with unseal-key of ${credentialsSecret}` };
  for (const name of sealed) {
    const { sealed: isSealed, t: threshold = 1 } = await withPod(pods, name, (target) =>
      vaultCall<{ sealed: boolean; t?: number }>(target, undefined, "PUT", "/v1/sys/unseal", { key: key.reveal() }),
    );
    if (!isSealed || threshold === 1) continue;
    const problem = `${name} is still sealed: it needs ${threshold} key shares`;
    throw UserError.of(
      "vault-sealed",
      problem,
      `add the other key shares to each of ${sealed.join(", ")}: vault operator unseal`,
    );
  }
  const note = `unsealed ${sealed.join(", ")} by ameide-secrets: ${reason}`;
  const event = await leaveEvent(cluster, stack.namespace, "VaultUnsealed", note);
  return {
    needed: true,
    found,
    did: `unsealed ${sealed.join(", ")}${event}; then resync what failed: ${withNames("ameide-secrets resync --stack <stack>", stack)}`,
  };
}

/**
 * The seed's "Kubernetes Auth Permission Denied (403 Error)": the configuration as the program makes it, which pins no
 * reviewer token.
 *
 * It asks with VAULT_TOKEN where that is set (`local` has a token of its own), else with a root token.
 *
 * @throws UserError when Vault refuses, or there is neither token.
 */
export async function reconfigureKubernetesAuth(place: Place, options: RepairOptions): Promise<Repair> {
  const { stack, cluster } = place;
  const { authMount } = stack.vault;
  const own = ownVaultToken(stack.name, process.env);
  if (own !== undefined) return reconfigureWith(own, place, options);
  const fix = `set VAULT_TOKEN to a token that can write auth/${authMount}/config`;
  return withRootToken({ vault: operatorTarget(stack.vault), cluster, namespace: stack.namespace, fix }, (root) =>
    reconfigureWith(root, place, options),
  );
}

async function reconfigureWith(
  token: Redacted,
  { stack, cluster }: Place,
  { change, reason }: RepairOptions,
): Promise<Repair> {
  const { authMount } = stack.vault;
  const target = operatorTarget(stack.vault);
  const { address } = target;
  const path = `/v1/auth/${authMount}/config`;
  const { data = {} } = await vaultCall<{ data?: Record<string, string | boolean> }>(target, token, "GET", path);
  const wanted = kubernetesAuthFields(stack);
  const differs = Object.entries(wanted).filter(
    ([key, value]) => String(data[key] ?? "").trim() !== String(value).trim(),
  );
  const pinned = data["token_reviewer_jwt_set"] === true;
  const names = [...differs.map(([key]) => key), ...(pinned ? ["token_reviewer_jwt (pinned)"] : [])];
  const shown = [
    ...differs.map(([key, value]) => `${key} is ${shownValue(data[key])}, expected ${shownValue(value)}`),
    ...(pinned ? ["token_reviewer_jwt (pinned) is set, expected none"] : []),
  ];
  if (names.length === 0)
    return {
      needed: false,
      found: `auth/${authMount} of Vault at ${address} is already what the program configures`,
      did: "nothing to change",
    };
  const found = `auth/${authMount} of Vault at ${address} differs: ${shown.join("; ")}`;
  if (!change)
    return { needed: true, found, did: "would write the program's configuration and remove a pinned reviewer token" };
  // an empty token drops the pinned one: leaving the key out would keep it
  await vaultCall(target, token, "POST", path, { ...wanted, token_reviewer_jwt: "" });
  const event = await leaveEvent(
    cluster,
    stack.namespace,
    "VaultAuthReconfigured",
    `auth/${authMount} (${names.join(", ")}): ${reason}`,
  );
  return {
    needed: true,
    found,
    did: `written${event}; then resync what failed: ${withNames("ameide-secrets resync --stack <stack>", stack)}`,
  };
}

/** What the way to Vault, or the server at its end, says of it. */
async function whyUnreachable({ vault }: Place["access"]): Promise<string> {
  if (typeof vault === "string") return `: ${vault}`;
  return vault.get("sys/health").then(
    () => "",
    (error: unknown) => {
      return `: ${error instanceof Error ? error.message : String(error)}`;
    },
  );
}

/** A certificate is too long to compare by eye. */
function shownValue(value: string | boolean | undefined): string {
  if (value === undefined || value === "") return "not set";
  return String(value).includes("-----BEGIN") ? "a certificate" : String(value);
}

/**
 * Who did what and why, where the next person looks first.
 *
 * @returns text for the result: empty, or why the Event could not be created. Not everybody may create
 *   Events, and the repair is done by then.
 */
export async function leaveEvent(cluster: Cluster, namespace: string, reason: string, note: string): Promise<string> {
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
  return made.then(
    () => "",
    (error: unknown) => ` (the Event could not be created: ${error instanceof Error ? error.message : String(error)})`,
  );
}
