import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commands } from "../../cli/commands/index.ts";
import { pasteable } from "../../cli/spelling.ts";
import type { KubernetesObject } from "../../clients/kubernetes.ts";
import type { MoveInStep } from "../../domain/move-in/facts.ts";
import { externalSecret } from "../../domain/manifests/external-secret.ts";
import { secretStore } from "../../domain/manifests/secret-store.ts";
import { runCommand } from "../support/command-line.ts";
import { placeOf } from "../support/local-chain.ts";
import { Platform } from "./move-in/platform.ts";
import { Rehearsal, type Traces } from "./move-in/rehearsal.ts";

/** `npm run rehearse` shows it as it goes; `write` writes the transcript of the documentation as well. */
const mode = process.env["AMEIDE_SECRETS_REHEARSAL"];
const transcript: string[] = [];
const print = (line: string): void => {
  transcript.push(line);
  if (mode !== undefined) process.stdout.write(`${line}\n`);
};

describe("moving in from the platform of the document", function () {
  this.timeout(300_000);
  let platform: Platform;
  let person: Rehearsal;
  let first: Traces;
  /** What may differ from the beginning, once vault-bootstrap has run: the placeholder is replaced by Key Vault's value. */
  const replaced = new Set<string>();

  before(async () => {
    platform = await Platform.start();
    person = new Rehearsal(platform, print);
    first = await person.traces();
  });
  after(() => platform?.stop());

  const unchanged = async (after: string): Promise<void> => {
    const now = await person.traces();
    for (const [name, trace] of first) {
      if (replaced.has(name)) continue;
      assert.equal(now.get(name), trace, `${name} after ${after}`);
    }
  };
  const step = async (id: string): Promise<MoveInStep> => {
    const found = (await person.plan()).find((one) => one.id === id);
    assert.ok(found !== undefined, `the plan has no step ${id}`);
    return found;
  };
  const commandsOf = ({ run }: MoveInStep) =>
    run.flatMap((text) => text.split("\n")).filter((line) => /^(kubectl|terraform|ameide-secrets) /.test(line));

  /** One step as it is printed: stopped in the middle for a day, begun again, and followed by another day. */
  const follow = async (id: string, byHand?: () => Promise<void> | void): Promise<void> => {
    const open = await step(id);
    assert.equal(open.state, "open", `${id} is ${open.state}: ${open.note}`);
    print(`\n${open.id}: ${open.title}`);
    const commands = byHand === undefined ? commandsOf(open) : [];
    for (const command of commands.slice(0, Math.ceil(commands.length / 2))) await person.shell(command);
    if (commands.length > 1) {
      await person.day();
      await unchanged(`half of ${id}`);
      for (const command of commandsOf(await step(id))) await person.shell(command);
    }
    if (byHand !== undefined) for (const text of open.run.filter((one) => !one.startsWith("az "))) print(text);
    await byHand?.();
    await person.day();
    await unchanged(id);
    const last = await step(id);
    assert.equal(last.state, "done", `${id}: ${last.note ?? ""} ${last.objects.join("; ")}`);
    print("done: every value and object is the same after a day of ArgoCD, Terraform and the old job");
  };

  it("lists what exists, in order, and changes nothing", async () => {
    const steps = await person.plan();
    print(`plan: ${steps.map(({ id, state }) => `${id} (${state})`).join(", ")}`);
    assert.deepEqual(
      steps.map(({ id }) => id),
      [
        "terraform-release",
        "key-vault-names",
        "adopt",
        "reviewer-token",
        "consumers",
        "suspend",
        "keep",
        "source",
        "untrack",
        "hand-over",
        "up",
        "unmarked",
        "admission",
      ],
    );
    assert.deepEqual(
      steps.filter(({ state }) => state === "done").map(({ id }) => id),
      ["key-vault-names", "consumers"],
    );
    assert.deepEqual((await step("key-vault-names")).objects, [
      "database-ssl: a setting name",
      "platform-app-client-secret: keycloak, identity",
      "platform-db-password: cnpg",
    ]);
    await unchanged("a look");
  });

  it("prints the same on the command line, as text, data and a page", async () => {
    const page = join(platform.home.dir, "move-in.html");
    const flags = [
      "move-in",
      "--stack",
      "local",
      "--terraform",
      platform.stateFile,
      "--prove",
      ...placeOf(platform.home),
    ];
    const text = await runCommand([...flags, "--html", page]);
    assert.equal(text.code, 1, text.err);
    assert.match(
      text.out,
      /^local: \d of 13 steps are done; next: terraform-release\n\n1\. \[open\] terraform-release: /,
    );
    const { steps } = JSON.parse((await runCommand([...flags, "--json"])).out) as { steps: MoveInStep[] };
    assert.deepEqual(
      steps.find(({ id }) => id === "suspend"),
      await step("suspend"),
    );
    const html = readFileSync(page, "utf8");
    assert.match(html, /<summary class="open">1\. open: Terraform releases/);
    assert.doesNotMatch(`${text.out}${text.err}${html}${JSON.stringify(steps)}`, /canary-(?!user)/);
  });

  it("a Terraform configuration without the old variable deletes everything, until its state is released", async () => {
    person.configured = false;
    assert.equal(person.terraformDeletes().length, 5);
    person.configured = true;
    await follow("terraform-release");
    person.configured = false;
    assert.deepEqual(person.terraformDeletes(), []);
  });

  it("adopts what the plan names, and removes the pinned token", async () => {
    const { run } = await step("adopt");
    const [az = "", yaml = ""] = run;
    await follow("adopt", async () => {
      await person.shell(az);
      const entries = [...yaml.matchAll(/^ {6}([\w-]+): (".*")$/gm)];
      person.adopt(Object.fromEntries(entries.map(([, name = "", id = ""]) => [name, JSON.parse(id) as string])));
    });
    await follow("reviewer-token");
  });

  it("the stand-in for ArgoCD prunes by the rules of its documentation", async () => {
    const object = (name: string, annotations = {}): KubernetesObject => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: "argocd", annotations },
    });
    const id = (name: string) => ({ "argocd.argoproj.io/tracking-id": `rules:/ConfigMap:argocd/${name}` });
    const option = (value: string) => ({ "argocd.argoproj.io/sync-options": value });
    const there = async () =>
      (await platform.cluster.metadata("/api/v1/namespaces/argocd/configmaps"))
        .filter(({ name, deletionTimestamp }) => name !== "kube-root-ca.crt" && deletionTimestamp === undefined)
        .map(({ name }) => name);
    const { argo } = platform;
    argo.source.set("rules", [
      object("gone"),
      object("kept", option("Prune=false")),
      object("stays", option("Delete=false")),
    ]);
    await argo.sync();
    const { metadata } = await platform.cluster.get("/api/v1/namespaces/argocd/configmaps/kept");
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "kept", uid: metadata.uid };
    const owned = object("owned", id("owned"));
    const create = (one: object) => platform.cluster.create("/api/v1/namespaces/argocd/configmaps", one);
    await create({ ...owned, metadata: { ...owned.metadata, ownerReferences: [owner] } });
    await create(object("copied", id("another")));
    argo.source.set("rules", [object("stays", option("Delete=false"))]);
    await argo.sync();
    assert.deepEqual(await there(), ["copied", "kept", "owned", "stays"]);
    argo.source.set("other", [object("stays", option("Delete=false"))]);
    await argo.sync();
    argo.source.set("rules", []);
    await argo.sync();
    assert.ok((await there()).includes("stays"), "the last Application to sync owns it");
    await argo.deleteApplication("rules");
    await argo.deleteApplication("other");
    // what is owned goes with its owner, in the background
    await platform.until(async () => (await there()).join() === "copied,stays", "the deletion of an Application");
    await platform.cluster.remove("/api/v1/namespaces/argocd/configmaps/stays");
    await platform.cluster.remove("/api/v1/namespaces/argocd/configmaps/copied");
  });

  it("leaves ArgoCD without pruning anything", async () => {
    await follow("suspend");
    await follow("keep");
    await follow("source", async () => {
      person.removeFromSource((await step("source")).objects);
      await platform.argo.sync();
    });
    await follow("untrack");
    await follow("hand-over");
  });

  it("manages the environment, with no field of the old objects left in ours", async () => {
    replaced.add("Secret ameide-local/inference-api-credentials");
    await follow("up", () => person.up());
    const { plan } = person.stack;
    for (const delivery of plan.deliveries) {
      const live = await platform.cluster.get(
        `/apis/external-secrets.io/v1/namespaces/${delivery.namespace}/externalsecrets/${delivery.name}`,
      );
      assert.deepEqual(live["spec"], externalSecret(delivery, "").spec);
    }
    for (const store of plan.stores) {
      const live = await platform.cluster.get(
        `/apis/external-secrets.io/v1/namespaces/${store.namespace}/secretstores/${store.name}`,
      );
      assert.deepEqual(live["spec"], secretStore(store, person.stack).spec);
    }
    assert.equal((await step("unmarked")).state, "done");
  });

  it("admission denies, doctor finds nothing, and every step is done", async () => {
    await follow("admission", async () => {
      person.set({ admission: "deny" });
      await person.up();
    });
    assert.deepEqual(await person.doctor(), []);
    const steps = await person.plan();
    assert.deepEqual(
      steps.filter(({ state }) => state !== "done"),
      [],
    );
  });

  it("undoes every step", async () => {
    person.restoreSource();
    await platform.argo.sync();
    await person.day();
    await unchanged("the old files are back");
    await person.destroy();
    await person.day();
    await unchanged("destroy");
    print("\nway back: the old files in ArgoCD's source, then destroy: every value and object is the same");
    assert.equal(await platform.oldJob(), true);
  });

  it("moves in again with ArgoCD as the writer: within one Application and across two", async () => {
    person.set({ delivery: "gitops" });
    print("\ndelivery: gitops");
    await follow("up", async () => {
      person.applications = ["local-foundation", "local-secrets"];
      await person.up();
    });
    await follow("suspend");
    await follow("keep");
    await follow("source", async () => {
      person.removeFromSource((await step("source")).objects);
      await platform.argo.sync();
    });
    await follow("commit", async () => {
      person.commitRendered("local-foundation");
      await platform.argo.sync();
    });
    // the old Application takes along what is still its own, and nothing that has moved
    replaced.add("externalsecrets ameide-local/keycloak-master-platform-app-sync");
    replaced.add("Secret ameide-local/platform-app-master-client");
    await platform.argo.deleteApplication("local-secrets");
    await unchanged("the old Application is deleted");
  });

  it("matches its transcript in the documentation", () => {
    const file = join(import.meta.dirname, "..", "..", "docs", "move-in-rehearsal.md");
    const head =
      "# A rehearsal of moving in\n\nWritten by `AMEIDE_SECRETS_REHEARSAL=write npm run rehearse`; see [moving in](moving-in.md#a-rehearsal).\n";
    const text = `${head}\n\`\`\`text\n${pasteable(transcript.join("\n"), "./ameide-secrets", commands)}\n\`\`\`\n`;
    if (mode === "write") writeFileSync(file, text);
    assert.equal(readFileSync(file, "utf8"), text, "fix: AMEIDE_SECRETS_REHEARSAL=write npm run rehearse");
  });
});
