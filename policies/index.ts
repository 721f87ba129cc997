import { readFileSync } from "node:fs";
import { effectivePrefix } from "../domain/names.ts";
import { readCatalogue } from "../environments/catalogue.ts";
import { repositoryRoot } from "../environments/repository.ts";
import { readStackSettings } from "../environments/stack-file.ts";
import { exemptionProblems, exemptions } from "./exemptions.ts";
import { makeAnalyzer } from "./pack/analyzer.ts";
import { servePack } from "./pack/serve.ts";
import type { Place } from "./rule.ts";
import { rules } from "./rules.ts";

/** The one file that starts the pack's server and reads anything: the catalogue, the stack files, the clock, the phase. */
const problems = exemptionProblems(exemptions, new Set(rules.map(({ id }) => id)));
if (problems.length > 0) throw new Error(`policies/exemptions.ts:\n${problems.join("\n")}`);

const prefixes = new Map<string, string | undefined>();

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { version: string };
const pack = {
  name: "ameide-secrets",
  version,
  description: "No cluster-managed secret gets in, by any door.",
  tags: ["secrets", "external-secrets", "azure-key-vault", "vault"],
};
const analyzer = makeAnalyzer(rules, {
  catalogue: readCatalogue(),
  exemptions,
  today: new Date().toISOString().slice(0, 10),
  isPreview: isPreviewSaid(process.env.PULUMI_DRY_RUN),
  keyVaultPrefixOf,
});

// no `await`: the host loads this by `require`. What it prints is what the engine waits for, as with each of its plugins
servePack(pack, analyzer).then(
  ({ port }) => process.stdout.write(`${port}\n`),
  (error: unknown) => {
    process.stderr.write(`ameide-secrets: the policy pack cannot listen on 127.0.0.1: ${String(error)}\n`);
    process.exit(1);
  },
);

/** A host of Node packs says it in the environment; an engine that runs the pack by itself says it later. */
function isPreviewSaid(dryRun: string | undefined): boolean | undefined {
  return dryRun === "true" ? true : dryRun === "false" ? false : undefined;
}

/** As the checkout's stack files set it; a published pack has none beside it, and judges names with the usual one and without. */
function keyVaultPrefixOf(place: Place): string | undefined {
  const stack = place === "local" ? "local" : "shared";
  if (!prefixes.has(stack)) prefixes.set(stack, prefixSetBy(stack));
  return prefixes.get(stack);
}

function prefixSetBy(stack: "local" | "shared"): string | undefined {
  const settings = readStackSettings(stack, repositoryRoot);
  if (settings === undefined) return undefined;
  return effectivePrefix((settings as { readonly secretPrefix?: string }).secretPrefix);
}
