import { columns, type Position } from "../drawing.ts";
import { layout } from "../layout.ts";
import type { GraphModel, GraphSecret } from "../model.ts";
import { describe, summary } from "./details.mts";

/** The page's program: draws one environment, lights a secret's path, filters, and answers to the keyboard. */
const models = JSON.parse(element("models").textContent) as readonly GraphModel[];
const environment = element<HTMLSelectElement>("environment");
const search = element<HTMLInputElement>("search");
const onlyBroken = element<HTMLInputElement>("broken");
const theme = element<HTMLSelectElement>("theme");
const drawing = element("drawing");

/** More are drawn when the typing pauses: a letter must not wait for the drawing of the one before. */
const drawnAtOnce = 100;
const pauseInMilliseconds = 150;
let typing: ReturnType<typeof setTimeout> | undefined;

let positions: ReadonlyMap<string, Position> = new Map();

for (const { environment: name, takenAt } of models) {
  environment.append(new Option(takenAt === undefined ? `${name} (plan)` : name, name));
}
draw();
environment.addEventListener("change", draw);
search.addEventListener("input", () => {
  clearTimeout(typing);
  if (model().secrets.length <= drawnAtOnce) draw();
  else typing = setTimeout(draw, pauseInMilliseconds);
});
onlyBroken.addEventListener("change", draw);
theme.addEventListener("change", () => (document.documentElement.dataset["theme"] = theme.value));
window.addEventListener("resize", alignTitles);
drawing.addEventListener("click", ({ target }) => select(nodeOf(target)));
element("details").addEventListener("click", ({ target }) => showSecret(target));
document.addEventListener("keydown", onKey);

function model(): GraphModel {
  const found = models.find(({ environment: name }) => name === environment.value) ?? models[0];
  if (found === undefined) throw new Error("the page contains no environment");
  return found;
}

function draw(): void {
  const began = performance.now();
  const shown = layout(model(), isShown);
  ({ positions } = shown);
  drawing.innerHTML = shown.svg;
  const nodes = [...drawing.querySelectorAll<SVGGElement>(".node.place")];
  for (const node of nodes) {
    node.setAttribute("tabindex", "-1");
    node.setAttribute("role", "button");
    node.setAttribute("aria-label", positions.get(node.id)?.label ?? node.id);
  }
  // one stop for the Tab key, at the first secret; the arrows move within
  nodes.find((node) => !node.classList.contains("band"))?.setAttribute("tabindex", "0");
  alignTitles();
  const isFiltered = search.value !== "" || onlyBroken.checked;
  const count = isFiltered ? model().secrets.filter(isShown).length : undefined;
  element("summary").textContent = summary(model(), count);
  select(undefined);
  document.documentElement.dataset["drawnIn"] = String(Math.round(performance.now() - began));
}

function isShown({ name, variable = "", keyVaultName = "", vaultPath, states }: GraphSecret): boolean {
  const wanted = search.value.trim().toLowerCase();
  const targets = model().deliveries.filter(({ keys }) => keys.some(({ secret }) => secret === name));
  const texts = [name, variable, keyVaultName, vaultPath, ...targets.map((one) => `${one.namespace}/${one.target}`)];
  const isFound = texts.some((text) => text.toLowerCase().includes(wanted));
  return isFound && (!onlyBroken.checked || Object.values(states).includes("broken"));
}

/** The titles stay visible while the page scrolls, above their columns. */
function alignTitles(): void {
  const svg = drawing.querySelector("svg");
  const first = drawing.querySelector<SVGGElement>(".node.place");
  if (svg === null || first === null) return;
  const { left, width } = first.getBoundingClientRect();
  const at = columns[positions.get(first.id)?.column ?? 0]?.x ?? 0;
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const middle = left + width / 2 - drawing.getBoundingClientRect().left;
  element("titles").replaceChildren(
    ...columns.map(({ title, x }) => {
      const span = document.createElement("span");
      span.textContent = title;
      span.style.left = `${middle + (x - at) * scale}px`;
      return span;
    }),
  );
}

/** A name in the panel leads to its place in the drawing, which a filter may have left out. */
function showSecret(target: EventTarget | null): void {
  const name = target instanceof HTMLElement ? target.dataset["secret"] : undefined;
  if (name === undefined) return;
  const index = model().secrets.findIndex((one) => one.name === name);
  const place = () => document.getElementById(`vault-${index}`) as unknown as SVGGElement | null;
  if (place() === null) clearFilters();
  const node = place();
  if (node === null) return;
  node.scrollIntoView({ block: "center" });
  node.focus({ preventScroll: true });
  select(node);
}

function clearFilters(): void {
  if (search.value === "" && !onlyBroken.checked) return;
  search.value = "";
  onlyBroken.checked = false;
  draw();
}

function select(node: SVGGElement | undefined): void {
  const svg = drawing.querySelector("svg");
  const secrets = node === undefined ? [] : [...node.classList].filter((name) => /^s\d+$/.test(name));
  svg?.classList.toggle("some", secrets.length > 0);
  for (const lit of drawing.querySelectorAll(".lit")) lit.classList.remove("lit");
  for (const secret of secrets) for (const part of drawing.querySelectorAll(`.${secret}`)) part.classList.add("lit");
  const chosen = secrets.map((name) => model().secrets[Number(name.slice(1))]).filter((one) => one !== undefined);
  const place = node === undefined ? undefined : { id: node.id, label: positions.get(node.id)?.label ?? node.id };
  element("details").replaceChildren(...describe(model(), chosen, place));
}

function nodeOf(target: EventTarget | null): SVGGElement | undefined {
  return target instanceof Element ? (target.closest<SVGGElement>(".node.place") ?? undefined) : undefined;
}

function onKey(event: KeyboardEvent): void {
  const isTyping = event.target === search;
  if (event.key === "/" && !isTyping) {
    event.preventDefault();
    search.focus();
    return;
  }
  if (event.key === "Escape") {
    if (isTyping && search.value !== "") {
      search.value = "";
      draw();
    }
    select(undefined);
    return;
  }
  const focused = nodeOf(document.activeElement);
  if (focused === undefined) return;
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    select(focused);
  } else if (event.key.startsWith("Arrow")) {
    event.preventDefault();
    const next = neighbour(focused, event.key);
    if (next === undefined) return;
    focused.setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  }
}

/** Up and down within the column, left and right to the nearest of the next one. */
function neighbour(from: SVGGElement, key: string): SVGGElement | undefined {
  const here = positions.get(from.id);
  if (here === undefined) return undefined;
  const isVertical = key === "ArrowUp" || key === "ArrowDown";
  const step = key === "ArrowUp" || key === "ArrowLeft" ? -1 : 1;
  const candidates = [...positions].filter(([, { column, y }]) =>
    isVertical ? column === here.column && Math.sign(y - here.y) === step : Math.sign(column - here.column) === step,
  );
  const distance = ({ column, y }: { column: number; y: number }): number =>
    isVertical ? Math.abs(y - here.y) : Math.abs(column - here.column) * 1e6 + Math.abs(y - here.y);
  const [nearest] = candidates.toSorted(([, a], [, b]) => distance(a) - distance(b));
  return nearest === undefined ? undefined : (document.getElementById(nearest[0]) as unknown as SVGGElement);
}

function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found as T;
}
