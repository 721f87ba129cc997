import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { pushDecision, type HeldSecret, type PushVerdict } from "../../domain/plan/key-vault-push.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { mapBounded } from "../../clients/pacing.ts";
import { KeyVaultWriter, parallelCalls, type KeyVaultTarget } from "../access/key-vault.ts";
import type { LocalHome } from "../../local/home.ts";
import { operatorCredential } from "../../stand-ins/azure/operator-credential.ts";
import { homeOf, type LocalHomeFlags } from "../access/local-home-options.ts";
import type { Change } from "../deploy/engine/change.ts";
import { localArm, localAzureUri } from "../access/local-stack.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { expiryAfter } from "../../domain/catalogue/catalogue.ts";
import { lifetimesOf, readValues, type Owner } from "./read-values.ts";

/** A Key Vault, and where this workstation remembers which versions it pushed there. */
export interface PushTarget extends KeyVaultTarget {
  /** @default - in XDG_STATE_HOME */
  readonly memory?: string;
}

/** `env push` for the stack that owns a Key Vault. @param write - see {@link PushOptions} */
export async function pushFor(
  options: LocalHomeFlags & {
    readonly stack: Owner;
    readonly dotenv?: readonly string[];
    readonly overwrite?: readonly string[];
  },
  write: boolean,
): Promise<readonly PushRow[]> {
  const { stack, dotenv, overwrite = [] } = options;
  const values = readValues(stack, dotenv);
  const lifetimes = lifetimesOf(stack);
  const kept = [...lifetimes.keys()].filter((name) => !values.has(name)).toSorted();
  return push({ target: await keyVaultOf(stack, options), values, kept, lifetimes, overwrite, write });
}

/**
 * After an update that wrote values: the next `env push` from here may change them without a conflict. The changes of a
 * first step are not in `changes`.
 */
export async function rememberLocalUpdate(
  home: LocalHome,
  dotenv: readonly string[],
  { changes, hadFirstStep }: { readonly changes: readonly Change[]; readonly hadFirstStep: boolean },
): Promise<void> {
  const written = new Set(
    changes.flatMap(({ type, object }) => (type === "azure-native:keyvault:Secret" ? [object] : [])),
  );
  if (written.size === 0 && !hadFirstStep) return;
  const values = new Map([...readValues("local", dotenv)].filter(([name]) => hadFirstStep || written.has(name)));
  await rememberHeld(localKeyVault(home), values);
}

/** The Key Vault of a stack, with the login of the person at the keyboard. */
export async function keyVaultOf(stack: Owner, flags: LocalHomeFlags): Promise<PushTarget> {
  if (stack === "local") return localKeyVault(await homeOf(flags));
  const { DefaultAzureCredential } = await import("@azure/identity");
  const { azure } = await loadCloudStack("shared", []);
  return { uri: azure.keyVaultUri, credential: new DefaultAzureCredential(), ...(azure.tags && { tags: azure.tags }) };
}

function localKeyVault(home: LocalHome): PushTarget {
  return {
    uri: localAzureUri(home),
    credential: operatorCredential(home.azure.dir),
    // the stand-in's host is not vault.azure.net, and its certificate is self-signed
    options: { disableChallengeResourceVerification: true, tlsOptions: { ca: localArm(home).caPem } },
    memory: join(home.dir, "pushed.json"), // deleted with the home
  };
}

export interface PushRow {
  readonly name: string;
  readonly verdict: PushVerdict;
  /** The new version, where one was written. */
  readonly version?: string;
  /** ISO 8601; where this push set it. */
  readonly expiresAt?: string;
}

export interface PushOptions {
  readonly target: PushTarget;
  readonly values: ReadonlyMap<string, Redacted>;
  /** Names that have no value here: listed, and left alone. */
  readonly kept: readonly string[];
  /** Days after which the value of a name expires. @default - none does */
  readonly lifetimes?: ReadonlyMap<string, number | undefined>;
  /** Names to write even if Key Vault has another value. */
  readonly overwrite: readonly string[];
  /** Without it nothing is written. */
  readonly write: boolean;
}

/** One conflict stops every write: half a `.env` pushed is worse than none. */
export async function push(options: PushOptions): Promise<readonly PushRow[]> {
  const { target, values, kept, overwrite, write, lifetimes = new Map<string, undefined>() } = options;
  const vault = new KeyVaultWriter(target);
  const last = readMemory(target);
  const held = await vault.compare(values);
  const decisions = [...values].map(([name, value]) => {
    const now = held.get(name) ?? { state: "absent" };
    return { value, now, ...pushDecision(name, now, last[name], { overwrite: overwrite.includes(name) }) };
  });

  const versions = new Map<string, string>();
  const expiries = new Map<string, Date>();
  if (write && !decisions.some(({ verdict }) => verdict === "conflict")) {
    try {
      await mapBounded(decisions, parallelCalls, async ({ name, value, now, verdict, writes }) => {
        const days = lifetimes.get(name);
        const expiresOn = expiryAfter(days, (now.state === "held" && !writes && now.createdOn) || new Date());
        if (writes) versions.set(name, await vault.set(name, value, { recover: verdict === "recovered", expiresOn }));
        // written before its entry had a lifetime, or by somebody else
        else if (now.state === "held" && now.expiresOn === undefined && expiresOn !== undefined)
          await vault.expire(name, now.version, expiresOn);
        else return;
        if (expiresOn !== undefined) expiries.set(name, expiresOn);
      });
    } finally {
      // also after a failure: the next push continues from what was written
      remember(target, { ...equalVersions(held), ...Object.fromEntries(versions) });
    }
  }
  return [
    ...decisions.map(({ name, verdict }) => {
      const [version, expiry] = [versions.get(name), expiries.get(name)];
      return { name, verdict, ...(version && { version }), ...(expiry && { expiresAt: expiry.toISOString() }) };
    }),
    ...kept.map((name) => ({ name, verdict: "kept" as const })),
  ];
}

/** Remembers the versions of values that are the same in the vault and here, as if they had been pushed from here. */
export async function rememberHeld(target: PushTarget, values: ReadonlyMap<string, Redacted>): Promise<void> {
  remember(target, equalVersions(await new KeyVaultWriter(target).compare(values)));
}

function equalVersions(held: ReadonlyMap<string, HeldSecret>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...held].flatMap(([name, now]) => (now.state === "held" && now.equalsValueHere ? [[name, now.version]] : [])),
  );
}

function memoryOf({ uri, memory }: PushTarget): string {
  const state = process.env["XDG_STATE_HOME"] ?? "";
  const base = isAbsolute(state) ? state : join(homedir(), ".local", "state");
  return memory ?? join(base, "ameide-secrets", "pushed", `${new URL(uri).host.replace(":", "-")}.json`);
}

const versionsByName = z.record(z.string(), z.string());

/** Versions only: whoever reads the file learns when this workstation pushed, and no value. */
function readMemory(target: PushTarget): Readonly<Record<string, string>> {
  try {
    return versionsByName.parse(JSON.parse(readFileSync(memoryOf(target), "utf8")));
  } catch {
    return {}; // a first push, or a damaged file: then every difference is a conflict, which is the safe side
  }
}

function remember(target: PushTarget, versions: Readonly<Record<string, string>>): void {
  const file = memoryOf(target);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const text = JSON.stringify({ ...readMemory(target), ...versions }, undefined, 2);
  writeFileSync(`${file}.new`, `${text}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
