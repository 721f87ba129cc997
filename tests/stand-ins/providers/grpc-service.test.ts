import assert from "node:assert/strict";
import { status, type ServiceError } from "@grpc/grpc-js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import { SecretProperty, unknown, type PropertyMap } from "../../../stand-ins/providers/property-value.ts";
import type { Provider, ResourceCall } from "../../../stand-ins/providers/provider.ts";
import { ProviderClient, servePackage } from "./provider-client.ts";

/** Remembers how it was called; fails a creation as it is reported. */
class RecordingProvider implements Provider {
  options: PropertyMap = {};
  cancelled = false;
  created: ResourceCall | undefined;
  failure: Error | undefined;

  configure(options: PropertyMap) {
    this.options = options;
    if ("fail" in options) throw new Error("Vault is sealed");
  }
  check: Provider["check"] = ({ inputs }) => ({ inputs, failures: [{ property: "name", reason: "is missing" }] });
  diff: Provider["diff"] = () => ({
    changes: new Map([
      ["spec.template.image", { kind: "update", replaces: true }],
      ["metadata", { kind: "add", replaces: false }],
    ]),
    deleteBeforeReplace: true,
  });
  create: Provider["create"] = (request) => {
    this.created = request;
    return this.failure ? Promise.reject(this.failure) : Promise.resolve({ id: "the-id", outputs: request.inputs });
  };
  read: Provider["read"] = () => Promise.resolve(undefined);
  update: Provider["update"] = ({ inputs }) => Promise.resolve(inputs);
  delete: Provider["delete"] = () => Promise.resolve();
  cancel() {
    this.cancelled = true;
  }
}

describe("resourceProviderService", () => {
  let made: RecordingProvider[] = [];
  let served: { port: number; close(): void };
  let clients: ProviderClient[] = [];

  beforeEach(async () => {
    made = [];
    served = await servePackage({
      name: "recording",
      version: "1.2.3",
      create: () => {
        const provider = new RecordingProvider();
        made.push(provider);
        return provider;
      },
    });
  });
  afterEach(() => {
    for (const client of clients) client.close();
    clients = [];
    served.close();
  });

  function connect(): ProviderClient {
    const client = new ProviderClient(served.port, "recording:index:Thing");
    clients.push(client);
    return client;
  }

  async function configured(options: PropertyMap = {}): Promise<[ProviderClient, RecordingProvider]> {
    const client = connect();
    await client.configure(options);
    const provider = made.at(-1);
    assert.ok(provider);
    return [client, provider];
  }

  it("reports that it accepts secrets and previews, its version and a schema without types", async () => {
    const client = connect();
    assert.equal((await client.handshake()).getAcceptSecrets(), true);
    assert.equal((await client.configure()).getAcceptsecrets(), true);
    assert.equal((await client.configure()).getSupportspreview(), true);
    assert.equal(await client.version(), "1.2.3");
    assert.deepEqual(await client.schema(), { name: "recording", version: "1.2.3" });
  });

  it("passes on secrets and unknowns with their marks, and whether it is a preview", async () => {
    const [client, provider] = await configured();
    const { outputs } = await client.create({ a: new SecretProperty("s"), b: [unknown] }, { preview: true });
    assert.equal(provider.created?.preview, true);
    assert.equal(provider.created?.inputs["a"] instanceof SecretProperty, true);
    assert.deepEqual(provider.created?.inputs["b"], [unknown]);
    assert.equal((outputs["a"] as SecretProperty).reveal(), "s");
  });

  it("reports failures of a check by property", async () => {
    const [client] = await configured();
    assert.deepEqual((await client.check({ a: 1 })).failures, ["name: is missing"]);
  });

  it("reports a detailed difference, what replaces, and that it deletes first", async () => {
    const [client] = await configured();
    const response = await client.diff({}, {});
    const detailed = response.getDetaileddiffMap();
    assert.equal(response.getChanges(), providerProto.DiffResponse.DiffChanges.DIFF_SOME);
    assert.deepEqual(response.getReplacesList(), ["spec.template.image"]);
    assert.deepEqual(response.getDiffsList(), ["spec", "metadata"]);
    assert.equal(response.getDeletebeforereplace(), true);
    assert.equal(detailed.get("spec.template.image")?.getKind(), providerProto.PropertyDiff.Kind.UPDATE_REPLACE);
    assert.equal(detailed.get("metadata")?.getKind(), providerProto.PropertyDiff.Kind.ADD);
  });

  it("leaves the comparison of two configurations to the engine", async () => {
    const response = await connect().diffConfig({ address: "a" }, { address: "b" });
    assert.equal(response.getChanges(), providerProto.DiffResponse.DiffChanges.DIFF_UNKNOWN);
  });

  it("returns an empty id for what no longer exists", async () => {
    const [client] = await configured();
    assert.equal((await client.read("the-id", { a: 1 })).id, "");
  });

  it("fails in the provider's own words, without a secret of the request", async () => {
    const [client, provider] = await configured();
    provider.failure = new Error("server says: canary-value is taken");
    await assert.rejects(client.create({ a: new SecretProperty("canary-value") }), (error: ServiceError) => {
      assert.equal(error.details, "server says: [secret] is taken");
      return true;
    });
  });

  it("refuses a configuration in the provider's words", async () => {
    await assert.rejects(connect().configure({ fail: true }), /Vault is sealed/);
  });

  it("separates two providers of one program by their connections", async () => {
    const [first, firstProvider] = await configured({ name: "first" });
    const [, secondProvider] = await configured({ name: "second" });
    await first.create({});
    assert.notEqual(firstProvider.created, undefined);
    assert.equal(secondProvider.created, undefined);
    await first.cancel();
    assert.deepEqual([firstProvider.cancelled, secondProvider.cancelled], [true, false]);
  });

  it("gives a reconnecting client the last configuration", async () => {
    const [, provider] = await configured();
    await connect().create({});
    assert.notEqual(provider.created, undefined);
  });

  it("fails before it is configured, naming itself", async () => {
    await assert.rejects(connect().create({}), /provider recording was not configured/);
  });

  it("fails calls that the program does not use, so that the engine continues", async () => {
    const [client] = await configured();
    await assert.rejects(client.construct(), (error: ServiceError) => error.code === status.UNIMPLEMENTED);
  });
});
