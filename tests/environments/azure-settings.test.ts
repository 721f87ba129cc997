import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { azureSettings } from "../../domain/plan/azure-settings.ts";
import { issueServerCertificate } from "../../local/certificate-authority.ts";
import { StackFolder } from "./stacks.ts";

const ids = {
  tenantId: "11111111-1111-4111-8111-111111111111",
  subscriptionId: "22222222-2222-4222-8222-222222222222",
};
const subnet = "/subscriptions/s/resourceGroups/R/providers/Microsoft.Network/virtualNetworks/v/subnets/aks";

describe("settings of the Key Vault", () => {
  const network = (given: unknown) => azureSettings.safeParse({ ...ids, network: given });
  const problems = (given: unknown): readonly string[] =>
    network(given).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

  it("are Azure's own defaults where none is set", () => {
    const { sku, network: none, tags } = azureSettings.parse(ids);
    assert.deepEqual([sku, none, tags], ["standard", undefined, undefined]);
  });

  it("spell addresses and subnets as Azure returns them, so that a refresh reports no difference", () => {
    assert.deepEqual(network({ addresses: ["20.1.2.3", "20.1.2.0/24"], subnets: [subnet] }).data?.network, {
      publicAccess: true,
      addresses: ["20.1.2.3/32", "20.1.2.0/24"],
      subnets: [subnet.toLowerCase()],
      trustedServices: true,
    });
  });

  it("refuse rules under which nothing could reach the Key Vault, and rules that Azure ignores", () => {
    assert.match(problems({})[0] ?? "", /^network: lists no address and no subnet.*publicAccess: false/);
    assert.match(
      problems({ publicAccess: false, addresses: ["20.1.2.3"], subnets: [subnet] })[0] ?? "",
      /^network: Azure ignores addresses and subnets while publicAccess is false/,
    );
    assert.deepEqual(problems({ publicAccess: false }), []);
  });

  it("refuse addresses that Azure refuses, each with what to write instead", () => {
    const of = (address: string): string => problems({ addresses: [address] })[0] ?? "";
    assert.match(of("20.1.2.9/24"), /use 20\.1\.2\.0\/24$/);
    for (const inside of ["10.0.0.1", "172.16.0.0/12", "172.31.255.1", "192.168.1.0/24"])
      assert.match(of(inside), /subnet/);
    for (const outside of ["172.15.0.1", "172.32.0.1", "0.0.0.0/0"]) assert.equal(of(outside), "");
    for (const wrong of ["20.1.2", "2001:db8::1", "20.1.2.3/33", ""]) assert.match(of(wrong), /IPv4 address or range/);
    assert.match(problems({ subnets: ["aks"] })[0] ?? "", /az network vnet subnet show/);
  });

  it("accept a CA in PEM, and refuse its key and anything else", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ameide-secrets-ca-"));
    const { key } = await issueServerCertificate(folder);
    const ca = readFileSync(join(folder, "ca.crt"), "utf8");
    rmSync(folder, { recursive: true });
    const of = (extraCaPem: string) => azureSettings.safeParse({ ...ids, extraCaPem });
    assert.equal(of(ca).data?.extraCaPem, ca);
    assert.match(String(of(`${ca}${String(key)}`).error), /contains a private key/);
    assert.match(String(of("/etc/ssl/proxy.crt").error), /is not a certificate in PEM/);
  });

  it("refuse tags that Azure refuses, more than fit on a secret, and those that ameide-secrets sets", () => {
    const tags = (given: object) => azureSettings.safeParse({ ...ids, tags: given });
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`t${n}`, "x"]));
    assert.deepEqual([tags(many(12)).success, tags(many(13)).success], [true, false]);
    assert.deepEqual([tags({ "a/b": "x" }).success, tags({ owner: "x".repeat(257) }).success], [false, false]);
    assert.match(String(tags({ "Managed-By": "me" }).error), /what this program sets on secrets/);
  });

  describe("in Pulumi.shared.yaml", () => {
    let stacks: StackFolder;
    beforeEach(() => (stacks = new StackFolder()));
    afterEach(() => stacks.delete());
    const set = (lines: string): void =>
      stacks.edit("Pulumi.shared.yaml", "keyVault: ameidekv", `keyVault: ameidekv\n${lines}`);

    it("reach the plan of the shared stack", async () => {
      set("      sku: premium\n      tags: { owner: platform }\n      network: { addresses: [20.1.2.3] }");
      const { sku, tags, network: rules } = (await stacks.load("shared")).azure;
      assert.deepEqual([sku, tags, rules?.addresses], ["premium", { owner: "platform" }, ["20.1.2.3/32"]]);
    });

    it("are refused at their own place, with the key that was meant", async () => {
      set("      network: { adresses: [20.1.2.3] }");
      const [first = ""] = await stacks.refusal("shared");
      assert.match(first, /azure\.network/);
      assert.match(first, /adresses/);
    });
  });
});
