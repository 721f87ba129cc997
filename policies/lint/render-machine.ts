import { isAbsolute, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { safeLine } from "../../domain/safe-text.ts";
import { familyOf } from "../rule.ts";
import { rules } from "../rules.ts";
import type { LintResult } from "./judge-located.ts";

const scores = { critical: "9.5", high: "8.0", medium: "5.0", low: "2.0" } as const;

/** SARIF with paths relative to `root`. @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
export function renderSarif({ findings }: LintResult, version: string, root: string): string {
  const codes = [...new Set(findings.map(({ code }) => code))];
  const driver = {
    name: "ameide-secrets",
    version,
    informationUri: "https://github.com/ameideio/ameide-secrets",
    rules: codes.map(describe),
  };
  const results = findings.map(({ code, severity, problem, fix, file, line }) => ({
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: severity,
    message: { text: `${problem}\nfix: ${fix}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file, root) }, region: { startLine: line } } }],
  }));
  const schema = "https://json.schemastore.org/sarif-2.1.0.json";
  return JSON.stringify({ $schema: schema, version: "2.1.0", runs: [{ tool: { driver }, results }] }, undefined, 2);
}

/** A code that is not a rule's, such as one of the .env compiler, has no page and no severity. */
function describe(code: string): object {
  const rule = rules.find(({ id }) => id === code);
  if (rule === undefined) return { id: code, shortDescription: { text: code.replaceAll("-", " ") } };
  const { id, description, why, remediation, severity } = rule;
  return {
    id,
    shortDescription: { text: description },
    fullDescription: { text: why },
    help: { text: remediation },
    helpUri: `https://github.com/ameideio/ameide-secrets/blob/main/docs/policies.md#${id}`,
    properties: { tags: [familyOf(rule), "security"], "security-severity": scores[severity] },
  };
}

/** Relative below the root, as code scanning expects; otherwise absolute. */
function uriOf(file: string, root: string): string {
  const below = withinRoot(file, root);
  return isAbsolute(below) ? pathToFileURL(below).href : below.split("/").map(encodeURIComponent).join("/");
}

function withinRoot(file: string, root: string): string {
  const below = relative(root, resolve(root, file));
  return below.startsWith("..") ? resolve(root, file) : below;
}

const commands = { error: "error", warning: "warning", note: "notice" } as const;

/** One workflow command per finding: GitHub shows each at its line of the pull request. @param root - the checkout. */
export function renderGithub({ findings }: LintResult, root: string): string {
  return findings
    .map(({ code, severity, problem, fix, file, line }) => {
      const place = `file=${property(withinRoot(file, root))},line=${line},title=${property(code)}`;
      return `::${commands[severity]} ${place}::${data([problem, `fix: ${fix}`].map(safeLine).join("\n"))}`;
    })
    .join("\n");
}

/** Escapes of GitHub's workflow commands. */
function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
