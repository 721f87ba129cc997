import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { registerStack, type RegisterOptions } from "../../chain.ts";
import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import type { Redacted } from "../../domain/redacted.ts";
import type { LocalHome } from "../../local/home.ts";
import { pruneUpdateHistory } from "../../local/pulumi-state.ts";
import type { Binaries } from "../../local/toolchain/pieces.ts";
import { startProviders } from "../../stand-ins/providers/start.ts";
import { localArm } from "../access/local-stack.ts";
import { linkPlugin } from "../access/plugins.ts";
import { openStack, type OpenEngine } from "./engine/stack.ts";
import { readFittingState } from "./engine/state.ts";

export interface LocalEngineOptions {
  readonly home: LocalHome;
  readonly binaries: Binaries;
  /** Executable of the real provider `vault`. @default - the stand-in */
  readonly vaultPlugin?: string | undefined;
}

/** The engine on the home's file backend, with stand-ins of providers that end when it is closed. */
export async function openLocalEngine(
  { home, binaries, vaultPlugin }: LocalEngineOptions,
  stack: EnvironmentStack,
  register: RegisterOptions,
  vaultToken: Redacted | undefined,
): Promise<OpenEngine> {
  const token = vaultToken?.reveal();
  const { secrets, deliveries, stores } = stack.plan;
  // above about 200 resources the file backend's checkpoints take longer than everything else together
  const isLarge = secrets.length + deliveries.length + 5 * stores.length > 175;
  const providers = await startProviders({
    mode: "live",
    journalPath: home.pulumi.journalFile,
    ...(vaultPlugin === undefined && {
      vault: { address: stack.vault.operatorAddress, ...(token !== undefined && { token }) },
    }),
    azure: localArm(home),
  });
  try {
    const local = localEngine(home, binaries);
    if (vaultPlugin !== undefined) linkPlugin(home.pulumi.homeDir, "vault", vaultPlugin);
    const engine = await openStack({
      ...local,
      program: async () => registerStack(stack, register),
      env: {
        ...local.env,
        PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
        // the stand-in receives it on its standard input
        ...(vaultPlugin !== undefined && token !== undefined && { VAULT_TOKEN: token }),
        ...(isLarge && { PULUMI_SKIP_CHECKPOINTS: "true", PULUMI_EXPERIMENTAL: "true" }),
      },
    });
    await clearStaleLock(home, engine);
    const resources = await readFittingState(engine, stack);
    return { stack: engine, resources, close: () => providers.close() };
  } catch (error) {
    await providers.close();
    throw error;
  }
}

/** An engine that was killed leaves its lock in the file backend. This run holds the home's lock, so that engine is gone. */
async function clearStaleLock(home: LocalHome, engine: Stack): Promise<void> {
  const locks = join(home.pulumi.stateDir, ".pulumi", "locks");
  const held = existsSync(locks) && readdirSync(locks, { recursive: true, encoding: "utf8" });
  if (held !== false && held.some((file) => file.endsWith(".json"))) await engine.cancel();
}

export function localEngine(home: LocalHome, binaries: Binaries) {
  const workDir = join(home.pulumi.dir, "work");
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  pruneUpdateHistory(home);
  linkPlugin(home.pulumi.homeDir, "kubernetes", binaries.kubernetesProvider);
  if (!existsSync(home.pulumi.passphraseFile)) {
    writeFileSync(home.pulumi.passphraseFile, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  }
  return {
    stackName: "local",
    workDir,
    stateDir: home.pulumi.stateDir,
    pulumi: binaries.pulumi,
    env: {
      PULUMI_HOME: home.pulumi.homeDir,
      PULUMI_CONFIG_PASSPHRASE_FILE: home.pulumi.passphraseFile,
      PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
    },
  };
}
