import type { Authority } from "../../domain/catalogue/catalogue.ts";
import { safeLine } from "../../domain/safe-text.ts";
import type { LearnedName } from "./learn.ts";

/** What the manifests show about the names of a group, in the order in which the groups are printed. */
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
 * Names that no catalogue can have, since they are templates or not a path of Vault, are listed in comments.
 *
 * @param isTaken - whether a secret of this name or variable would belong to another entry.
 */
export function renderLearned(names: readonly LearnedName[], isTaken: (name: string) => boolean): string {
  if (names.length === 0) return "# the catalogue knows every name that these files read or create\n";
  const valid = names.filter(({ name }) => isPath(name));
  const external = valid.filter(({ authority }) => authority === "external");
  const managed = Object.entries(groups).flatMap(([authority, title]) => {
    const own = valid.filter((one) => one.authority === authority);
    return own.length === 0 ? [] : [`  # ${title}`, ...own.map(managedLine)];
  });
  const rest = names.filter(({ name }) => !isPath(name));
  return [
    `# ${names.length} names that the catalogue does not know. Paste each part under the heading of the same name in`,
    "# environments/catalogue.yaml, and move a name whose owner is another one.",
    ...(external.length === 0
      ? []
      : [
          "secrets:",
          "  # read by ExternalSecrets, and nothing in these files creates them: they come from outside the cluster",
          ...secretLines(external, isTaken),
        ]),
    ...(managed.length === 0 ? [] : ["clusterManaged:", ...managed]),
    ...(rest.length === 0
      ? []
      : [
          "# not names that a path in Vault can have; render templates first, and rename the others:",
          ...rest.map(({ name, evidence }) => `#   ${JSON.stringify(safeLine(name))} (${safeLine(evidence)})`),
        ]),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

/** The catalogue's rule for paths and names. */
function isPath(name: string): boolean {
  return (
    name.length <= 255 &&
    /^(?!.*\.\.)[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:\/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)*$/.test(name)
  );
}

function managedLine({ name, authority, evidence }: LearnedName): string {
  return `  - { name: ${scalar(name)}, authority: ${authority}, reason: ${JSON.stringify(safeLine(evidence))} }`;
}

/** Two paths may differ only by what a secret's name cannot hold, so a number keeps the names apart. */
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

/** A name that YAML would read as a number or a switch needs quotes. */
function scalar(name: string): string {
  return /^[A-Za-z][A-Za-z0-9._/-]*$/.test(name) && !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(name)
    ? name
    : JSON.stringify(name);
}
