import { externalSecretsOf, type Catalogue, type CatalogueSecret } from "../catalogue/catalogue.ts";
import { classify } from "../catalogue/lookup.ts";
import { errorFinding, type Finding } from "../finding.ts";
import { effectivePrefix, isKeyVaultName, normalise, unprefixedKeyVaultName } from "../names.ts";
import { Redacted } from "../redacted.ts";
import { repeated } from "../repeated.ts";
import type { EnvironmentName } from "../stage.ts";
import { type DotenvFile, fileFindings, mergeFiles, shownName, type Variable } from "./files.ts";
import { nameFinding } from "./names.ts";
import { secondAssignment, valueFindings } from "./values.ts";

export interface DotenvInput {
  /** In the order in which they are read: a later file wins, variable by variable. */
  readonly files: readonly DotenvFile[];
  readonly catalogue: Catalogue;
  /** `shared` holds the secrets of every environment. */
  readonly environment: EnvironmentName | "shared";
  readonly secretPrefix: string | undefined;
}

export interface CompiledDotenv {
  /** By the catalogue's name of the secret. Complete only if no finding is an error. */
  readonly values: ReadonlyMap<string, Redacted>;
  /** Secrets of this environment that are not in the files: they keep their values. Sorted. */
  readonly kept: readonly string[];
  readonly settings: readonly string[];
  /** In the order of files and lines; names and places, no value. */
  readonly findings: readonly Finding[];
}

/** Compiles `.env` files to values of external secrets. Absence is never a change: what they do not name is `kept`. */
export function compileDotenv({ files, catalogue, environment, secretPrefix }: DotenvInput): CompiledDotenv {
  const { variables, findings: found } = mergeFiles(files);
  const wanted = externalSecretsOf(catalogue, environment);
  const values = new Map<string, Redacted>();
  const named = new Set<string>();
  const carried: Variable[] = [];
  const settings: string[] = [];
  const report = ({ place }: Variable, findings: readonly Finding[]): void => {
    found.push(...findings.map((finding) => ({ place, finding })));
  };

  const assigned = new Set(variables.map(({ name }) => name));
  for (const variable of variables) {
    const { name } = variable;
    const known = classify(catalogue, name);
    report(variable, secondAssignment(variable, catalogue));
    if (known.kind === "setting") {
      settings.push(name);
    } else if (known.kind === "secret" && isVariableOf(catalogue.secrets[known.entry], name)) {
      const secret = wanted.get(known.entry);
      named.add(known.entry);
      if (secret === undefined) {
        report(variable, [notHere(variable, environment)]);
        continue;
      }
      values.set(known.entry, new Redacted(variable.value));
      carried.push(variable);
      report(variable, valueFindings(variable, { secret, catalogue, environment, assigned }));
      report(variable, keyVaultNameFindings(variable, unprefixedKeyVaultName(known.entry, secret), secretPrefix));
    } else {
      report(variable, [nameFinding(variable, known, catalogue)]);
    }
  }
  for (const [becomes, first, second] of repeated(variables, ({ name }) => normalise(name))) {
    const [one, other] = [first, second].map(({ name, where }) => `${shownName(name)} (${where})`);
    const problem = `${one} and ${other} both become "${shownName(becomes)}"`;
    const fix = "rename one of the two variables, or remove it";
    report(second, [
      errorFinding("dotenv-names-collide", "dotenv", shownName(second.name), problem, fix, second.where),
    ]);
  }
  // rotating one leaves the other behind, and two slots with one account revoke each other's token
  const compared = carried.filter(({ value }) => value.length >= comparedLength);
  for (const [, first, second] of repeated(compared, ({ value }) => value)) {
    const { name, where } = second;
    const problem = `${name} has the same value as ${first.name} (${first.where})`;
    const fix = "give each secret a value of its own, to rotate them independently";
    const finding = errorFinding("dotenv-same-value", "dotenv", name, problem, fix, where);
    report(second, [{ ...finding, severity: "warning" }]);
  }

  return {
    values,
    kept: [...wanted.keys()].filter((name) => !named.has(name)).toSorted(),
    settings: settings.toSorted(),
    findings: [
      ...files.flatMap((file) => fileFindings(file, environment)),
      ...found.toSorted((a, b) => a.place - b.place).map(({ finding }) => finding),
      ...settingsNote(settings.toSorted().join(", ")),
    ],
  };
}

/** Shorter values may well be equal: user names, ids. */
const comparedLength = 16;

/** Whether this variable sets the secret; an alias only names it: two names for one secret would overwrite each other. */
function isVariableOf(secret: CatalogueSecret | undefined, name: string): boolean {
  return secret?.authority === "external" && normalise(secret.env) === normalise(name);
}

function notHere({ name, where }: Variable, environment: string): Finding {
  const problem = `${name} does not exist in ${environment}; left out`;
  const fix = `nothing to do; to use it here, add ${environment} to its environments in environments/catalogue.yaml`;
  return { ...errorFinding("dotenv-not-in-environment", "dotenv", name, problem, fix, where), severity: "note" };
}

function settingsNote(names: string): readonly Finding[] {
  if (names === "") return [];
  const problem = `${names}: settings, not secrets; left out`;
  const fix = "nothing to do; settings go into ConfigMaps";
  return [{ ...errorFinding("dotenv-settings-left-out", "dotenv", names, problem, fix), severity: "note" }];
}

function keyVaultNameFindings(
  { name: variable, where }: Variable,
  name: string,
  secretPrefix: string | undefined,
): readonly Finding[] {
  const full = `${effectivePrefix(secretPrefix)}${name}`;
  if (isKeyVaultName(full)) return [];
  const problem = `${variable} becomes "${full}" (${full.length} characters, prefix included), which cannot name a Key Vault secret`;
  const fix = "shorten keyVault of this secret in environments/catalogue.yaml to 1 to 127 characters of a-z, 0-9 and -";
  return [errorFinding("key-vault-name-invalid", "key-vault", variable, problem, fix, where)];
}
