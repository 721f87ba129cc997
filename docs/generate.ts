import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { jsonSchemas } from "../environments/json-schemas.ts";
import { commands } from "../cli/commands/index.ts";
import { pasteable } from "../cli/spelling.ts";
import { repositoryRoot } from "../environments/repository.ts";
import type { Page } from "./page.ts";
import { benchmarkPages } from "./pages/benchmarks.ts";
import { commandsPage, exitCodes } from "./pages/command-line.ts";
import { incidentsPage } from "./pages/incidents.ts";
import { policies } from "./pages/policies.ts";
import { reliability } from "./pages/reliability.ts";
import { runbook } from "./pages/runbook.ts";
import { secrets } from "./pages/secrets.ts";
import { settings } from "./pages/settings.ts";

export const pages: readonly Page[] = [secrets, settings, policies, runbook, exitCodes, commandsPage, incidentsPage, reliability, ...benchmarkPages()];

/** `node docs/generate.ts` writes the generated files. With `--check` it only exits with 1 if one is outdated. */
const wanted = [
  ...pages.map(({ path, render }) => ({ path, text: pasteable(render(), "./ameide-secrets", commands) })),
  ...jsonSchemas(), // for editors
];
const stale = wanted.filter(({ path, text }) => {
  const file = join(repositoryRoot, path);
  return !existsSync(file) || readFileSync(file, "utf8") !== text;
});

if (process.argv.includes("--check")) {
  for (const { path } of stale) process.stderr.write(`docs: ${path} is outdated\n  fix: node docs/generate.ts\n`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const { path, text } of stale) {
    mkdirSync(dirname(join(repositoryRoot, path)), { recursive: true });
    writeFileSync(join(repositoryRoot, path), text);
    process.stdout.write(`${path}\n`);
  }
}
