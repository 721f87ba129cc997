import type { Catalogue } from "../catalogue/catalogue.ts";
import { classify, type Classification } from "../catalogue/lookup.ts";
import { mergeFiles, type DotenvFile } from "./files.ts";
import { pasteLine } from "./names.ts";
import { shownName } from "./shown.ts";

/** What the catalogue says of one variable. */
export interface ClassifiedVariable {
  readonly variable: string;
  /** `file:line`. */
  readonly where: string;
  readonly classification: Classification;
}

export interface ClassifiedEnv {
  /** In the order of files and lines. */
  readonly variables: readonly ClassifiedVariable[];
  /** `file:line` of lines that look like part of a value: nothing of them is shown. */
  readonly spilled: readonly string[];
  /** YAML for every unknown variable, ready for `environments/catalogue.yaml`; empty where there is none. */
  readonly paste: string;
}

/** Endings by which people name settings; anything else that is unknown is offered as a secret, the safer of the two. */
const settingLike =
  /(?:^|[_.-])(?:PORT|HOST|HOSTNAME|URL|URI|ENDPOINT|REGION|LOCATION|LEVEL|MODE|ENV|ENABLED|DISABLED|DEBUG|TIMEOUT|TTL|COUNT|SIZE|VERSION|NAME|PATH|DIR|DOMAIN|ISSUER|ID)$/i;

/** Classes of all variables of `.env` files, and for all unknown ones at once the lines that would give them a class. */
export function classifyEnv(files: readonly DotenvFile[], catalogue: Catalogue): ClassifiedEnv {
  const variables: ClassifiedVariable[] = [];
  const spilled: string[] = [];
  for (const { name, where } of mergeFiles(files).variables) {
    const classification = classify(catalogue, name);
    if (classification.kind === "unknown" && shownName(name) !== name) spilled.push(where);
    else variables.push({ variable: name, where, classification });
  }
  const unknown = variables
    .filter(({ classification }) => classification.kind === "unknown")
    .map(({ variable }) => variable);
  return { variables, spilled, paste: pasteText(unknown) };
}

function pasteText(unknown: readonly string[]): string {
  const settings = unknown.filter((name) => settingLike.test(name));
  const secrets = unknown.filter((name) => !settingLike.test(name));
  const sections = [
    secrets.length === 0
      ? []
      : [
          "secrets: # from outside the cluster; move what is made in it to clusterManaged",
          ...secrets.map((name) => `  ${pasteLine(name)}`),
        ],
    settings.length === 0
      ? []
      : [
          "settings: # plain values; move what must not be read by everyone to secrets",
          ...settings.map((name) => `  - ${name}`),
        ],
  ];
  return sections
    .flat()
    .map((line) => `${line}\n`)
    .join("");
}
