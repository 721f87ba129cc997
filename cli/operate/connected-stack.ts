import { signedInAzure } from "../../clients/azure.ts";
import { isSilence, patienceInMs, vaultReader, type Access } from "../../diagnose/observe/access.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { NetworkError, ServerError } from "../../clients/http.ts";
import { UserError } from "../../domain/user-error.ts";
import { operatorTarget } from "../../domain/vault-target.ts";
import { auditorPolicyName } from "../../domain/resources/vault-policies.ts";
import { homeOf, type LocalHomeFlags } from "../access/local-home-options.ts";
import { localAzure, loadLocalStack } from "../access/local-stack.ts";
import { clusterOf, loadCloudStack } from "../access/cloud-stack.ts";
import { githubToken } from "../access/github-login.ts";
import { openRootToken, withRootToken } from "../access/root-token.ts";
import type { Run } from "../command.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { openCluster, openOrClosed } from "../../clients/kubeconfig.ts";
import type { Cluster } from "../../clients/kubernetes.ts";
import { ownVaultToken, shortToken, vaultState, type ShortToken } from "../access/vault.ts";

import { healthOfPods, openWayToVault, vaultPodsOf, type WayToVault } from "../access/vault-way.ts";

/** One environment and the ways into it, for the commands that look at it or fix it. */
export interface ConnectedStack {
  readonly stack: EnvironmentStack;
  readonly cluster: Cluster;
  readonly access: Access;
  /** Whether others work on it too, so that a change asks for `--yes`. */
  readonly isShared: boolean;
  close(): Promise<void>;
}

export interface ConnectOptions extends LocalHomeFlags {
  readonly stack: string;
  /** Values of `.env`, to be compared with every step. @default - none */
  readonly dotenv?: readonly string[];
  /** Whether Vault's values are to be read: by VAULT_TOKEN, which `local` has none of, else by a root token (see `openRootToken`). @default false */
  readonly readsValues?: boolean;
}

/**
 * Opens the ways that a stack names to its cluster, Vault and Azure. A way that is closed is not an error but a text in
 * `access`, or a cluster that answers with the reason: it becomes a finding.
 *
 * @throws UserError when the stack itself cannot be loaded; of `local` also when it is not up.
 */
export async function connectStack(options: ConnectOptions): Promise<ConnectedStack> {
  const isShared = options.stack !== "local";
  const { stack: loaded, cluster, azure, looks } = isShared ? await connectCloud(options) : await connectLocal(options);
  const direct = { address: loaded.vault.operatorAddress, close: () => Promise.resolve() };
  const way: WayToVault = isShared ? await openWayToVault(loaded, cluster) : direct;
  const stack = { ...loaded, vault: { ...loaded.vault, operatorAddress: way.address } };
  const { closed } = way;
  const vault: VaultAccess =
    closed === undefined
      ? await vaultAccess(stack, looks, options.readsValues === true)
      : {
          reader: typeof closed === "string" ? closed : { address: way.address, hasToken: false, ...refusing(closed) },
        };
  return {
    stack,
    cluster,
    isShared,
    access: {
      kubernetes: vault.silence === undefined ? looks : { context: looks.context, ...refusing(vault.silence) },
      vault: vault.reader,
      azure,
      ...(isShared && { vaultPods: () => podsOf(loaded, cluster) }),
    },
    close: async () => {
      await vault.token?.revoke();
      await way.close();
    },
  };
}

/** Answers every question with why it cannot be asked. */
function refusing(why: Error) {
  const refuse = () => Promise.reject(why);
  return { get: refuse, text: refuse };
}

export async function withConnectedStack<T>(
  options: ConnectOptions,
  use: (connected: ConnectedStack) => Promise<T>,
): Promise<T> {
  const connected = await connectStack(options);
  try {
    return await use(connected);
  } finally {
    await connected.close();
  }
}

/** Refuses a change of what others use too, unless it was confirmed. @throws UserError */
export function requireYes({ isShared, stack }: ConnectedStack, yes: boolean | undefined, again: Run["again"]): void {
  if (!isShared || yes === true) return;
  throw UserError.of("not-confirmed", `this would change ${stack.name}, which is shared`, again("--yes"));
}

/** Runs with VAULT_TOKEN if it is set (never in `local`), else a root token. @throws UserError with `fix` without either. */
export async function withOperatorToken<T>(
  { stack, cluster }: Pick<ConnectedStack, "stack" | "cluster">,
  fix: string | undefined,
  use: (token: Redacted) => Promise<T>,
): Promise<T> {
  const own = ownVaultToken(stack.name, process.env);
  if (own !== undefined) return use(own);
  const options = { vault: operatorTarget(stack.vault), cluster, namespace: stack.namespace };
  return withRootToken({ ...options, ...(fix && { fix }) }, use);
}

async function connectLocal(options: ConnectOptions) {
  const home = await homeOf(options);
  const stack = await loadLocalStack(home, options.dotenv ?? []);
  const azure = localAzure(home, stack.azure.keyVaultUri);
  const { kubeconfig } = home;
  const way = { kubeconfig, context: stack.cluster.context };
  const [cluster, looks] = await Promise.all([openCluster(way), openCluster({ ...way, timeoutInMs: patienceInMs })]);
  // nobody has merged this kubeconfig into their own: a printed command must name it
  return { stack: { ...stack, cluster: { ...stack.cluster, kubeconfig } }, cluster, looks, azure };
}

async function connectCloud({ stack: name, dotenv }: ConnectOptions) {
  const plan = await loadCloudStack(name, dotenv ?? []);
  const azure = await signedInAzure(plan.azure);
  if (plan.kind === "shared") {
    const { stack, cluster } = await clusterOf(plan); // it has none, and says so
    return { stack, cluster, looks: cluster, azure };
  }
  const looks = await openOrClosed({ ...plan.cluster, timeoutInMs: patienceInMs });
  return { stack: plan, cluster: await openOrClosed(plan.cluster), looks, azure };
}

interface VaultAccess {
  readonly reader: Access["vault"];
  /** To be revoked at the end, where this look created it. */
  readonly token?: ShortToken;
  /** Of a cluster that did not answer: no other look waits for it again. */
  readonly silence?: Error;
}

/** The health of each pod; none where Vault has one pod, or this machine cannot reach the pods directly. */
async function podsOf(stack: EnvironmentStack, cluster: Cluster) {
  const pods = vaultPodsOf(stack, cluster);
  if ((await pods.names()).length === 1) return [];
  const seen = await healthOfPods(pods);
  if (seen.every(({ health }) => health.state === "unreachable")) return [];
  return seen.map(({ name, health }) => ({ name, ...health }));
}

/**
 * VAULT_TOKEN, GitHub's login in CI, or a short token with the auditor's policy; without any, what Vault answers to everybody.
 * GitHub's login reads no value, so `drift` then compares what other places hold.
 */
export async function vaultAccess(
  stack: EnvironmentStack,
  cluster: Pick<Cluster, "find">,
  readsValues: boolean,
): Promise<VaultAccess> {
  const target = operatorTarget(stack.vault);
  const withToken = (token: ShortToken): VaultAccess => ({ reader: vaultReader(target, token.token), token });
  const own = ownVaultToken(stack.name, process.env);
  if (own !== undefined) return { reader: vaultReader(target, own) };
  if ((await vaultState(target)) !== "active") return { reader: vaultReader(target) };
  try {
    const token = await githubToken(stack, auditorPolicyName, process.env);
    if (token !== undefined) return withToken(token);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { reader: error.message.replace("\n  fix: ", "; ") };
  }
  let silence: Error | undefined;
  const root = await openRootToken({ vault: target, cluster, namespace: stack.namespace }).catch((error: unknown) => {
    if (isSilence(error)) silence = error;
    return unlessRefused(error);
  });
  if (root === undefined) return { reader: vaultReader(target), ...(silence && { silence }) };
  if (readsValues) return withToken(root);
  try {
    const options = { vault: target, root: root.token, policy: auditorPolicyName, ttl: "5m" };
    const token = await shortToken(options).catch(unlessRefused);
    return token === undefined ? { reader: vaultReader(target) } : withToken(token);
  } finally {
    await root.revoke();
  }
}

/** A server that refuses a login, or does not answer, leaves what Vault shows to everybody. Anything else is a fault here. */
function unlessRefused(error: unknown): undefined {
  if (error instanceof UserError || error instanceof ServerError || error instanceof NetworkError) return undefined;
  throw error;
}
