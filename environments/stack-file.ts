import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { z } from "zod";
import { stackFileName } from "./repository.ts";
import { errorFinding, type Finding } from "../domain/finding.ts";
import { schemaFindings, valueAt } from "../domain/schema-findings.ts";
import type { Stage } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { keysAt, readYaml, type YamlSource } from "./yaml-source.ts";

/** The one key of a stack file; all of our settings are under it. */
export const settingsKey = "ameide-secrets:settings";

const pathToSettings = ["config", settingsKey] as const;

/**
 * The raw settings in a stack's file; `undefined` where there are none.
 * @throws UserError if the file is not YAML, or contains another key of ours.
 */
export function readStackSettings(stack: string, root: string): unknown {
  const source = stackSource(stack, root);
  if (source === undefined) return undefined;
  const findings = [...source.findings, ...unreadKeys(source)];
  if (findings.length > 0) throw UserError.from(findings);
  return valueAt(source.content, pathToSettings);
}

/** Checks raw settings; every mistake is added to `errors` with its line, and the result is then `undefined`. */
export function parseSettings<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
  stack: string,
  root: string,
  errors: Finding[],
): z.infer<Schema> | undefined {
  const parsed = schema.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  const source = stackSource(stack, root);
  const findings = schemaFindings(parsed.error, raw, {
    code: "settings-invalid",
    stageOf: ([first = "", second]) =>
      first === "azure" && second === "identity" ? second : (stages[first] ?? "key-vault"),
    whereOf: (path, at) => source?.whereOf([...pathToSettings, ...path], at) ?? stackFileName(stack),
    keysAt: (path) => keysAt(schema, raw, path),
  });
  errors.push(...findings.map(explain));
  return undefined;
}

/** The stage that a section of the settings belongs to. */
const stages: Readonly<Record<string, Stage>> = {
  cluster: "identity",
  vault: "vault",
  additionalNamespaces: "secret-store",
  registry: "external-secret",
  bootstrap: "bootstrap",
};

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

/** Adds what the schema cannot know: that one prefix holds for all stacks, and where to find out a setting that is missing. */
function explain(finding: Finding): Finding {
  const { subject, problem } = finding;
  if (subject === "secretPrefix" && problem.includes("not a known key")) {
    return {
      ...finding,
      code: "settings-second-prefix",
      problem: "secretPrefix must be set in the shared stack only",
      fix: `remove it here; ${stackFileName("shared")} sets it for all stacks`,
    };
  }
  const fix = problem.endsWith("is missing") ? settingSources[subject] : undefined;
  return fix === undefined ? finding : { ...finding, fix };
}

/** How to find out a setting that Azure decides. */
export const settingSources: Readonly<Record<string, string>> = {
  "azure.tenantId": "set the output of: az account show --query tenantId -o tsv",
  "azure.subscriptionId": "set the output of: az account show --query id -o tsv",
  "cluster.oidcIssuer":
    "set the output of: az aks show -g <group> -n <cluster> --query oidcIssuerProfile.issuerUrl -o tsv",
  "cluster.context": "set one of: kubectl config get-contexts -o name",
};
