import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { catalogueSchema, type Catalogue } from "../domain/catalogue/catalogue.ts";
import { checkCatalogue } from "../domain/catalogue/check-catalogue.ts";
import { errorsOf, type Finding } from "../domain/finding.ts";
import { schemaFindings } from "../domain/schema-findings.ts";
import type { Stage } from "../domain/stage.ts";
import { UserError } from "../domain/user-error.ts";
import { keysAt, readYaml } from "./yaml-source.ts";

export const cataloguePath = fileURLToPath(new URL("catalogue.yaml", import.meta.url));

/** @throws UserError with every mistake of the catalogue at once, each with its place and what is allowed. */
export function readCatalogue(path: string = cataloguePath): Catalogue {
  return catalogueIn(readFileSync(path, "utf8"), relative(process.cwd(), path));
}

/** The catalogue in a text; see {@link readCatalogue}. */
export function catalogueIn(text: string, file: string): Catalogue {
  const { catalogue, findings } = parseCatalogue(text, file);
  if (catalogue === undefined || errorsOf(findings).length > 0) throw UserError.from(errorsOf(findings));
  return catalogue;
}

export function readCatalogueFile(path: string = cataloguePath): ReturnType<typeof parseCatalogue> {
  return parseCatalogue(readFileSync(path, "utf8"), relative(process.cwd(), path));
}

export function parseCatalogue(
  text: string,
  file: string,
): { readonly catalogue: Catalogue | undefined; readonly findings: readonly Finding[] } {
  const source = readYaml(text, file);
  if (source.findings.length > 0) return { catalogue: undefined, findings: source.findings };
  const parsed = catalogueSchema.safeParse(source.content);
  if (parsed.success) {
    const findings = checkCatalogue(parsed.data, (path) => source.whereOf(path, "value"));
    return { catalogue: parsed.data, findings };
  }
  const findings = schemaFindings(parsed.error, source.content, {
    code: "catalogue-invalid",
    stageOf: ([section = ""]) => stages[section] ?? "dotenv",
    whereOf: source.whereOf,
    keysAt: (keyPath) => keysAt(catalogueSchema, source.content, keyPath),
  });
  return { catalogue: undefined, findings };
}

/** The stage that a section of the catalogue belongs to. */
const stages: Readonly<Record<string, Stage>> = {
  deliveries: "external-secret",
  inClusterDeliveries: "external-secret",
  clusterManaged: "vault",
  keycloakClients: "vault",
};
