import type { Finding } from "../domain/finding.ts";
import { checkStacks, type StackClaim } from "../domain/plan/stack-check.ts";
import { readClaims, type CloudEnvironment } from "./claims.ts";
import {
  environmentSettings,
  localSettings,
  sharedSettings,
  type EnvironmentSettings,
  type LocalSettings,
  type SharedSettings,
} from "./settings.ts";
import { parseSettings, readStackSettings, stackFileName, type ParsedSettings } from "./stack-file.ts";

/** The checked settings that one stack is loaded from. */
export type StackSettings =
  | { readonly kind: "shared"; readonly shared: SharedSettings; readonly claims: readonly StackClaim[] }
  | {
      readonly kind: "environment";
      readonly name: CloudEnvironment;
      readonly own: EnvironmentSettings;
      readonly shared: SharedSettings;
    }
  | { readonly kind: "local"; readonly own: LocalSettings };

export type SettingsOf<Kind extends StackSettings["kind"]> = Extract<StackSettings, { kind: Kind }>;

export type StackName = "shared" | "local" | CloudEnvironment;

/**
 * Checks the settings of a stack, and of those that it lives on or beside.
 *
 * @param raw - the object under `ameide-secrets:settings`.
 * @returns no settings where a finding stands against them.
 */
export function stackSettings(
  stack: StackName,
  raw: unknown,
  root: string,
): { readonly settings: StackSettings | undefined; readonly findings: readonly Finding[] } {
  if (stack === "local") {
    const { settings: own, findings } = parseSettings(localSettings, raw, stack, root);
    return { settings: own && { kind: "local", own }, findings };
  }
  if (stack === "shared") {
    const claims = readClaims(root);
    const { settings: shared, findings: own } = parseSettings(sharedSettings, raw, stack, root);
    const findings = [...own, ...checkStacks(claims)];
    return { settings: shared && { kind: "shared", shared, claims }, findings };
  }
  const own = parseSettings(environmentSettings, raw, stack, root);
  const common = readShared(stack, root);
  const findings = [
    ...own.findings,
    ...common.findings,
    ...checkStacks(readClaims(root, { name: stack, settings: raw })),
  ];
  const complete = own.settings !== undefined && common.settings !== undefined;
  return {
    settings: complete ? { kind: "environment", name: stack, own: own.settings, shared: common.settings } : undefined,
    findings,
  };
}

/** The shared stack's settings, or what is wrong with them: an environment lives on what they name. */
function readShared(name: string, root: string): ParsedSettings<SharedSettings> {
  const raw = readStackSettings("shared", root);
  if (raw !== undefined) return parseSettings(sharedSettings, raw, "shared", root);
  const file = stackFileName("shared");
  return {
    settings: undefined,
    findings: [
      {
        code: "settings-shared-missing",
        stage: "key-vault",
        severity: "error",
        where: file,
        subject: "shared",
        problem: `${name} lives on the Key Vault and the identity of the shared stack, and there is no ${file}`,
        fix: `restore ${file} from the repository, then: ameide-secrets up --stack shared`,
      },
    ],
  };
}
