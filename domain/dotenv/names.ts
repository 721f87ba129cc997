import type { Catalogue } from "../catalogue/catalogue.ts";
import { classify, type Classification } from "../catalogue/lookup.ts";
import type { Variable } from "./files.ts";
import { shownName } from "./shown.ts";
import type { Finding } from "../finding.ts";
import { sanitise } from "../names.ts";
import { passage } from "../catalogue/passage.ts";

/**
 * Why a variable may not stand in `.env`, judged by its name.
 *
 * @param known - anything but a setting or the name of an external secret: those may.
 */
export function nameFinding({ name, where }: Variable, known: Classification, catalogue: Catalogue): Finding {
  const base = { stage: "dotenv", severity: "error", where, subject: name } as const;
  switch (known.kind) {
    case "unknown":
      if (shownName(name) !== name) return spilled(base);
      return {
        ...base,
        code: "dotenv-unknown",
        problem: `${name} is not in the catalogue${meant(known.nearest, catalogue)}`,
        fix: `correct the name, or \`ameide-secrets add ${name}\`, or paste under secrets in environments/catalogue.yaml: ${pasteLine(name)}`,
      };
    case "retired":
      return {
        ...base,
        code: "dotenv-retired",
        problem: `${name} is retired`,
        fix: known.use === undefined ? "remove it" : `use ${variableFor(known.use, catalogue)} instead`,
        ...seeOf(known),
      };
    case "delivery":
      return {
        ...base,
        code: "dotenv-names-a-target",
        problem: `${name} names the Kubernetes Secret ${known.entry}, which is made of other secrets`,
        fix: `set ${sourcesOf(known.entry, catalogue).join(" and ")} instead`,
        ...seeOf(known),
      };
    case "secret":
      if (known.authority === "external") {
        return {
          ...base,
          code: "dotenv-alias",
          problem: `${name} is another name of ${known.entry}`,
          fix: `rename it to ${variableFor(known.entry, catalogue)}`,
          ...seeOf(known),
        };
      }
      return clusterManaged(base, known);
    case "cluster-managed":
    case "in-cluster-delivery":
      return clusterManaged(base, known);
    case "setting":
      throw new Error(`a setting may stand in .env: ${name}`);
  }
}

/** A line of a value that dotenv takes for a variable of its own. */
function spilled(base: Base): Finding {
  return {
    ...base,
    code: "dotenv-value-spills",
    subject: shownName(base.subject),
    problem: "this line looks like part of the value above it, and dotenv reads it as a variable of its own",
    fix: "put the whole value in quotes, or give the variable a usual name: capitals, digits and _",
  };
}

type Base = Pick<Finding, "stage" | "severity" | "where" | "subject">;
type ClusterManaged = Exclude<Classification, { kind: "unknown" | "setting" | "retired" | "delivery" }>;

function clusterManaged(base: Base, known: ClusterManaged): Finding {
  const verdict = passage("dotenv", known.authority);
  const matched = known.by === "pattern" ? `matches ${known.entry}` : `is ${known.entry}`;
  const reason = verdict.ok ? "" : `: ${verdict.reason}`;
  return {
    ...base,
    code: "dotenv-cluster-managed",
    problem: `${base.subject} ${matched}${reason}`,
    fix: `remove it from .env${known.see === undefined ? "" : `; read on in ${known.see}`}`,
    ...seeOf(known),
  };
}

/** The catalogue line that would make an unknown variable an external secret. */
export function pasteLine(variable: string): string {
  return `${sanitise(variable)}: { authority: external, env: ${variable.toUpperCase().replaceAll("-", "_")} }`;
}

/** The variable that a secret is set by; the name itself where it has none. */
function variableFor(name: string, catalogue: Catalogue): string {
  const secret = catalogue.secrets[name];
  return secret?.authority === "external" ? secret.env : name;
}

function meant(near: string | undefined, catalogue: Catalogue): string {
  if (near === undefined) return "";
  const known = classify(catalogue, near);
  return `; did you mean ${known.kind === "secret" ? variableFor(known.entry, catalogue) : near}?`;
}

function sourcesOf(target: string, catalogue: Catalogue): readonly string[] {
  const delivery = catalogue.deliveries[target];
  const names = [delivery?.username, delivery?.password, ...Object.values(delivery?.keys ?? {})];
  return names.filter((name) => name !== undefined).map((name) => variableFor(name, catalogue));
}

function seeOf({ see }: { readonly see: string | undefined }): { see?: string } {
  return see === undefined ? {} : { see };
}
