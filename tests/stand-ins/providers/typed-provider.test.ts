import assert from "node:assert/strict";
import { CreationJournal } from "../../../stand-ins/providers/creation-journal.ts";
import { inputDiff } from "../../../stand-ins/providers/property-diff.ts";
import { keepSecrets, SecretProperty, unknown, type JsonObject } from "../../../stand-ins/providers/property-value.ts";
import type { ResourceCall } from "../../../stand-ins/providers/provider.ts";
import { type ResourceType, TypedProvider } from "../../../stand-ins/providers/typed-provider.ts";
import { emptyCall } from "./provider-client.ts";

/** A server that holds things by name. */
interface Shelf {
  readonly things: Map<string, JsonObject>;
  cut: boolean;
}

const thing: ResourceType<Shelf> = {
  diff: (request) => inputDiff(request, ["name"]),
  plan: (inputs, oldOutputs) => ({ ...inputs, serial: oldOutputs?.["serial"] ?? unknown }),
  outputs: (live, inputs) => keepSecrets(live, inputs),
  importedInputs: ({ name = null, size = null }) => ({ name, size }),
  idOf: (_shelf, { name }) => name as string,
  create: ({ things }, id, inputs) => {
    if (things.has(id)) return Promise.reject(new Error(`${id} is there already`));
    things.set(id, inputs);
    return Promise.resolve();
  },
  update: ({ things }, id, inputs) => Promise.resolve(void things.set(id, inputs)),
  read: ({ things, cut }, id) => {
    if (cut) return Promise.reject(new Error("connection lost"));
    const found = things.get(id);
    return Promise.resolve(found && { ...found, serial: 7 });
  },
  remove: ({ things }, id) => Promise.resolve(void things.delete(id)),
};

describe("TypedProvider", () => {
  const shelf: Shelf = { things: new Map(), cut: false };
  let journal = new CreationJournal(undefined);

  beforeEach(() => {
    shelf.things.clear();
    shelf.cut = false;
    journal = new CreationJournal(undefined);
  });

  function provider(connected = true): TypedProvider<Shelf> {
    const made = new TypedProvider({
      name: "shelf",
      typeOf: (token) => (token === "shelf:index:Thing" ? thing : undefined),
      connect: () => (connected ? shelf : undefined),
      journal,
    });
    made.configure({});
    return made;
  }

  const about: ResourceCall = { ...emptyCall, urn: "urn:a", type: "shelf:index:Thing", name: "a" };

  it("refuses the check of a type that it does not serve, naming it", async () => {
    const request = { ...about, type: "shelf:index:Other" };
    const { failures } = provider().check(request);
    assert.match(failures?.[0]?.reason ?? "", /shelf:index:Other/);
  });

  it("plans a type that it does not serve offline, by its inputs", async () => {
    const other = { ...about, type: "shelf:index:Other" };
    const served = provider(false);
    const { failures = [] } = served.check(other);
    const { outputs } = await served.create({ ...other, inputs: { a: 1 }, preview: true });
    assert.deepEqual([failures, outputs], [[], { a: 1 }]);
  });

  it("previews what its type plans, without a server", async () => {
    const served = provider(false);
    const created = await served.create({ ...about, inputs: { name: "a" }, preview: true });
    assert.deepEqual([created.id, created.outputs["serial"]], ["", unknown]);
    const update = { ...about, id: "a", inputs: { name: "a" }, oldInputs: {}, oldOutputs: { serial: 7 } };
    assert.deepEqual(await served.update({ ...update, preview: true }), { name: "a", serial: 7 });
  });

  it("keeps secret in the outputs what was secret in the inputs", async () => {
    const inputs = { name: "a", note: new SecretProperty("n") };
    const { outputs } = await provider().create({ ...about, inputs });
    assert.equal((outputs["note"] as SecretProperty).reveal(), "n");
    assert.deepEqual(shelf.things.get("a"), { name: "a", note: "n" });
  });

  it("does not change what something else created", async () => {
    shelf.things.set("a", { name: "a", theirs: true });
    const created = provider().create({ ...about, inputs: { name: "a" } });
    await assert.rejects(created, /a is there already/);
    assert.deepEqual(shelf.things.get("a"), { name: "a", theirs: true });
    assert.equal(journal.createdFor("shelf:index:Thing a"), undefined);
  });

  it("adopts what it created for the same resource before, and updates it", async () => {
    await provider().create({ ...about, inputs: { name: "a", size: 1 } });
    await provider().create({ ...about, inputs: { name: "a", size: 2 } });
    assert.deepEqual(shelf.things.get("a"), { name: "a", size: 2 });
  });

  it("does not adopt what it created for another resource", async () => {
    await provider().create({ ...about, inputs: { name: "a", size: 1 } });
    const second = provider().create({
      ...about,
      urn: "urn:b",
      inputs: { name: "a", size: 2 },
    });
    await assert.rejects(second, /a is there already/);
    assert.equal(journal.createdFor("shelf:index:Thing a"), "urn:a");
  });

  it("forgets what it deleted", async () => {
    const served = provider();
    await served.create({ ...about, inputs: { name: "a" } });
    await served.delete({ ...about, id: "a", oldInputs: { name: "a" }, oldOutputs: {} });
    assert.equal(journal.createdFor("shelf:index:Thing a"), undefined);
    assert.equal(shelf.things.size, 0);
  });

  it("adopts what it created but could not read back", async () => {
    shelf.cut = true;
    const create = async () => provider().create({ ...about, inputs: { name: "a" } });
    await assert.rejects(create(), /connection lost/);
    shelf.cut = false;
    assert.equal((await create()).id, "a");
  });

  it("reads inputs for an import, and undefined for what no longer exists", async () => {
    shelf.things.set("a", { name: "a", size: 3, note: "n" });
    const served = provider();
    const read = await served.read({ ...about, id: "a" });
    assert.deepEqual(read?.inputs, { name: "a", size: 3 });
    assert.equal(await served.read({ ...about, id: "b" }), undefined);
  });

  it("fails to change anything offline", async () => {
    await assert.rejects(provider(false).create({ ...about, inputs: { name: "a" } }), /offline/);
  });
});
