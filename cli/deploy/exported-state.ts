import { readFileSync } from "node:fs";
import { UserError } from "../../domain/user-error.ts";

/** What `pulumi stack export` writes, as far as it is read here. */
export interface ExportedState {
  readonly version: number;
  readonly deployment: Readonly<Record<string, unknown>>;
}

/** Marks an object as a secret in an exported state. */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
/** JSON of what takes the place of a value. */
const hidden = JSON.stringify("[secret]");

/**
 * Reads an exported state for a plan without its stack's key and without its values: each secret, encrypted or shown by
 * `--show-secrets`, becomes the same placeholder, so that no copy of a value is written anywhere.
 *
 * @throws UserError `state-unreadable`.
 */
export function readStateWithoutValues(file: string): ExportedState {
  let state: unknown;
  try {
    state = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw unreadable(file, error instanceof Error ? error.message : String(error), error);
  }
  const { version, deployment } = (state ?? {}) as Partial<ExportedState>;
  if (typeof version !== "number" || typeof deployment !== "object" || deployment === null) {
    throw unreadable(file, "it is not an exported state: version or deployment is missing");
  }
  const { secrets_providers: _key, ...rest } = withoutValues(deployment) as Record<string, unknown>;
  return { version, deployment: rest };
}

function withoutValues(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutValues);
  if (typeof node !== "object" || node === null) return node;
  const record = node as Readonly<Record<string, unknown>>;
  if (record[signature] === secretSignature) return { [signature]: secretSignature, plaintext: hidden };
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, withoutValues(value)]));
}

function unreadable(file: string, problem: string, cause?: unknown): UserError {
  return UserError.of(
    "state-unreadable",
    `the state ${file} cannot be read: ${problem}`,
    "export one with: pulumi stack export --stack <name> --file state.json",
    { cause },
  );
}
