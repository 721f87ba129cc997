import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { formatFinding, type Finding } from "../../domain/finding.ts";
import { readCatalogue } from "../../environments/catalogue.ts";
import { judge } from "../../policies/judge.ts";
import { rules } from "../../policies/rules.ts";
import { subjectsOfResource } from "../../policies/subject/from-resource.ts";
import { parseEngineMessage } from "../../policies/pack/engine-message.ts";
import { examples } from "./examples/all.ts";
import { changed, type Example, type Sample } from "./examples/example.ts";
import { externalSecret, keyVaultSecret } from "./examples/samples.ts";
import { families, familyOf, isStackRule, levelsOf } from "../../policies/rule.ts";
import { ruleOf } from "../support/policy.ts";
import { declare, usePolicyEngine } from "../support/policy-engine.ts";

const inPrograms = examples.filter(({ refused }) => "type" in refused);

/** Declares the other samples of an example, then the sample under its rule's name. */
function declareWith({ rule, beside = [] }: Example, sample: Sample): void {
  const others = beside.map((other, i) => declare(`${rule}-beside-${i}`, other));
  const after = "dependsOn" in sample && (sample.dependsOn ?? []).length > 0 ? others : [];
  declare(rule, computed(sample, others[0]), { dependsOn: after });
}

/** Every finding about a sample, as the embedded guard and `lint` come to it. */
function judgedByGuard(sample: Sample, name: string, urn: string): readonly Finding[] {
  assert.ok("type" in sample);
  const { type, props, protect = false } = sample;
  const subjects = subjectsOfResource({ type, name, urn, props, options: { protect } });
  const judging = {
    context: { catalogue: readCatalogue(), environment: "prod" as const, keyVaultPrefix: "" },
    exemptions: [],
    today: "2026-11-24",
  };
  return rules
    .filter((rule) => !isStackRule(rule))
    .flatMap((rule) => judge(rule, subjects, judging).map(({ finding }) => finding));
}

/** The sample with the inputs that it computes from another resource computed from it. */
function computed(sample: Sample, other: pulumi.Resource | undefined): Sample {
  if (!("type" in sample) || sample.from === undefined || other === undefined) return sample;
  // what a preview knows already, unlike its id
  const from = (other as unknown as { readonly metadata: pulumi.Output<unknown> }).metadata;
  const own = (sample.computed ?? []).map((key) => [key, from.apply(() => sample.props[key])] as const);
  return { ...sample, props: { ...sample.props, ...Object.fromEntries(own) } };
}

/** An output that no update finds out, such as one of a resource that a targeted update leaves out. */
function neverKnown(): pulumi.Output<string> {
  const Output = pulumi.Output as unknown as new (...parts: readonly unknown[]) => pulumi.Output<string>;
  const [no, nothing] = [Promise.resolve(false), Promise.resolve(undefined)];
  return new Output(new Set(), nothing, no, no, Promise.resolve(new Set()));
}

describe("the pack, under the real engine", function () {
  this.timeout(120_000);
  const engine = usePolicyEngine(["command"]);

  for (const family of families) {
    it(`refuses a program that breaks the rules of the family ${family}`, async () => {
      const own = inPrograms.filter(({ rule }) => familyOf(ruleOf(rule)) === family);
      const { passed, reported } = await engine.preview("prod", () => {
        for (const example of own) declareWith(example, example.refused);
        return Promise.resolve();
      });
      assert.equal(passed, false);
      const expected = own.map(({ rule }) => `${levelsOf(ruleOf(rule)).prod} ${rule}`);
      const said = new Set(reported.map(({ rule, level }) => `${level} ${rule}`));
      assert.deepEqual(
        expected.filter((one) => !said.has(one)),
        [],
      );
      for (const { rule, message, level, urn } of reported) {
        const finding = parseEngineMessage(
          { policyName: rule, resourceUrn: urn, enforcementLevel: level, message },
          rules,
        );
        const example = inPrograms.find((one) => urn.endsWith(`::${one.rule}`));
        if (example === undefined || isStackRule(ruleOf(rule))) continue; // a sample next to it, or the stack as a whole
        const judged = judgedByGuard(example.refused, example.rule, urn);
        assert.ok(
          judged.some((one) => isDeepStrictEqual(one, finding)),
          `${formatFinding(finding)}\nis none of\n${judged.map(formatFinding).join("\n")}`,
        );
      }
    });
  }

  it("reports every rule as undecided for an input that the preview does not know", async () => {
    const own = inPrograms.filter(({ unknown }) => unknown !== undefined);
    const { reported } = await engine.preview("prod", () => {
      const later = declare("later", { type: "azure-native:managedidentity:UserAssignedIdentity", props: {} });
      const unknown = pulumi.secret((later as pulumi.CustomResource).id).apply(String);
      for (const example of own) {
        const { allowed, unknown: path = [] } = example;
        // copied before the output goes in: a clone of an output is none
        declareWith(example, changed(allowed, [path, pulumi.unsecret(unknown)]));
      }
      return Promise.resolve();
    });
    assert.deepEqual(
      reported.filter(({ message }) => /can't run policy/.test(message)),
      [],
    );
    for (const { rule } of own) {
      const mine = reported.filter((one) => one.rule === rule);
      const undecided = mine.some(
        ({ level, message }) => level === "advisory" && /undecided: depends on/.test(message),
      );
      // of a stack rule, a sample for another rule may be a violation, which is more than undecided
      assert.ok(
        undecided || (isStackRule(ruleOf(rule)) && mine.length > 0),
        `${rule} said nothing of what it does not know`,
      );
    }
  });

  it("refuses an update if an input stays unknown, before that resource is created", async () => {
    const { passed, reported, state } = await engine.update("prod", () => {
      declare("undecidable", changed(externalSecret, [["spec", "refreshInterval"], neverKnown()]));
      return Promise.resolve();
    });
    // an update hands a pack no unknown input: the engine leaves it out, and absent is not compliant
    assert.deepEqual(
      [passed, reported.map(({ rule, level }) => `${level} ${rule}`)],
      [false, ["mandatory delivery-refresh"]],
    );
    assert.equal(state.includes("undecidable"), false);
  });

  it("marks a plain value in dev, so that state holds none", async () => {
    const { passed, reported, state } = await engine.update("dev", () => {
      declare("plain", { ...changed(keyVaultSecret, [["properties", "value"], "canary-in-the-clear"]), protect: true });
      return Promise.resolve();
    });
    assert.deepEqual([passed, reported.filter(({ level }) => level === "mandatory")], [true, []]);
    assert.equal(state.includes("canary-in-the-clear"), false);
  });

  it("accepts a marked value, or a marked object around it", async () => {
    const { passed, reported } = await engine.preview("prod", () => {
      const properties = { value: "a real value" };
      declare("value", changed(keyVaultSecret, [["properties", "value"], pulumi.secret("a real value")]));
      declare(
        "object",
        changed(keyVaultSecret, [["secretName"], "ghcr-username"], [["properties"], pulumi.secret(properties)]),
      );
      return Promise.resolve();
    });
    assert.deepEqual(reported, []);
    assert.equal(passed, true);
  });
});
