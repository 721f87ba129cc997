import type { CarriedSecret } from "../carried-secret.ts";
import { decide, faultOfSource, type Action, type Facts } from "../decide.ts";
import { BootstrapFailure } from "../failure.ts";
import type { Run } from "../run-context.ts";
import type { VaultKv } from "../vault-kv.ts";
import type { VaultSessions } from "../vault-session.ts";
import { pathsLacking } from "../vault-system.ts";
import { isReadLater } from "./read.ts";

/** One secret with all that is known of it and what is to be done. */
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
      `${missing.length} required of ${known.size} cannot be carried: ${missing.join(", ")}`,
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

/** Beyond this the question takes longer than what it saves: each write tells by itself then. */
const askableWrites = 200;

/** One question a login for all its paths, so that a policy that forgot some stops the run while all is as it was. */
async function checkRights(
  run: Run,
  sessions: VaultSessions,
  kv: VaultKv,
  decisions: readonly Decision[],
): Promise<void> {
  const written = decisions
    .filter(({ action: { kind } }) => kind === "write" || kind === "read")
    .map(({ secret }) => secret.path);
  if (written.length === 0 || written.length > askableWrites) return;
  const lacking = await Promise.all(
    [...Map.groupBy(written, (path) => sessions.of(path))].map(async ([session, own]) => {
      const paths = own.map((path) => kv.apiPath("data", path));
      const found = await pathsLacking(run.vault, session, paths, ["create", "update"]);
      return found.length === 0 ? [] : [`role ${session.role} may not create and update ${found.join(", ")}`];
    }),
  );
  if (lacking.flat().length === 0) return;
  throw new BootstrapFailure(
    "vault-policy-refused",
    lacking.flat().join("; "),
    "its policy follows from the catalogue: ameide-secrets up writes it; nothing was written",
  );
}
