import { type Catalogue, type CatalogueSecret, externalSecretsOf } from "../catalogue/catalogue.ts";
import { classify } from "../catalogue/lookup.ts";
import { type DotenvFile, fileFindings, mergeFiles, type Variable, shownName } from "./files.ts";
import { nameFinding } from "./names.ts";
import { type Remark, secondAssignment } from "./remarks.ts";
import { sameValueFindings, valueFindings } from "./values.ts";
import type { Finding } from "../finding.ts";
import { effectivePrefix, isKeyVaultName, normalise, unprefixedKeyVaultName } from "../names.ts";
import { Redacted } from "../redacted.ts";
import type { EnvironmentName } from "../stage.ts";

export interface DotenvInput {
  /** In the order in which they are read: a later file wins, variable by variable. */
  readonly files: readonly DotenvFile[];
  readonly catalogue: Catalogue;
  /** `shared` holds the secrets of every environment. */
  readonly environment: EnvironmentName | "shared";
  /** Not set means `env-`, `""` means no prefix. */
  readonly secretPrefix: string | undefined;
}

export interface CompiledDotenv {
  /** By the catalogue's name of the secret. Complete only if no finding is an error. */
  readonly values: ReadonlyMap<string, Redacted>;
  /** Secrets of this environment that the files do not name: they stay as they are. Sorted. */
  readonly kept: readonly string[];
  /** Variables that are plain values, left out. Sorted. */
  readonly settings: readonly string[];
  /** Everything that was found, in the order of files and lines; names and places, no value. */
  readonly findings: readonly Finding[];
}

/**
 * Compiles `.env` files to the values of the catalogue's external secrets.
 *
 * Values are those that dotenv's own `parse` reads. Absence is never a change: what the files do not name is `kept`.
 */
export function compileDotenv({ files, catalogue, environment, secretPrefix }: DotenvInput): CompiledDotenv {
  const { variables, findings: readingFindings } = mergeFiles(files);
  const wanted = externalSecretsOf(catalogue, environment);
  const values = new Map<string, Redacted>();
  const named = new Set<string>();
  const carried: Variable[] = [];
  const settings: string[] = [];
  const found: { readonly place: number; readonly finding: Finding }[] = [...readingFindings];
  const report = ({ place }: Variable, findings: readonly Finding[]): void => {
    found.push(...findings.map((finding) => ({ place, finding })));
  };

  const assigned = new Set(variables.map(({ name }) => name));
  for (const variable of variables) {
    const known = classify(catalogue, variable.name);
    const second = secondAssignment(variable, catalogue);
    report(
      variable,
      second.map((remark) => remarked(variable, remark)),
    );
    if (known.kind === "setting") {
      settings.push(variable.name);
    } else if (known.kind === "secret" && isVariableOf(catalogue.secrets[known.entry], variable.name)) {
      const secret = wanted.get(known.entry);
      named.add(known.entry);
      if (secret === undefined) {
        report(variable, [notHere(variable, environment)]);
      } else {
        values.set(known.entry, new Redacted(variable.value));
        carried.push(variable);
        report(variable, valueFindings(variable, { secret, catalogue, environment, assigned }));
        report(variable, keyVaultNameFindings(variable, unprefixedKeyVaultName(known.entry, secret), secretPrefix));
      }
    } else {
      report(variable, [nameFinding(variable, known, catalogue)]);
    }
  }
  for (const { at, finding } of [...collisions(variables), ...sameValueFindings(carried)]) report(at, [finding]);

  return {
    values,
    kept: [...wanted.keys()].filter((name) => !named.has(name)).toSorted(),
    settings: settings.toSorted(),
    findings: [
      ...files.flatMap((file) => fileFindings(file, environment)),
      ...found.toSorted((a, b) => a.place - b.place).map(({ finding }) => finding),
      ...settingsNote(settings),
    ],
  };
}

function remarked({ name, where }: Variable, { code, severity, problem, fix }: Remark): Finding {
  return {
    code,
    stage: "dotenv",
    severity,
    where,
    subject: shownName(name),
    problem: `${shownName(name)} ${problem}`,
    fix,
  };
}

/** Whether a secret is set by this variable, and not only known by its name: two names of one would take its place in turn. */
function isVariableOf(secret: CatalogueSecret | undefined, name: string): boolean {
  return secret?.authority === "external" && normalise(secret.env) === normalise(name);
}

/** Variables that become one name, such as `A_B` and `A.B`. */
function collisions(variables: readonly Variable[]): readonly { at: Variable; finding: Finding }[] {
  const byName = new Map<string, Variable>();
  return variables.flatMap((variable) => {
    const name = normalise(variable.name);
    const first = byName.get(name);
    if (first === undefined) {
      byName.set(name, variable);
      return [];
    }
    const finding: Finding = {
      code: "dotenv-names-collide",
      stage: "dotenv",
      severity: "error",
      where: variable.where,
      subject: shownName(variable.name),
      problem: `${shownName(first.name)} (${first.where}) and ${shownName(variable.name)} (${variable.where}) both become "${shownName(name)}"`,
      fix: "rename one of the two variables, or remove it",
    };
    return [{ at: variable, finding }];
  });
}

function notHere(variable: Variable, environment: string): Finding {
  return {
    code: "dotenv-not-in-environment",
    stage: "dotenv",
    severity: "note",
    where: variable.where,
    subject: variable.name,
    problem: `${variable.name} does not exist in ${environment}; left out`,
    fix: `nothing to do; to have it here, add ${environment} to its environments in environments/catalogue.yaml`,
  };
}

function settingsNote(settings: readonly string[]): readonly Finding[] {
  if (settings.length === 0) return [];
  return [
    {
      code: "dotenv-settings-left-out",
      stage: "dotenv",
      severity: "note",
      subject: settings.toSorted().join(", "),
      problem: `${settings.toSorted().join(", ")}: settings, not secrets; left out`,
      fix: "nothing to do; settings go into ConfigMaps",
    },
  ];
}

/** Whether Key Vault takes the name that a variable comes to, prefix included. */
export function keyVaultNameFindings(
  { name: variable, where }: Pick<Variable, "name" | "where">,
  name: string,
  secretPrefix: string | undefined,
): readonly Finding[] {
  const full = `${effectivePrefix(secretPrefix)}${name}`;
  if (isKeyVaultName(full)) return [];
  return [
    {
      code: "key-vault-name-invalid",
      stage: "key-vault",
      severity: "error",
      where,
      subject: variable,
      problem: `${variable} becomes "${full}" (${full.length} characters, prefix included), which cannot name a Key Vault secret`,
      fix: "shorten keyVault of this secret in environments/catalogue.yaml to 1 to 127 characters of a-z, 0-9 and -",
    },
  ];
}
