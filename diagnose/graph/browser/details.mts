import { signs } from "../drawing.ts";
import type { GraphModel, GraphSecret, GraphState } from "../model.ts";

/** One line over the drawing. @param shown - secrets that a filter left; `undefined` without one. */
export function summary({ secrets, deliveries, takenAt, causes }: GraphModel, shown: number | undefined): string {
  const errors = causes.filter(({ severity }) => severity === "error");
  const broken = new Set(errors.flatMap(({ secrets: of }) => of)).size;
  const unseen = secrets.filter(({ states }) => Object.values(states).includes("unknown")).length;
  const problems = [
    ...(errors.length === 0
      ? []
      : [broken === 0 ? count(errors.length, "error") : `${broken} broken by ${count(errors.length, "cause")}`]),
    ...(unseen === 0 ? [] : [`${unseen} could not be read at every stage`]),
  ];
  const well = problems.length === 0 ? "all well" : problems.join(", ");
  const state = takenAt === undefined ? "plan only, nothing was read" : `${well}, seen ${readable(takenAt)}`;
  const of = shown === undefined ? count(secrets.length, "secret") : `${shown} of ${count(secrets.length, "secret")}`;
  return `${of}, ${count(deliveries.length, "delivery", "deliveries")}: ${state}`;
}

export function describe(
  model: GraphModel,
  secrets: readonly GraphSecret[],
  place: { readonly id: string; readonly label: string } | undefined,
): readonly Element[] {
  if (secrets.length > 0)
    return secrets.flatMap((secret) => [make("h2", secret.name), facts(model, secret), ...causesOf(model, secret)]);
  if (place !== undefined && /^(managed|owner)-/.test(place.id)) {
    const text = "cluster-managed: something else owns it, and it must never enter this pipeline";
    return [make("h2", place.label), make("p", text)];
  }
  if (place !== undefined) return [make("h2", place.label), ...causesAt(model, place.id)];
  const help =
    "select a box to highlight the path of its secret: click it, or use Tab, the arrow keys and Enter; / searches, Escape clears";
  const legend = terms(Object.entries(signs).map(([state, sign]) => [sign, meanings[state as GraphState]]));
  legend.className = "legend";
  const causes = model.causes.filter(({ severity }) => severity !== "note");
  return [make("h2", model.environment), make("p", help), legend, ...causes.flatMap((cause) => withNames(cause))];
}

const meanings: Readonly<Record<GraphState, string | undefined>> = {
  ok: "works",
  broken: "broken; shown first",
  warned: "works, but needs attention",
  unknown: "could not be read",
  absent: "has no value yet, and needs none",
  planned: undefined,
};

/** What is wrong with a place that all secrets pass, or with what it passes on. */
function causesAt({ causes }: GraphModel, id: string): readonly Element[] {
  const stages: readonly string[] = id === "bootstrap" ? ["identity", "bootstrap"] : ["secret-store"];
  const here = causes.filter(({ stage }) => stages.includes(stage));
  return here.length === 0 ? [make("p", "nothing is wrong here")] : here.flatMap(withNames);
}

function facts({ deliveries }: GraphModel, secret: GraphSecret): Element {
  const { authority, variable, keyVaultName, vaultPath, required, owner, see, states, name } = secret;
  const stated = (value: string, state: GraphState | undefined): string =>
    state === undefined || state === "planned" ? value : `${value} (${state})`;
  const targets = deliveries.flatMap(({ namespace, target, keys, state }) => {
    const mine = keys.filter((key) => key.secret === name).map(({ secretKey }) => secretKey);
    return mine.length === 0 ? [] : [["Secret", stated(`${namespace}/${target} ${mine.join(", ")}`, state)] as const];
  });
  return terms([
    ["authority", authority],
    ["required", required ? "yes" : "no"],
    ["owner", owner],
    [".env", variable],
    ["Key Vault", keyVaultName === undefined ? undefined : stated(keyVaultName, states["key-vault"])],
    ["Vault", stated(vaultPath, states.vault)],
    ...targets,
    ["see", see],
  ]);
}

function causesOf({ causes }: GraphModel, secret: GraphSecret): readonly Element[] {
  const own = [secret.name, secret.vaultPath, secret.keyVaultName].filter((one) => one !== undefined);
  return causes
    .filter(({ secrets }) => secrets.includes(secret.name))
    .flatMap((cause) => {
      // one cause may have hundreds of places: those of this secret are enough
      const evidence = cause.evidence.filter(({ where }) => own.some((one) => where.split(/[/ ]/).includes(one)));
      return causeElements(evidence.length === 0 ? cause : { ...cause, evidence }, []);
    });
}

type Cause = GraphModel["causes"][number];

const mostLines = 5;
const mostNames = 30;

function causeElements({ code, title, cause, fixes, page, evidence }: Cause, names: readonly Element[]): Element[] {
  const several = (lines: readonly string[]): readonly Element[] => [
    ...lines.slice(0, mostLines).map((line) => make("pre", line)),
    ...(lines.length > mostLines ? [make("p", `and ${lines.length - mostLines} more like it`)] : []),
  ];
  return [
    make("h3", title),
    make("p", `${cause} (${code})`),
    ...names,
    ...several(evidence.map(({ where, seen }) => `${where}: ${seen}`)),
    make("p", "fix:"),
    ...several(fixes),
    make("p", `more: ${page}`),
  ];
}

function withNames(cause: Cause): readonly Element[] {
  const { secrets } = cause;
  const buttons = secrets.slice(0, mostNames).flatMap((name) => {
    const button = make("button", name) as HTMLButtonElement;
    button.type = "button";
    button.dataset["secret"] = name;
    return [button, " "];
  });
  const more = secrets.length > mostNames ? [`and ${secrets.length - mostNames} more`] : [];
  return causeElements(cause, secrets.length === 0 ? [] : [make("p", ...buttons, ...more)]);
}

function count(of: number, one: string, many = `${one}s`): string {
  return `${of} ${of === 1 ? one : many}`;
}

/** `2026-01-02T12:00:00.000Z` -> `2026-01-02 12:00:00 UTC`. */
function readable(iso: string): string {
  return iso.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
}

function terms(rows: readonly (readonly [term: string, description: string | undefined])[]): HTMLElement {
  const described = rows.flatMap(([term, text]) => (text === undefined ? [] : [make("dt", term), make("dd", text)]));
  return make("dl", ...described);
}

function make(tag: string, ...content: readonly (string | Element)[]): HTMLElement {
  const made = document.createElement(tag);
  made.append(...content);
  return made;
}
