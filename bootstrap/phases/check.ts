import { VaultError } from "../../clients/vault.ts";
import type { CarriedSecret } from "../decide.ts";
import { decide, faultOfSource, isRecorded, recordFor, type Action, type Facts } from "../decide.ts";
import { BootstrapFailure } from "../failure.ts";
import type { Run } from "../run-context.ts";
import type { VaultKv } from "../vault-kv.ts";
import type { VaultSession, VaultSessions } from "../vault-session.ts";
import { isReadLater } from "./read.ts";

export interface Decision {
  readonly secret: CarriedSecret;
  readonly facts: Facts;
  /** `read`: what is to be done shows once it is read. */
  readonly action: Action | { readonly kind: "read" };
}

/**
 * Judges every required secret, and whether all may be written, before anything is.
 *
 * @throws BootstrapFailure `required-missing`, with the whole list; `vault-auth-refused`; `vault-policy-refused`, with every path.
 */
export async function check(
  run: Run,
  sessions: VaultSessions,
  kv: VaultKv,
  known: ReadonlyMap<CarriedSecret, Facts>,
): Promise<Decision[]> {
  const missing = [...known].flatMap(([secret, facts]) => {
    if (!secret.required || secret.authority !== "external") return [];
    const fault = faultOfSource(secret, facts, run.config);
    return fault === undefined ? [] : [`${secret.name} (${fault.text})`];
  });
  if (missing.length > 0) {
    throw new BootstrapFailure(
      "required-missing",
      `${missing.length} of ${known.size} secrets are required but cannot be copied: ${missing.join(", ")}`,
      "put their values into the source: ameide-secrets env push; nothing was written",
    );
  }
  const decisions = [...known].map(([secret, facts]): Decision => {
    const action = isReadLater(secret, facts) ? { kind: "read" as const } : decide(secret, facts, run.config);
    return { secret, facts, action };
  });
  await sessions.ready();
  await checkRights(run, sessions, kv, decisions);
  return decisions;
}

/** Beyond this many paths the question takes longer than what it saves: each write shows then whether it may. */
const askablePaths = 200;

/** Without this, a missing path would stop the run halfway, and each run would rewrite a value without a record. */
async function checkRights(
  run: Run,
  sessions: VaultSessions,
  kv: VaultKv,
  decisions: readonly Decision[],
): Promise<void> {
  const written = decisions.filter(({ action: { kind } }) => kind === "write" || kind === "read").map(pathOf);
  const recorded = [...written, ...decisions.filter(isToBeRecorded).map(pathOf)];
  if (recorded.length === 0 || recorded.length > askablePaths) return;
  const lacking = await Promise.all([
    ...questions(run, sessions, kv, "data", written, ["create", "update"]),
    ...questions(run, sessions, kv, "metadata", recorded, ["update"]),
  ]);
  if (lacking.flat().length === 0) return;
  throw new BootstrapFailure(
    "vault-policy-refused",
    lacking.flat().join("; "),
    "ameide-secrets up --stack <stack> writes its policy from the catalogue; nothing was written",
  );
}

/** One question for each login, since it has its own policy. */
function questions(
  run: Run,
  sessions: VaultSessions,
  kv: VaultKv,
  kind: "data" | "metadata",
  paths: readonly string[],
  wanted: readonly string[],
): readonly Promise<readonly string[]>[] {
  return [...Map.groupBy(paths, (path) => sessions.of(path))].map(async ([session, own]) => {
    const apiPaths = own.map((path) => kv.apiPath(kind, path));
    const held = await capabilities(run, session, apiPaths);
    const found = apiPaths.filter((path) => !allows(held[path], wanted));
    return found.length === 0
      ? []
      : [`role ${session.role} is not allowed to ${wanted.join(" and ")} ${found.join(", ")}`];
  });
}

/** By path; empty if the policy does not let us ask, and each call then reports its own refusal. */
async function capabilities({ vault }: Run, session: VaultSession, paths: readonly string[]) {
  try {
    const options = { session, body: { paths } };
    return (await vault.call<{ data: Record<string, unknown> }>("POST", "sys/capabilities-self", options)).data;
  } catch (error) {
    if (error instanceof VaultError && error.status === 403) return {};
    throw error;
  }
}

function allows(held: unknown, wanted: readonly string[]): boolean {
  if (!Array.isArray(held) || held.includes("root")) return true;
  return wanted.every((capability) => held.includes(capability));
}

function pathOf({ secret }: Decision): string {
  return secret.path;
}

function isToBeRecorded({ secret, facts, action }: Decision): boolean {
  return action.kind === "record" && !isRecorded(facts.vault, recordFor(secret, facts, facts.vault.currentVersion));
}
