import assert from "node:assert/strict";
import { changed, type Sample } from "../examples/example.ts";
import { externalSecret, keyVaultSecret } from "../examples/samples.ts";
import type { Exemption } from "../../../policies/exemptions.ts";
import { makeAnalyzer, type Analyzer, type PackInput, type PolicyConfig } from "../../../policies/pack/analyzer.ts";
import type { EngineResource } from "../../../policies/pack/subjects.ts";
import { isStackRule } from "../../../policies/rule.ts";
import { rules } from "../../../policies/rules.ts";
import { policyCatalogue, ruleOf, unknown } from "../../support/policy.ts";

const input: PackInput = { catalogue: policyCatalogue, exemptions: [], today: "2026-11-24" };
const refresh = ["spec", "refreshInterval"] as const;
const tooOften = changed(externalSecret, [refresh, "10s"]);

function packOf(id: string, changes: Partial<PackInput> = {}, config: Partial<PolicyConfig> = {}): Analyzer {
  const analyzer = makeAnalyzer([ruleOf(id)], { ...input, ...changes });
  if (Object.keys(config).length > 0) {
    analyzer.configure(new Map([[id, { level: "mandatory", properties: {}, ...config }]]));
  }
  return analyzer;
}

function resource(sample: Sample, stack = "prod"): EngineResource {
  assert.ok("type" in sample);
  const { type, props, protect = false } = sample;
  const urn = `urn:pulumi:${stack}::ameide-secrets::${type}::sample`;
  return { type, name: "sample", urn, inputs: () => props, options: { protect } };
}

function levels(analyzer: Analyzer, one: EngineResource): readonly string[] {
  return analyzer.analyze(one).map(({ level }) => level);
}

function messages(analyzer: Analyzer, one: EngineResource): readonly string[] {
  return analyzer.analyze(one).map(({ message }) => message);
}

describe("makeAnalyzer", () => {
  it("makes one policy a rule, each under its own name", () =>
    assert.deepEqual(
      makeAnalyzer(rules, input).policies.map(({ name }) => name),
      rules.map(({ id }) => id),
    ));
  it("tells a violation with its place, its repair and where to read on", () =>
    assert.deepEqual(messages(packOf("delivery-refresh"), resource(tooOften)), [
      "ExternalSecret ameide-prod/langfuse-secrets-sync: spec.refreshInterval: refreshInterval 10s is under a minute; set at least 60s\n  fix: Set spec.refreshInterval, such as 15m.\n  see: 648, external-secrets#5755",
    ]));
  it("lowers the level where the rule is advisory, unless the configuration says everywhere", () => {
    const rotated = changed(
      tooOften,
      [["spec", "data", 0, "remoteRef", "key"], "grafana-oidc-client-secret"],
      [refresh, "1h"],
    );
    const pack = packOf("delivery-refresh-rotated");
    assert.deepEqual(levels(pack, resource(rotated, "dev")), ["advisory"]);
    assert.deepEqual(levels(pack, resource(rotated, "prod")), ["mandatory"]);
    const everywhere = packOf("delivery-refresh-rotated", {}, { properties: { everywhere: true } });
    assert.deepEqual(levels(everywhere, resource(rotated, "dev")), ["mandatory"]);
  });
  it("takes the level that a policy group sets for one rule, and leaves the others theirs", () => {
    const both = makeAnalyzer([ruleOf("delivery-refresh"), ruleOf("delivery-policies")], input);
    const broken = resource(changed(tooOften, [["spec", "target", "creationPolicy"], "Orphan"]));
    const said = () => both.analyze(broken).map(({ policy, level }) => `${level} ${policy.name}`);
    assert.deepEqual(said(), ["mandatory delivery-refresh", "mandatory delivery-policies"]);
    both.configure(new Map([["delivery-refresh", { level: "advisory", properties: {} }]]));
    assert.deepEqual(said(), ["advisory delivery-refresh", "mandatory delivery-policies"]);
    both.configure(new Map([["delivery-refresh", { level: "disabled", properties: {} }]]));
    assert.deepEqual(said(), ["mandatory delivery-policies"]);
  });
  it("judges a stack of another name as strictly as prod", () => {
    const fixture = changed(keyVaultSecret, [["properties", "value"], "minioadmin"]);
    const pack = packOf("placeholder-fixture");
    assert.equal(pack.analyze(resource(fixture, "my-try")).length, 1);
    assert.equal(pack.analyze(resource(fixture, "dev")).length, 0);
  });

  describe("with an input that is not known", () => {
    const sample = resource(changed(externalSecret, [refresh, unknown]));
    const waits = "ExternalSecret ameide-prod/langfuse-secrets-sync: undecided: depends on spec.refreshInterval";
    it("tells it as advisory in a preview", () => {
      const pack = packOf("delivery-refresh");
      pack.configureStack({ isPreview: true });
      assert.deepEqual(messages(pack, sample), [
        `${waits}, which is not known yet; the update decides before this resource is made`,
      ]);
      assert.deepEqual(levels(pack, sample), ["advisory"]);
    });
    it("fails in an update, where it must be known by now", () => {
      const pack = packOf("delivery-refresh");
      pack.configureStack({ isPreview: false });
      assert.deepEqual(levels(pack, sample), ["mandatory"]);
      assert.match(messages(pack, sample)[0] ?? "", /the update must know it by now\n {2}fix: /);
    });
    it("believes the host of the pack before an engine that may say nothing", () => {
      const [preview, update] = [true, false].map((isPreview) => packOf("delivery-refresh", { isPreview }));
      preview?.configureStack({ isPreview: false });
      update?.configureStack({ isPreview: true });
      assert.deepEqual(
        [preview, update].map((pack) => pack && levels(pack, sample)),
        [["advisory"], ["mandatory"]],
      );
    });
    it("fails in an update over the whole stack too", () => {
      const rule = rules.find((one) => isStackRule(one) && one.id === "authority-duplicate-target");
      assert.ok(rule !== undefined);
      const pack = packOf(rule.id, { isPreview: false });
      const unnamed = resource(changed(externalSecret, [["spec", "target", "name"], unknown]));
      assert.deepEqual(
        pack.analyzeStack([unnamed, resource(externalSecret)]).map(({ level }) => level),
        ["mandatory"],
      );
    });
  });

  it("never says a value: not of a fixture, not of a placeholder", () => {
    const told = rules.filter(({ family }) => family === "placeholder" || family === "secretness");
    for (const value of ["minioadmin", "CHANGEME", "{{ .X }}", "ghp_0123456789012345678901234567890123456"]) {
      const sample = changed(keyVaultSecret, [["properties", "value"], value]);
      const said = messages(makeAnalyzer(told, input), resource(sample)).join("\n");
      assert.notEqual(said, "");
      assert.equal(said.includes(value), false);
    }
  });

  const exemption: Exemption = {
    rule: "delivery-refresh",
    subject: "ExternalSecret ameide-prod/langfuse-*",
    reason: "its source changes by the second",
    owner: "inference",
    until: "2026-11-24",
  };
  it("lets an exemption pass on its last day, and shows it", () => {
    const pack = packOf("delivery-refresh", { exemptions: [exemption] });
    assert.deepEqual(levels(pack, resource(tooOften)), ["advisory"]);
    assert.match(
      messages(pack, resource(tooOften))[0] ?? "",
      /exempt until 2026-11-24 \(inference: its source changes by the second\)/,
    );
  });
  it("fails the day after, and says that the exemption ended", () => {
    const pack = packOf("delivery-refresh", { exemptions: [exemption], today: "2026-11-25" });
    assert.deepEqual(levels(pack, resource(tooOften)), ["mandatory"]);
    assert.match(messages(pack, resource(tooOften))[0] ?? "", /its exemption ended on 2026-11-24/);
  });
  it("takes an exemption from the policy's configuration too", () => {
    const { rule: _rule, ...own } = exemption;
    const pack = packOf("delivery-refresh", {}, { properties: { exemptions: [own] } });
    assert.deepEqual(levels(pack, resource(tooOften)), ["advisory"]);
  });
  it("does not let an exemption of one subject or rule pass another", () => {
    for (const changes of [
      { subject: "ExternalSecret ameide-prod/ghcr-pull-sync" },
      { rule: "delivery-policies" },
      { environments: ["dev"] as const },
    ]) {
      const pack = packOf("delivery-refresh", { exemptions: [{ ...exemption, ...changes }] });
      assert.deepEqual(levels(pack, resource(tooOften)), ["mandatory"]);
    }
  });
  it("reads a resource once for all rules, and one that no rule looks at never", () => {
    const pack = makeAnalyzer(rules, input);
    const read: string[] = [];
    for (const type of ["azure-native:keyvault:Secret", "random:index/randomId:RandomId"]) {
      const one = { ...resource(keyVaultSecret), type };
      const counted = {
        ...one,
        inputs: () => {
          read.push(type);
          return one.inputs();
        },
      };
      // the values and their marks, by several rules
      pack.analyze(counted);
      pack.remediate(counted);
    }
    assert.deepEqual(read, ["azure-native:keyvault:Secret"]);
  });
});

describe("the marking of plain values", () => {
  const marked = (value: unknown): unknown => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    value,
  });
  const rule = "secretness-unmarked-value";
  const shown = (value: unknown, stack = "prod"): EngineResource =>
    resource(changed(keyVaultSecret, [["properties", "value"], value]), stack);

  it("fails a plain value where it matters, without its text", () => {
    const pack = packOf(rule);
    assert.equal(pack.remediate(shown("plain text")), undefined);
    const [only] = messages(pack, shown("plain text"));
    assert.match(only ?? "", /^KeyVaultSecret ghcr-token: properties\.value: is not marked secret/);
    assert.equal(only?.includes("plain text"), false);
  });
  it("passes a marked one, by itself or by the object around it", () => {
    assert.deepEqual(packOf(rule).analyze(shown(marked("x"))), []);
    const around = changed(keyVaultSecret, [["properties"], marked({ value: "x" })]);
    assert.deepEqual(packOf(rule).analyze(resource(around)), []);
  });
  it("is undecided about one that is not known and not marked", () =>
    assert.deepEqual(levels(packOf(rule), shown(unknown)), ["advisory"]));
  it("marks it in dev, or wherever the configuration says so, and leaves all else as it came", () => {
    const properties = { onPlain: "mark" };
    for (const [pack, one] of [
      [packOf(rule), shown("plain text", "dev")],
      [packOf(rule, {}, { level: "remediate", properties }), shown("plain text")],
    ] as const) {
      const remedied = pack.remediate(one)?.inputs;
      assert.deepEqual(remedied, shown(marked("plain text")).inputs());
      assert.deepEqual(pack.analyze({ ...one, inputs: () => remedied ?? {} }), []);
    }
  });
  it("leaves what is marked already alone", () =>
    assert.equal(packOf(rule).remediate(shown(marked("x"), "dev")), undefined));
  it("fails instead of marking where the level says to refuse only", () => {
    const pack = packOf(rule, {}, { level: "mandatory" });
    assert.equal(pack.remediate(shown("plain text", "dev")), undefined);
    assert.deepEqual(levels(pack, shown("plain text", "dev")), ["mandatory"]);
  });
  it("fails no rule over a mark around what it reads: the others see the value", () =>
    assert.deepEqual(levels(packOf("placeholder-marker"), shown(marked("CHANGEME"))), ["mandatory"]));
});
