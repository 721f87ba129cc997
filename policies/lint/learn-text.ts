import { type Authority, vaultPath } from "../../domain/catalogue/catalogue.ts";
import { safeLine } from "../../domain/safe-text.ts";
import type { LearnedName } from "./learn.ts";

/** Comments over the names of each authority, in the order in which they are printed. */
const groups: Readonly<Partial<Record<Authority, string>>> = {
  cnpg: "Secrets that CloudNativePG creates for its clusters",
  redis: "passwords of Redis that its operator or chart owns",
  keycloak: "Secrets that Keycloak's operator creates",
  generated: "created by a generator of External Secrets",
  tls: "certificates that cert-manager issues",
  service: "written to Vault by a PushSecret; change the authority where a database or a chart owns the Secret",
};

/**
 * Entries for `environments/catalogue.yaml` that classify the names, as YAML to paste under the headings of the same name.
 * Names that are not allowed in a catalogue, such as templates, are listed in comments.
 *
 * @param isTaken - whether a secret of this name or variable would collide with another entry.
 */
export function renderLearned(names: readonly LearnedName[], isTaken: (name: string) => boolean): string {
  if (names.length === 0) return "# the catalogue knows every name that these files read or create\n";
  const { valid = [], rest = [] } = Object.groupBy(names, ({ name }) =>
    vaultPath.safeParse(name).success ? "valid" : "rest",
  );
  const external = valid.filter(({ authority }) => authority === "external");
  const managed = Object.entries(groups).flatMap(([authority, title]) => {
    const own = valid.filter((one) => one.authority === authority);
    return own.length === 0 ? [] : [`  # ${title}`, ...own.map(managedLine)];
  });
  const lines = [
    `# ${names.length} names that the catalogue does not know. Paste each part under the heading of the same name in`,
    "# environments/catalogue.yaml, and move a name that has another owner.",
  ];
  if (external.length > 0) {
    const comment =
      "read by ExternalSecrets, and nothing in these files creates them: they come from outside the cluster";
    lines.push("secrets:", `  # ${comment}`, ...secretLines(external, isTaken));
  }
  if (managed.length > 0) lines.push("clusterManaged:", ...managed);
  if (rest.length > 0) {
    const listed = rest.map(({ name, evidence }) => `#   ${JSON.stringify(safeLine(name))} (${safeLine(evidence)})`);
    lines.push("# not names that a path in Vault can have; render templates first, and rename the others:", ...listed);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function managedLine({ name, authority, evidence }: LearnedName): string {
  return `  - { name: ${scalar(name)}, authority: ${authority}, reason: ${JSON.stringify(safeLine(evidence))} }`;
}

/** Two paths may become the same name; a number distinguishes them. */
function secretLines(names: readonly LearnedName[], isTaken: (name: string) => boolean): readonly string[] {
  const used = new Set<string>();
  return names.map(({ name, readers }) => {
    const base = secretName(name);
    let own = base;
    for (let n = 2; used.has(own) || (own !== name && isTaken(own)); n += 1) own = `${base}-${n}`;
    used.add(own);
    const variable = own.toUpperCase().replaceAll("-", "_");
    const parts = [
      "authority: external",
      `env: ${/^\d/.test(variable) ? `SECRET_${variable}` : variable}`,
      ...(own === name ? [] : [`vault: ${scalar(name)}`]),
      ...(readers.length === 0 ? [] : [`consumers: [${readers.filter(isLabel).map(scalar).join(", ")}]`]),
    ];
    return `  ${scalar(own)}: { ${parts.join(", ")} }`;
  });
}

function secretName(path: string): string {
  return path
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 120)
    .replaceAll(/^-+|-+$/g, "");
}

function isLabel(name: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
}

/** A name that YAML would read as a number or a boolean needs quotes. */
function scalar(name: string): string {
  return /^[A-Za-z][A-Za-z0-9._/-]*$/.test(name) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(name)
    ? name
    : JSON.stringify(name);
}
