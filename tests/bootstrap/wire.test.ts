import assert from "node:assert/strict";
import { join } from "node:path";
import { bootstrapMemory } from "../../domain/manifests/bootstrap.ts";
import { canarySearch } from "../support/canary.ts";
import { canariesOnTheWire, recordedIn, sentMessages, type SentMessage } from "../support/wire.ts";
import { external } from "./external.ts";
import { useRig } from "./use-rig.ts";

const values = {
  "wire-token": "canary-ghp_0123456789",
  "wire-lines": "-----BEGIN KEY-----\ncanary/0123456789+\n-----END KEY-----\n",
  "wire-json": '{"user":"a","password":"canary-\\"quoted\\"-→-ümlaut"}',
};

describe("what vault-bootstrap sends", function () {
  this.timeout(60_000);
  const rig = useRig();

  it("contains a value only in the write of that secret to Vault, also in a run that fails", async () => {
    const file = join(rig().home.dir, "wire.jsonl");
    const env = recordedIn(file, bootstrapMemory.NODE_OPTIONS);
    const config = rig().config({ secrets: Object.keys(values).map((name) => external(name)) });
    await rig().vault.allow(config);
    await rig().source.setSecrets(values);
    const written = await rig().run(config, { env });
    assert.equal(written.code, 0, written.text);

    await rig().source.setSecrets(
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `${value}2`])),
    );
    const refuses = await rig().proxy((call, forward) =>
      call.method === "POST" && call.path.startsWith("/v1/secret/data/")
        ? Promise.resolve({ status: 400, body: JSON.stringify({ errors: [`${call.body} is refused`] }) })
        : forward(),
    );
    const failed = await rig().run({ ...config, vault: rig().vaultConfig({ address: refuses }) }, { env });
    assert.notEqual(failed.code, 0, failed.text);

    const search = canarySearch(values);
    const messages = sentMessages(file);
    for (const url of [rig().home.kubernetesUrl, rig().home.vaultUrl, rig().azure.origin])
      assert.ok(
        messages.some(({ to }) => to.includes(` ${url}/`)),
        `nothing was recorded for ${url}`,
      );
    const isWrite = ({ to }: SentMessage): boolean => /^POST \S+\/v1\/secret\/data\/wire-/.test(to);
    assert.deepEqual(canariesOnTheWire(messages, search, isWrite), []);
    for (const name of Object.keys(values)) {
      const others = ({ to }: SentMessage): boolean => !to.endsWith(`/v1/secret/data/${name}`);
      const found = canariesOnTheWire(messages, search, others);
      assert.ok(found.length > 0 && found.every((one) => one.includes(`: ${name} (`)), found.join("\n"));
    }
    assert.deepEqual(search(`${written.text}${failed.text}`), []);
  });
});
