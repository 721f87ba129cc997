import type { GraphModel, GraphSecret } from "../model.ts";

/** One line over the drawing. @param shown - secrets that a filter left; `undefined` without one. */
export function summary({ secrets, deliveries, takenAt, causes }: GraphModel, shown: number | undefined): string {
  const broken = causes.filter(({ severity }) => severity === "error").length;
  const state =
    takenAt === undefined
      ? "planned, nothing was looked at"
      : `${broken === 0 ? "all well" : `${broken} broken`}, seen ${takenAt}`;
  const of = shown === undefined ? `${secrets.length} secrets` : `${shown} of ${secrets.length} secrets`;
  return `${of}, ${deliveries.length} deliveries: ${state}`;
}

/** What the panel says of the secrets that are chosen; without any, of the environment. */
export function describe(
  model: GraphModel,
  secrets: readonly GraphSecret[],
  node: string | undefined,
): readonly Element[] {
  if (secrets.length > 0)
    return secrets.flatMap((secret) => [heading(secret.name), facts(model, secret), ...causesOf(model, secret)]);
  if (node?.startsWith("managed-") === true || node?.startsWith("owner-") === true) {
    return [heading("cluster-managed"), text("p", "owned by another; it must never enter this chain")];
  }
  const broken = model.causes.filter(({ severity }) => severity !== "note");
  return [
    heading(model.environment),
    text(
      "p",
      "choose a place to light its secret's path: by click, or with Tab, arrows and Enter; / searches, Escape clears",
    ),
    ...broken.flatMap((cause) => causeElements(cause)),
  ];
}

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

function causesOf({ causes }: GraphModel, { name }: GraphSecret): readonly Element[] {
  return causes.filter(({ secrets }) => secrets.includes(name)).flatMap((cause) => causeElements(cause));
}

function causeElements({ code, title, cause, fix, evidence }: GraphModel["causes"][number]): readonly Element[] {
  return [
    text("h3", title),
    text("p", `${cause} (${code})`),
    ...evidence.slice(0, 5).map(({ where, seen }) => text("pre", `${where}: ${seen}`)),
    text("p", "repair:"),
    text("pre", fix),
  ];
}

function heading(of: string): Element {
  return text("h2", of);
}

function text(tag: string, content: string): Element {
  const made = document.createElement(tag);
  made.textContent = content;
  return made;
}
