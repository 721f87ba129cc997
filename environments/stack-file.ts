import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { stackFileName } from "./repository.ts";
import { errorFinding, type Finding } from "../domain/finding.ts";
import { schemaFindings, valueAt, type KeyPath } from "../domain/schema-findings.ts";
import type { Stage } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { keysAt, readYaml, type YamlSource } from "./yaml-source.ts";

/** The one key of a stack file; all of our settings are under it. */
export const settingsKey = "ameide-secrets:settings";

const pathToSettings = ["config", settingsKey] as const;

/**
 * The raw settings in a stack's file; not yet checked.
 *
 * @returns `undefined` where the file is not there, or holds no settings.
 * @throws UserError if the file is not YAML, or contains another key of ours.
 */
export function readStackSettings(stack: string, root: string): unknown {
  const source = stackSource(stack, root);
  if (source === undefined) return undefined;
  const findings = [...source.findings, ...unreadKeys(source)];
  if (findings.length > 0) throw UserError.from(findings);
  return valueAt(source.content, pathToSettings);
}

/** Checked settings, or everything that is wrong with them. */
export type ParsedSettings<Settings> =
  | { readonly settings: Settings; readonly findings: readonly [] }
  | { readonly settings: undefined; readonly findings: readonly Finding[] };

/** Checks raw settings; findings name the line where the stack's file holds it. */
export function parseSettings<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  stack: string,
  root: string,
): ParsedSettings<z.infer<Schema>> {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return { settings: parsed.data, findings: [] };
  const source = stackSource(stack, root);
  const file = stackFileName(stack);
  const findings = schemaFindings(parsed.error, raw, {
    code: "settings-invalid",
    stageOf,
    whereOf: (path, at) => source?.whereOf([...pathToSettings, ...path], at) ?? file,
    keysAt: (path) => keysAt(schema, raw, path),
  });
  return { settings: undefined, findings: findings.map(explainPrefix).map(explainSource) };
}

function stackSource(stack: string, root: string): YamlSource | undefined {
  const file = stackFileName(stack);
  const path = join(root, file);
  return existsSync(path) ? readYaml(readFileSync(path, "utf8"), file) : undefined;
}

/** Other keys of our namespace: Pulumi would accept them, and nothing would read them. */
function unreadKeys(source: YamlSource): readonly Finding[] {
  const config = valueAt(source.content, ["config"]);
  const keys = typeof config === "object" && config !== null ? Object.keys(config) : [];
  return keys
    .filter((key) => key.startsWith("ameide-secrets:") && key !== settingsKey)
    .map((key) => {
      const where = source.whereOf(["config", key], "key");
      return errorFinding(
        "settings-invalid",
        "dotenv",
        key,
        `nothing reads ${key}`,
        `put it under ${settingsKey}`,
        where,
      );
    });
}

/** One prefix for all: two of them would look for each value under two names. */
function explainPrefix(finding: Finding): Finding {
  if (finding.subject !== "secretPrefix" || !finding.problem.includes("not a known key")) return finding;
  return {
    ...finding,
    code: "settings-second-prefix",
    problem: "secretPrefix must be set in the shared stack only",
    fix: `remove it here; ${stackFileName("shared")} sets it for all stacks`,
  };
}

/** Where to find out a setting that is missing. */
function explainSource(finding: Finding): Finding {
  const source = finding.problem.endsWith("is missing") ? settingSources[finding.subject] : undefined;
  return source === undefined ? finding : { ...finding, fix: source };
}

/** The stage that a setting belongs to. */
function stageOf([first, second]: KeyPath): Stage {
  switch (first) {
    case "azure":
      return second === "identity" ? "identity" : "key-vault";
    case "cluster":
      return "identity";
    case "vault":
      return "vault";
    case "additionalNamespaces":
      return "secret-store";
    case "registry":
      return "external-secret";
    case "bootstrap":
      return "bootstrap";
    default:
      return "key-vault";
  }
}

/** How to find out a setting that Azure decides. */
export const settingSources: Readonly<Record<string, string>> = {
  "azure.tenantId": "set the output of: az account show --query tenantId -o tsv",
  "azure.subscriptionId": "set the output of: az account show --query id -o tsv",
  "cluster.oidcIssuer":
    "set the output of: az aks show -g <group> -n <cluster> --query oidcIssuerProfile.issuerUrl -o tsv",
  "cluster.context": "set one of: kubectl config get-contexts -o name",
};
