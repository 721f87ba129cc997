import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { explain } from "../../../diagnose/explain.ts";
import { layout } from "../../../diagnose/graph/layout.ts";
import { graphModel } from "../../../diagnose/graph/model.ts";
import { graphPage } from "../../../diagnose/graph/page.ts";
import { environmentStack, seedCatalogue } from "../../support/stacks.ts";
import { openBrowser } from "../../support/browser.ts";
import { changed, healthy, print, stack, unseen } from "../healthy.ts";

const whole = healthy();
const sick = {
  ...whole,
  vault: {
    ...whole.vault,
    secrets: changed(whole.vault.secrets, ({ path }) => path === "ghcr-token", {
      fingerprint: print("x", "placeholder"),
    }),
  },
};
const live = graphModel(stack.plan, stack.catalogue, explain(sick, stack));
const staging = environmentStack("staging", {}, { catalogue: withMany(500) });
const planned = graphModel(staging.plan, staging.catalogue);
const many = environmentStack("prod", {}, { catalogue: withMany(500) });
const manyWhole = healthy(many);
const manySick = graphModel(
  many.plan,
  many.catalogue,
  explain(
    {
      ...manyWhole,
      vault: {
        ...manyWhole.vault,
        secrets: changed(manyWhole.vault.secrets, ({ path }) => path === "service-403-key", {
          state: "absent",
          version: 0,
        }),
      },
    },
    many,
  ),
);

/** The page as a person meets it: from disk, in a real browser. */
describe("graphPage", function () {
  this.timeout(60_000);
  let dir: string;
  let browser: Browser;
  let page: Page;
  const asked: string[] = [];
  const errors: string[] = [];

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "graph-"));
    await writeFile(join(dir, "page.html"), await graphPage([live, planned, manySick]));
    browser = await openBrowser();
    page = await browser.newPage({ viewport: { width: 1500, height: 900 } });
    page.on("request", (request) => asked.push(request.url()));
    page.on("pageerror", (error) => errors.push(error.message));
    page.on("console", (message) => errors.push(message.text()));
  });
  beforeEach(async () => {
    await page.goto(pathToFileURL(join(dir, "page.html")).href);
    await page.waitForSelector("svg .node");
  });
  afterEach(() => assert.deepEqual(errors.splice(0), []));
  after(async () => {
    await browser.close();
    await rm(dir, { recursive: true });
  });

  const lit = () => page.$$eval(".node.lit", (nodes) => nodes.map(({ id }) => id));
  const details = async () => (await page.textContent("#details")) ?? "";
  const focused = () => page.evaluate("document.activeElement?.id");

  it("loads no other resource", () => {
    assert.deepEqual(new Set(asked.map((url) => new URL(url).protocol)), new Set(["file:"]));
    assert.equal(new Set(asked).size, 1);
  });
  it("is at most 2 MB", async () =>
    assert.ok(Buffer.byteLength(await graphPage([live, planned, manySick])) < 2_000_000));
  it("shows a state by sign and class, not only by colour", async () => {
    assert.equal(await page.textContent("#vault-0 text"), "✗ ghcr-token");
    assert.equal(await page.getAttribute("#vault-0", "aria-label"), "ghcr-token: broken");
    assert.match((await page.textContent("#summary")) ?? "", /1 broken/);
  });
  it("highlights the whole path of a secret on a click, with evidence and fix next to it", async () => {
    await page.click("#vault-0");
    assert.deepEqual(await lit(), [
      "dotenv-0",
      "key-vault-0",
      "vault-0",
      "delivery-0",
      "target-0",
      "delivery-1",
      "target-1",
    ]);
    assert.match(
      await details(),
      /vault-holds-placeholder.*version 1 is a placeholder.*ameide-secrets bootstrap run --stack dev/s,
    );
  });
  it("highlights every secret of a target with several", async () => {
    await page.click("#target-0");
    assert.equal(await page.textContent("#target-0 text"), "✓ ameide-dev/ghcr-pull");
    const paths = await lit();
    assert.ok(paths.includes("vault-0") && paths.includes("vault-1"));
  });
  it("works with the keyboard only: Tab, arrows, Enter, and Escape to clear", async () => {
    await page.focus("#theme");
    await page.keyboard.press("Tab");
    const first = await focused();
    assert.equal(first, await page.$eval('.node[tabindex="0"]', ({ id }) => id));
    await page.keyboard.press("ArrowDown");
    assert.notEqual(await focused(), first);
    await page.keyboard.press("Enter");
    assert.notEqual((await lit()).length, 0);
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "details", "what is reported of it may be longer than the window");
    await page.keyboard.press("Escape");
    assert.deepEqual(await lit(), []);
  });
  it("draws only what a search finds, and shows how many of how many", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("langfuse");
    assert.deepEqual(await page.$$eval('[id^="vault-"] text', (texts) => texts.map(({ textContent }) => textContent)), [
      "✓ langfuse-secret-key",
    ]);
    assert.match((await page.textContent("#summary")) ?? "", /^1 of 5 secrets/);
  });
  it("draws only what is broken on request", async () => {
    await page.check("#broken");
    assert.equal(await page.$$eval('[id^="vault-"]', (nodes) => nodes.length), 1);
  });
  it("is dark if the system is, or if dark is selected", async () => {
    const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const light = await background();
    await page.emulateMedia({ colorScheme: "dark" });
    const dark = await background();
    assert.notEqual(dark, light);
    await page.selectOption("#theme", "light");
    assert.equal(await background(), light);
    await page.emulateMedia({ colorScheme: "light" });
  });
  it("draws a plan of 500 secrets without a cluster, each box with a name and without overlaps", async () => {
    await page.selectOption("#environment", "staging");
    assert.match((await page.textContent("#summary")) ?? "", /505 secrets.*nothing was read/);
    const boxes = await page.$$eval(".node.place", (nodes) =>
      nodes.map((node) => {
        const { x, y } = node.getBoundingClientRect();
        return `${Math.round(x)},${Math.round(y)}`;
      }),
    );
    assert.ok(boxes.length > 1500);
    assert.equal(new Set(boxes).size, boxes.length);
  });
  it("draws the broken ones of 500 first, next to what is delivered with them", async () => {
    await page.selectOption("#environment", "prod");
    const top = await page.$$eval('[id^="vault-"]', (nodes) =>
      nodes.toSorted((a, b) => a.getBoundingClientRect().y - b.getBoundingClientRect().y).map((one) => one.textContent),
    );
    assert.match(top[0] ?? "", /✗ service-403-key/);
    assert.match(top[1] ?? "", /✓ service-400-key/);
    assert.match((await page.textContent("#summary")) ?? "", /505 secrets, 129 deliveries: 1 broken by 1 cause/);
  });
  it("goes from a cause to the secret's box, also if a filter had hidden it", async () => {
    await page.selectOption("#environment", "prod");
    await page.fill("#search", "langfuse");
    await page.locator('[id^="vault-"]').nth(1).waitFor({ state: "detached" });
    await page.click('#details button[data-secret="service-403-key"]');
    assert.ok((await lit()).includes(String(await focused())));
    assert.match(await details(), /^service-403-key/);
    assert.equal(await page.inputValue("#search"), "");
  });
  it("shows what is wrong at a box that all secrets pass", async () => {
    await page.click("#bootstrap", { position: { x: 5, y: 5 } });
    assert.match(await details(), /^identity and vault-bootstrap: oknothing is wrong here/);
    await page.click("#store-0", { position: { x: 5, y: 5 } });
    assert.match(await details(), /^ameide-dev\/ameide-vault: ok/);
  });
  it("keeps cluster-managed secrets in separate lanes, without an edge into the pipeline", async () => {
    await page.click('[id^="managed-cnpg"]');
    assert.match(await details(), /must never enter this pipeline/);
    const { svg, positions } = layout(live);
    const lanes = Math.min(...[...positions].flatMap(([id, { y }]) => (/^(managed|owner)-/.test(id) ? [y] : [])));
    const edges = [...svg.matchAll(/class="edge[^"]*" d="M[^,]+,(\d+)L[^,]+,(\d+)/g)];
    assert.notEqual(edges.length, 0);
    assert.deepEqual(
      edges.filter(([, from, to]) => Math.max(Number(from), Number(to)) >= lanes),
      [],
    );
  });
  it("shows nothing as healthy that could not be read, and counts nothing as broken for it", async () => {
    const blind = graphModel(stack.plan, stack.catalogue, explain({ ...whole, stores: unseen("forbidden") }, stack));
    await page.setContent(await graphPage([blind]));
    await page.waitForSelector("svg .node");
    const said = (await page.textContent("#summary")) ?? "";
    assert.match(said, /: 1 error, \d+ could not be read at every stage, seen /);
    assert.match((await page.textContent("#store-0 text")) ?? "", /\?/);
    assert.match((await page.textContent("#details")) ?? "", /more: docs\/runbook\.md#cluster-not-readable/);
  });
  it("escapes names that would end its script", async () => {
    const evil = {
      ...live,
      secrets: live.secrets.map((one) => ({ ...one, name: `</script><script>throw 1</script>` })),
    };
    await page.setContent(await graphPage([evil]));
    await page.waitForSelector("svg .node");
  });
});

describe("the page's program", function () {
  this.timeout(60_000);
  it("type-checks against the browser's types, which the rest of the code must not use", () => {
    const root = join(import.meta.dirname, "../../..");
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const config = join(root, "diagnose/graph/browser");
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", config, "--pretty", "false"], {
      cwd: root,
      encoding: "utf8",
    });
    // of the other files the page has types alone, and they may be of Node
    assert.deepEqual(
      stdout.split("\n").filter((line) => /^diagnose\/graph\/|^error /.test(line)),
      [],
    );
  });
});

function withMany(count: number): typeof seedCatalogue {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const secrets = numbers.map((n) => [`service-${n}-key`, { authority: "external" as const, env: `SERVICE_${n}_KEY` }]);
  const deliveries = numbers
    .filter((n) => n % 4 === 0)
    .map((n) => [
      `service-${n}`,
      { type: "Opaque" as const, keys: { A: `service-${n}-key`, B: `service-${n + 3}-key` } },
    ]);
  return {
    ...seedCatalogue,
    secrets: { ...seedCatalogue.secrets, ...Object.fromEntries(secrets) },
    deliveries: { ...seedCatalogue.deliveries, ...Object.fromEntries(deliveries) },
  };
}
