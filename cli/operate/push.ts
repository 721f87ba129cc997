import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { pushDecision, type PushDecision, type PushVerdict } from "../../domain/plan/key-vault-push.ts";
import type { Redacted } from "../../domain/redacted.ts";
import { mapBounded } from "../../clients/pacing.ts";
import { KeyVaultWriter, parallelCalls, type KeyVaultPlace } from "../access/key-vault.ts";
import type { LocalHome } from "../../local/home.ts";
import { operatorCredential } from "../../stand-ins/azure/files.ts";
import { homeOf, type LocalHomeFlags } from "../access/local-home-options.ts";
import type { Change } from "../deploy/engine/run-log.ts";
import { localArm, localAzureUri } from "../access/local-stack.ts";
import { loadCloudStack } from "../access/cloud-stack.ts";
import { expiryAfter } from "../../domain/catalogue/catalogue.ts";
import { keptNames, lifetimesOf, readValues } from "./read-values.ts";

/** `env push` for the stack that owns a Key Vault: `shared` on Azure, `local` on this machine. */
export async function pushFor(
  options: LocalHomeFlags & {
    readonly stack: "shared" | "local";
    readonly dotenv?: readonly string[];
    readonly overwrite?: readonly string[];
    readonly yes?: boolean;
  },
): Promise<{ readonly isShared: boolean; readonly rows: readonly PushRow[] }> {
  const { stack, dotenv, overwrite = [] } = options;
  const isShared = stack === "shared";
  const values = readValues(stack, dotenv);
  const { place, memory } = isShared ? { place: await cloudPlace(), memory: {} } : await localPlace(options);
  const rows = await push({
    ...memory,
    place,
    values,
    kept: keptNames(stack, values),
    lifetimes: lifetimesOf(stack),
    overwrite,
    write: !isShared || options.yes === true,
  });
  return { isShared, rows };
}

/**
 * After an update that wrote values into the local Key Vault: the next `env push` from here changes them, and is no
 * conflict.
 *
 * @param options.hadFirstStep - whether a first step ran; its changes are not in `changes`.
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
  const { place, memory } = placeIn(home);
  await rememberHeld({ place, values, ...memory });
}

/** The Key Vault of a stack, as the person at the keyboard. */
export async function keyVaultOf(stack: "shared" | "local", flags: LocalHomeFlags): Promise<KeyVaultPlace> {
  return stack === "shared" ? cloudPlace() : (await localPlace(flags)).place;
}

async function cloudPlace(): Promise<KeyVaultPlace> {
  const { DefaultAzureCredential } = await import("@azure/identity");
  const { azure } = await loadCloudStack("shared", []);
  return { uri: azure.keyVaultUri, credential: new DefaultAzureCredential(), ...(azure.tags && { tags: azure.tags }) };
}

async function localPlace(flags: LocalHomeFlags): Promise<ReturnType<typeof placeIn>> {
  return placeIn(await homeOf(flags));
}

/** What was pushed to the stand-in is forgotten with its home. */
function placeIn(home: LocalHome): { readonly place: KeyVaultPlace; readonly memory: { readonly memory: string } } {
  const place = {
    uri: localAzureUri(home),
    credential: operatorCredential(home.azure.dir),
    // the stand-in's host is not vault.azure.net, and its certificate is self-signed
    options: { disableChallengeResourceVerification: true, tlsOptions: { ca: localArm(home).caPem } },
  };
  return { place, memory: { memory: join(home.dir, "pushed.json") } };
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
  readonly place: KeyVaultPlace;
  readonly values: ReadonlyMap<string, Redacted>;
  /** Names that have no value here: listed, and left alone. */
  readonly kept: readonly string[];
  /** Days after which the value of a name expires. @default - none does */
  readonly lifetimes?: ReadonlyMap<string, number>;
  /** Names to write even if Key Vault has another value. */
  readonly overwrite: readonly string[];
  /** Without it nothing is written. */
  readonly write: boolean;
  /** Where this workstation remembers which versions it pushed. @default - below XDG_STATE_HOME */
  readonly memory?: string;
}

/**
 * Compares the values here with Key Vault, and writes what is new or ours to change. With a conflict among them nothing
 * is written at all: half a `.env` pushed is worse than none.
 */
export async function push(options: PushOptions): Promise<readonly PushRow[]> {
  const { place, values, kept, overwrite, write, lifetimes = new Map<string, number>() } = options;
  const memory = options.memory ?? defaultMemory(place.uri);
  const vault = new KeyVaultWriter(place);
  const last = readMemory(memory);
  const held = await vault.compare(values);
  const decisions = [...values.keys()].map((name) =>
    pushDecision(name, held.get(name) ?? { state: "absent" }, last[name], { overwrite: overwrite.includes(name) }),
  );

  const versions = new Map<string, string>();
  const expiries = new Map<string, Date>();
  const mayWrite = write && !decisions.some(({ verdict }) => verdict === "conflict");
  if (mayWrite) {
    try {
      await mapBounded(
        decisions.filter(({ writes }) => writes),
        parallelCalls,
        async ({ name, verdict }) => {
          const value = values.get(name);
          if (value === undefined) return;
          const expiresOn = expiryAfter(lifetimes.get(name), new Date());
          versions.set(name, await vault.set(name, value, { recover: verdict === "recovered", expiresOn }));
          if (expiresOn !== undefined) expiries.set(name, expiresOn);
        },
      );
      // a value that was written before its entry had a lifetime, or by somebody else
      await mapBounded([...held], parallelCalls, async ([name, now]) => {
        if (now.state !== "held" || !now.equalsValueHere || now.expiresOn !== undefined) return;
        const expiresOn = expiryAfter(lifetimes.get(name), now.createdOn ?? new Date());
        if (expiresOn === undefined) return;
        await vault.expire(name, now.version, expiresOn);
        expiries.set(name, expiresOn);
      });
    } finally {
      // what was written before a failure is ours all the same: the next push goes on from it
      remember(memory, { ...last, ...sameVersions(decisions, held), ...Object.fromEntries(versions) });
    }
  }
  return [
    ...decisions.map(({ name, verdict }) => {
      const [version, expiry] = [versions.get(name), expiries.get(name)];
      return {
        name,
        verdict,
        ...(version === undefined ? {} : { version }),
        ...(expiry === undefined ? {} : { expiresAt: expiry.toISOString() }),
      };
    }),
    ...kept.map((name) => ({ name, verdict: "kept" as const })),
  ];
}

/**
 * Remembers the versions in the vault of values that are the same here, as if they had been pushed from here: where the
 * program carries them in its state, it was this workstation that wrote them all the same.
 *
 * @param options.memory - see PushOptions.
 */
export async function rememberHeld({
  place,
  values,
  memory,
}: Required<Pick<PushOptions, "place" | "values" | "memory">>): Promise<void> {
  const held = await new KeyVaultWriter(place).compare(values);
  const same = [...held].flatMap(([name, now]) =>
    now.state === "held" && now.equalsValueHere ? [[name, now.version] as const] : [],
  );
  remember(memory, { ...readMemory(memory), ...Object.fromEntries(same) });
}

/** A value that is the same in both places was pushed from here, as good as. */
function sameVersions(decisions: readonly PushDecision[], held: Awaited<ReturnType<KeyVaultWriter["compare"]>>) {
  return Object.fromEntries(
    decisions.flatMap(({ name, verdict }) => {
      const now = held.get(name);
      return verdict === "same" && now?.state === "held" ? [[name, now.version]] : [];
    }),
  );
}

function defaultMemory(uri: string): string {
  const state = process.env["XDG_STATE_HOME"] ?? "";
  const base = isAbsolute(state) ? state : join(homedir(), ".local", "state");
  return join(base, "ameide-secrets", "pushed", `${new URL(uri).host.replace(":", "-")}.json`);
}

const versionsByName = z.record(z.string(), z.string());

/** Versions only: whoever reads the file learns when this workstation pushed, and no value. */
function readMemory(file: string): Readonly<Record<string, string>> {
  try {
    return versionsByName.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {}; // a first push, or a file that someone damaged: then every difference is a conflict, which is the safe side
  }
}

function remember(file: string, versions: Readonly<Record<string, string>>): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${JSON.stringify(versions, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
