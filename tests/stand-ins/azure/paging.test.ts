import assert from "node:assert/strict";
import { atOnce, collect, deleteSecret } from "./official-client.ts";
import { useAzureRig } from "./use-azure-rig.ts";

describe("Paging, by Key Vault's official client", () => {
  const { rig, client } = useAzureRig();
  beforeEach(() => rig().azure.control.configure({ throttling: false }));

  const names = (count: number) => Array.from({ length: count }, (_none, n) => `env-${String(n).padStart(3, "0")}`);

  it("returns every secret once, in pages of 25, without values or versions", async () => {
    for (const name of names(60)) await client().setSecret(name, "value");
    rig().azure.control.resetCounters();

    const pages = [];
    for await (const page of client().listPropertiesOfSecrets().byPage()) pages.push(page);

    assert.deepEqual(
      pages.map((page) => page.length),
      [25, 25, 10],
    );
    assert.deepEqual(
      pages.flat().map(({ name }) => name),
      names(60),
    );
    assert.equal(pages[0]?.[0]?.version, undefined);
    assert.equal(rig().azure.control.counters().requests["secret-list"], 3);
  });

  it("has no empty page after a full one", async () => {
    for (const name of names(25)) await client().setSecret(name, "value");
    rig().azure.control.resetCounters();

    assert.equal((await collect(client().listPropertiesOfSecrets(), ({ name }) => name)).length, 25);
    assert.equal(rig().azure.control.counters().requests["secret-list"], 1);
  });

  it("neither repeats nor misses existing secrets while others are added and deleted between two pages", async () => {
    for (const name of names(60)) await client().setSecret(name, "value");
    const seen: string[] = [];
    for await (const page of client().listPropertiesOfSecrets().byPage()) {
      seen.push(...page.map(({ name }) => name));
      if (seen.length !== 25) continue;
      await client().beginDeleteSecret("env-010", atOnce);
      await client().setSecret("env-000-new", "value");
    }

    assert.deepEqual(seen, names(60));
  });

  it("leaves no gap for deleted secrets", async () => {
    for (const name of names(30)) await client().setSecret(name, "value");
    for (const name of names(10)) await deleteSecret(client(), name);

    const sizes = [];
    for await (const page of client().listPropertiesOfSecrets().byPage()) sizes.push(page.length);

    assert.deepEqual(sizes, [20]);
  });

  it("returns every version once, not in the order of time", async () => {
    const made = [];
    for (let n = 0; n < 50; n++) made.push((await client().setSecret("env-one", `value-${n}`)).properties.version);
    rig().azure.control.resetCounters();

    const listed = await collect(client().listPropertiesOfSecretVersions("env-one"), ({ version }) => version);

    assert.deepEqual(
      listed,
      made.toSorted((a = "", b = "") => (a < b ? -1 : 1)),
    );
    assert.equal(rig().azure.control.counters().requests["secret-list-versions"], 2);
  });

  it("returns smaller pages on request, and fails beyond 25", async () => {
    for (const name of names(7)) await client().setSecret(name, "value");

    const sizes = [];
    for await (const page of client().listPropertiesOfSecrets().byPage({ maxPageSize: 3 })) sizes.push(page.length);

    assert.deepEqual(sizes, [3, 3, 1]);
    const tooLarge = client().listPropertiesOfSecrets().byPage({ maxPageSize: 26 });
    await assert.rejects(tooLarge.next(), { statusCode: 400, code: "BadParameter" });
  });
});
