import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { declare, usePolicyEngine } from "../support/policy-engine.ts";
import { changed } from "./examples/example.ts";
import { configMap, externalSecret, keyVaultSecret } from "./examples/samples.ts";
import { embeddedAttacks, pathAttacks, stolen, typeAttacks, unreadAttacks, type Attack } from "./attacks.ts";

/** Groups of programs, one preview each: a resource is named after its attack, so that each has its own verdicts. */
const groups: Readonly<Record<string, readonly Attack[]>> = {
  "another name for a type": typeAttacks,
  "another spelling of a path": pathAttacks,
  "a manifest or a template in another tool's hands": embeddedAttacks,
  // the engine itself refuses a type without a package
  "what no rule can read": unreadAttacks.filter(({ what }) => what !== "odd"),
};

const packages = Object.values(groups)
  .flat()
  .flatMap(({ samples }) => samples)
  .flatMap((sample) => ("type" in sample ? [sample.type.replace(/:.*$/, "")] : []));

describe("attacks, under the real engine", function () {
  this.timeout(120_000);
  const engine = usePolicyEngine(packages);

  it("are refused by a preview: a value of CNPG's Secret under a name that is allowed", async () => {
    const { passed, reported } = await engine.preview("prod", () => {
      // as an SDK's own `get` does: outputs exist for the names that are given
      const props = { metadata: undefined, data: undefined };
      const read = declare("read", { type: "kubernetes:core/v1:Secret", props }, { id: `ameide-prod/${stolen}` });
      const { data } = read as unknown as { readonly data: pulumi.Output<Record<string, string>> };
      const value = pulumi.secret(data).apply(({ password }) => Buffer.from(password ?? "", "base64").toString());
      const properties = { value };
      declare("direct", { ...keyVaultSecret, props: { ...keyVaultSecret.props, properties } });
      // over another resource in between
      const copy = declare("copy", changed(configMap, [["data"], { LOG_LEVEL: value }]));
      const copied = (copy as unknown as { readonly data: pulumi.Output<Record<string, string>> }).data;
      const dataJson = pulumi.secret(pulumi.jsonStringify(copied));
      declare("over-another", { type: "vault:kv/secretV2:SecretV2", props: { mount: "secret", name: "x", dataJson } });
      return Promise.resolve();
    });
    const refused = reported.filter(({ rule }) => rule === "authority-copied-value").map(({ resource }) => resource);
    assert.deepEqual([passed, refused.toSorted()], [false, ["direct", "over-another"]]);
  });

  it("ignore a component, because its children are judged", async () => {
    const { passed, reported } = await engine.preview("prod", () => {
      declare("child", externalSecret, { parent: new pulumi.ComponentResource("acme:index:Part", "part") });
      return Promise.resolve();
    });
    assert.deepEqual([passed, reported], [true, []]);
  });

  for (const [group, attacks] of Object.entries(groups)) {
    it(`are refused by a preview: ${group}`, async () => {
      const { passed, reported } = await engine.preview("prod", () => {
        for (const [i, { samples }] of attacks.entries()) for (const sample of samples) declare(`attack-${i}`, sample);
        return Promise.resolve();
      });
      const refused = new Set(
        reported.filter(({ level }) => level === "mandatory").map(({ resource, rule }) => `${resource} ${rule}`),
      );
      const missed = attacks.filter(({ rule }, i) => !refused.has(`attack-${i} ${rule}`)).map(({ what }) => what);
      assert.deepEqual([passed, missed], [false, []]);
    });
  }
});
