import { signs } from "../drawing.ts";
import type { GraphModel, GraphSecret, GraphState } from "../model.ts";

/** One line over the drawing. @param shown - secrets that a filter left; `undefined` without one. */
export function summary({ secrets, deliveries, takenAt, causes }: GraphModel, shown: number | undefined): string {
  const errors = causes.filter(({ severity }) => severity === "error");
  const broken = new Set(errors.flatMap(({ secrets: of }) => of)).size;
  const unseen = secrets.filter(({ states }) => Object.values(states).includes("unknown")).length;
  const told = [
    ...(errors.length === 0
      ? []
      : [broken === 0 ? count(errors.length, "error") : `${broken} broken by ${count(errors.length, "cause")}`]),
    ...(unseen === 0 ? [] : [`${unseen} could not be seen at every stage`]),
  ];
  const well = told.length === 0 ? "all well" : told.join(", ");
  const state = takenAt === undefined ? "planned, nothing was looked at" : `${well}, seen ${readable(takenAt)}`;
  const of = shown === undefined ? count(secrets.length, "secret") : `${shown} of ${count(secrets.length, "secret")}`;
  return `${of}, ${count(deliveries.length, "delivery", "deliveries")}: ${state}`;
}

/**
 * What the panel says of the secrets that are chosen; without any, of the place or of the environment.
 *
 * @param place - the node that was chosen.
 */
export function describe(
  model: GraphModel,
  secrets: readonly GraphSecret[],
  place: { readonly id: string; readonly label: string } | undefined,
): readonly Element[] {
  if (secrets.length > 0)
    return secrets.flatMap((secret) => [heading(secret.name), facts(model, secret), ...causesOf(model, secret)]);
  if (place !== undefined && /^(managed|owner)-/.test(place.id)) {
    return [heading(place.label), text("p", "cluster-managed: owned by another, it must never enter this chain")];
  }
  if (place !== undefined) return [heading(place.label), ...hopElements(model, place.id)];
  return [
    heading(model.environment),
    text(
      "p",
      "choose a place to light its secret's path: by click, or with Tab, arrows and Enter; / searches, Escape clears",
    ),
    legend(),
    ...model.causes
      .filter(({ severity }) => severity !== "note")
      .flatMap((cause) => causeElements(cause, namesOf(cause))),
  ];
}

/** A place that all secrets pass: what is wrong with it, or with what it passes on. */
function hopElements({ causes }: GraphModel, id: string): readonly Element[] {
  const stages: readonly string[] = id === "bootstrap" ? ["identity", "bootstrap"] : ["secret-store"];
  const here = causes.filter(({ stage }) => stages.includes(stage));
  if (here.length === 0) return [text("p", "nothing is wrong here")];
  return here.flatMap((cause) => causeElements(cause, namesOf(cause)));
}

function legend(): Element {
  const list = document.createElement("dl");
  for (const [state, sign] of Object.entries(signs))
    if (sign !== "") list.append(text("dt", sign), text("dd", meanings[state as keyof typeof meanings]));
  list.className = "legend";
  return list;
}

const meanings: Readonly<Record<GraphState, string>> = {
  ok: "as it should be",
  broken: "broken; drawn first",
  warned: "works, and needs a look",
  unknown: "could not be looked at",
  absent: "has no value yet, and need not",
  planned: "",
};

function facts({ deliveries }: GraphModel, secret: GraphSecret): Element {
  const { authority, variable, keyVaultName, vaultPath, required, owner, see, states, name } = secret;
  const list = document.createElement("dl");
  const add = (term: string, value: string | undefined): void => {
    if (value !== undefined) list.append(text("dt", term), text("dd", value));
  };
  const stated = (value: string, state: string | undefined): string =>
    state === undefined ? value : `${value} (${state})`;
  add("authority", authority);
  add("required", required ? "yes" : "no");
  add("owner", owner);
  add(".env", variable);
  if (keyVaultName !== undefined) add("Key Vault", stated(keyVaultName, states["key-vault"]));
  add("Vault", stated(vaultPath, states.vault));
  for (const { namespace, target, keys, state } of deliveries) {
    const mine = keys.filter((key) => key.secret === name).map(({ secretKey }) => secretKey);
    if (mine.length > 0)
      add("Secret", stated(`${namespace}/${target} ${mine.join(", ")}`, state === "planned" ? undefined : state));
  }
  add("see", see);
  return list;
}

function causesOf({ causes }: GraphModel, secret: GraphSecret): readonly Element[] {
  const own = [secret.name, secret.vaultPath, secret.keyVaultName].filter((one) => one !== undefined);
  const isOwn = ({ where }: Evidence): boolean => own.some((one) => where.split(/[/ ]/).includes(one));
  return causes
    .filter(({ secrets }) => secrets.includes(secret.name))
    .flatMap((cause) => {
      // one cause may have hundreds of places: those of this secret say enough
      const evidence = cause.evidence.filter(isOwn);
      return causeElements(evidence.length === 0 ? cause : { ...cause, evidence }, []);
    });
}

type Cause = GraphModel["causes"][number];
type Evidence = Cause["evidence"][number];

const longestEvidence = 5;
const longestNames = 30;

function causeElements(
  { code, title, cause, fixes, page, evidence }: Cause,
  names: readonly Element[],
): readonly Element[] {
  const more = evidence.length - longestEvidence;
  return [
    text("h3", title),
    text("p", `${cause} (${code})`),
    ...names,
    ...evidence.slice(0, longestEvidence).map(({ where, seen }) => text("pre", `${where}: ${seen}`)),
    ...(more > 0 ? [text("p", `and ${more} more like it`)] : []),
    text("p", "repair:"),
    ...fixes.slice(0, longestEvidence).map((fix) => text("pre", fix)),
    ...(fixes.length > longestEvidence ? [text("p", `and ${fixes.length - longestEvidence} more like it`)] : []),
    text("p", `more: ${page}`),
  ];
}

/** The secrets of a cause, each leading to its place. */
function namesOf({ secrets }: Cause): readonly Element[] {
  if (secrets.length === 0) return [];
  const line = document.createElement("p");
  for (const name of secrets.slice(0, longestNames)) {
    const button = text("button", name) as HTMLButtonElement;
    button.type = "button";
    button.dataset["secret"] = name;
    line.append(button, " ");
  }
  if (secrets.length > longestNames) line.append(`and ${secrets.length - longestNames} more`);
  return [line];
}

function count(of: number, one: string, many = `${one}s`): string {
  return `${of} ${of === 1 ? one : many}`;
}

/** `2026-01-02T12:00:00.000Z` -> `2026-01-02 12:00:00 UTC`. */
function readable(iso: string): string {
  return iso.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
}

function heading(of: string): Element {
  return text("h2", of);
}

function text(tag: string, content: string): Element {
  const made = document.createElement(tag);
  made.textContent = content;
  return made;
}
