import assert from "node:assert/strict";
import { createRequire } from "node:module";
import {
  Secret,
  unknownCheckingProxy,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
} from "@pulumi/policy";
import { changed, type Sample } from "../examples/example.ts";
import { externalSecret, keyVaultSecret } from "../examples/samples.ts";
import type { Exemption } from "../../../policies/exemptions.ts";
import { policiesOf, type PackInput } from "../../../policies/pack/policies.ts";
import { rules } from "../../../policies/rules.ts";
import { policyCatalogue, ruleOf, unknown } from "../../support/policy.ts";

const input: PackInput = { catalogue: policyCatalogue, exemptions: [], today: "2026-11-24", isPreview: true };
const refresh = ["spec", "refreshInterval"] as const;
const tooOften = changed(externalSecret, [refresh, "10s"]);

interface Request {
  setType(type: string): void;
  setName(name: string): void;
  setUrn(urn: string): void;
  setProperties(inputs: object): void;
  setOptions(options: object): void;
}
interface StructClass {
  fromJavaScript(value: object): { toJavaScript(): unknown };
}
interface Response {
  getDiagnosticsList(): readonly { getPolicyname(): string }[];
}
type MakeAnalyze = (
  ...pack: readonly [name: string, version: string, level: string, policies: unknown]
) => (call: { request: Request }, done: (error: Error | null, response?: Response) => void) => Promise<void>;

interface Diagnostic {
  readonly message: string;
  readonly enforcementLevel?: string;
}

function resourcePolicy(id: string, changes: Partial<PackInput> = {}): ResourceValidationPolicy {
  const [policy] = policiesOf([ruleOf(id)], { ...input, ...changes });
  assert.ok(policy !== undefined && "validateResource" in policy);
  return policy;
}

/** What the SDK hands a policy: inputs behind its proxy, and a context of which rules use little. */
function argsOf(sample: Sample, stack = "prod", config: object = {}): ResourceValidationArgs {
  assert.ok("type" in sample);
  return {
    type: sample.type,
    name: "sample",
    urn: `urn:pulumi:${stack}::ameide-secrets::${sample.type}::sample`,
    props: unknownCheckingProxy(structuredClone(sample.props)) as Record<string, unknown>,
    opts: {
      protect: false,
      ignoreChanges: [],
      aliases: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
      additionalSecretOutputs: [],
    },
    stackTags: new Map(),
    isType: () => false,
    asType: () => undefined,
    getConfig: <T extends object>() => config as T,
    notApplicable: () => {
      throw new Error("a rule of ours knows itself what it looks at");
    },
  };
}

async function reported(
  policy: ResourceValidationPolicy,
  args: ResourceValidationArgs,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  assert.ok(typeof policy.validateResource === "function");
  await policy.validateResource(args, (message) => found.push(message as unknown as Diagnostic));
  return found;
}

describe("policiesOf", () => {
  it("creates one policy for each rule, with severity, remediation and a page to read", () => {
    const policies = policiesOf(rules, input);
    assert.deepEqual(
      policies.map(({ name }) => name),
      rules.map(({ id }) => id),
    );
    assert.deepEqual(
      policies.filter(
        ({ severity, remediationSteps, url }) =>
          severity === undefined || remediationSteps === undefined || url === undefined,
      ),
      [],
    );
  });
  it("reports a violation with its place and its fix", async () =>
    assert.deepEqual(await reported(resourcePolicy("delivery-refresh"), argsOf(tooOften)), [
      {
        message:
          'ExternalSecret ameide-prod/langfuse-secrets-sync: spec.refreshInterval: refreshInterval "10s" is under a minute; set at least 60s\n  fix: Set spec.refreshInterval, such as 15m.',
      },
    ]));
  it("lowers the level where the rule is advisory", async () => {
    const rotated = changed(
      tooOften,
      [["spec", "data", 0, "remoteRef", "key"], "grafana-oidc-client-secret"],
      [refresh, "1h"],
    );
    const policy = resourcePolicy("delivery-refresh-rotated");
    assert.deepEqual(
      (await reported(policy, argsOf(rotated, "dev"))).map(({ enforcementLevel }) => enforcementLevel),
      ["advisory"],
    );
    assert.deepEqual(
      (await reported(policy, argsOf(rotated, "prod"))).map(({ enforcementLevel }) => enforcementLevel),
      [undefined],
    );
    assert.deepEqual(
      (await reported(policy, argsOf(rotated, "dev", { everywhere: true }))).map(
        ({ enforcementLevel }) => enforcementLevel,
      ),
      [undefined],
    );
  });
  it("judges a stack with another name like prod", async () => {
    const fixture = changed(keyVaultSecret, [["properties", "value"], "minioadmin"]);
    const policy = resourcePolicy("placeholder-fixture");
    assert.equal((await reported(policy, argsOf(fixture, "my-try"))).length, 1);
    assert.equal((await reported(policy, argsOf(fixture, "dev"))).length, 0);
  });
  it("reports an undecided rule as advisory in a preview, and as a violation in an update", async () => {
    const sample = changed(externalSecret, [refresh, unknown]);
    const problem =
      "ExternalSecret ameide-prod/langfuse-secrets-sync: undecided: depends on spec.refreshInterval, which is not known yet";
    assert.deepEqual(await reported(resourcePolicy("delivery-refresh"), argsOf(sample)), [
      {
        message: `${problem}\n  fix: nothing to do now: the update decides, before it creates the resource`,
        enforcementLevel: "advisory",
      },
    ]);
    assert.deepEqual(await reported(resourcePolicy("delivery-refresh", { isPreview: false }), argsOf(sample)), [
      { message: `${problem}\n  fix: give the input a value that is known before this resource is created` },
    ]);
  });
  it("never prints a value, not even a fixture or a placeholder", async () => {
    for (const rule of rules.filter(({ id }) => /^(?:placeholder|secretness)-/.test(id))) {
      const policy = policiesOf([rule], input)[0];
      if (policy === undefined || !("validateResource" in policy)) continue;
      for (const value of ["minioadmin", "CHANGEME", "{{ .X }}", "ghp_0123456789012345678901234567890123456"]) {
        const sample = changed(keyVaultSecret, [["properties", "value"], value]);
        const messages = (await reported(policy, argsOf(sample))).map(({ message }) => message).join("\n");
        assert.equal(messages.includes(value), false, rule.id);
      }
    }
  });

  const exemption: Exemption = {
    rule: "delivery-refresh",
    subject: "ExternalSecret ameide-prod/langfuse-*",
    reason: "its source changes by the second",
    owner: "inference",
    until: "2026-11-24",
  };
  it("accepts an exemption on its last day, and shows it", async () => {
    const [only] = await reported(resourcePolicy("delivery-refresh", { exemptions: [exemption] }), argsOf(tooOften));
    assert.equal(only?.enforcementLevel, "advisory");
    assert.match(only.message, /exempt until 2026-11-24 \(inference: its source changes by the second\)/);
  });
  it("reports a violation the day after, and that the exemption ended", async () => {
    const [only] = await reported(
      resourcePolicy("delivery-refresh", { exemptions: [exemption], today: "2026-11-25" }),
      argsOf(tooOften),
    );
    assert.equal(only?.enforcementLevel, undefined);
    assert.match(only?.message ?? "", /exempt: the exemption ended on 2026-11-24/);
  });
  it("also reads exemptions from the policy's configuration", async () => {
    const { rule: _rule, ...own } = exemption;
    const [only] = await reported(resourcePolicy("delivery-refresh"), argsOf(tooOften, "prod", { exemptions: [own] }));
    assert.equal(only?.enforcementLevel, "advisory");
  });
  it("applies an exemption only to its subject and rule", async () => {
    for (const changes of [
      { subject: "ExternalSecret ameide-prod/ghcr-pull-sync" },
      { rule: "delivery-policies" },
      { environments: ["dev"] as const },
    ]) {
      const [only] = await reported(
        resourcePolicy("delivery-refresh", { exemptions: [{ ...exemption, ...changes }] }),
        argsOf(tooOften),
      );
      assert.equal(only?.enforcementLevel, undefined);
    }
  });
  it("has the SDK copy the inputs of a resource once for all rules, and again when it is analysed again", async () => {
    const require = createRequire(import.meta.url);
    const { AnalyzeRequest, AnalyzerResourceOptions } = require("@pulumi/pulumi/proto/analyzer_pb") as {
      AnalyzeRequest: new () => Request;
      AnalyzerResourceOptions: new () => object;
    };
    const { Struct } = require("google-protobuf/google/protobuf/struct_pb") as { Struct: StructClass };
    const { makeAnalyzeRpcFun } = require("@pulumi/policy/server") as { makeAnalyzeRpcFun: MakeAnalyze };
    const analyze = makeAnalyzeRpcFun(
      "pack",
      "1",
      "mandatory",
      policiesOf(
        rules.filter(({ id }) => id !== "secretness-unmarked-value"),
        input,
      ),
    );
    let copies = 0;
    const reportedFor = async (sample: Sample): Promise<readonly string[]> => {
      assert.ok("type" in sample);
      const inputs = Struct.fromJavaScript(structuredClone(sample.props));
      const toJavaScript = inputs.toJavaScript.bind(inputs);
      inputs.toJavaScript = () => {
        copies += 1;
        return toJavaScript();
      };
      const request = new AnalyzeRequest();
      request.setType(sample.type);
      request.setName("sample");
      request.setUrn(`urn:pulumi:prod::ameide-secrets::${sample.type}::sample`);
      request.setProperties(inputs);
      request.setOptions(new AnalyzerResourceOptions());
      return new Promise((resolve, reject) => {
        void analyze({ request }, (error, response) =>
          response === undefined
            ? reject(error ?? new Error("no response"))
            : resolve(response.getDiagnosticsList().map((one) => one.getPolicyname())),
        );
      });
    };
    assert.deepEqual(await reportedFor(tooOften), ["delivery-refresh"]);
    assert.deepEqual([await reportedFor(externalSecret), copies], [[], 2]);
  });
});

describe("the marking of plain values", () => {
  const require = createRequire(import.meta.url);
  const { secretsPreservingProxy } = require("@pulumi/policy/secret") as { secretsPreservingProxy: <T>(value: T) => T };
  const policy = (): ResourceValidationPolicy => resourcePolicy("secretness-unmarked-value");
  /** As the SDK shows inputs to a remediation: both of its proxies, marks kept. */
  const shown = (value: unknown, stack = "prod", config: object = {}): ResourceValidationArgs => ({
    ...argsOf(keyVaultSecret, stack, config),
    props: unknownCheckingProxy(secretsPreservingProxy({ secretName: "ghcr-token", properties: { value } })) as Record<
      string,
      unknown
    >,
  });

  it("refuses a plain value outside dev and local, without its text", async () => {
    const one = policy();
    assert.equal(await one.remediateResource?.(shown("plain text")), undefined);
    const [only] = await reported(one, argsOf(keyVaultSecret));
    assert.match(only?.message ?? "", /^KeyVaultSecret ghcr-token: properties\.value: is not marked secret/);
    assert.equal(only?.message.includes("plain text"), false);
  });
  it("accepts a marked value", async () => {
    const one = policy();
    await one.remediateResource?.(shown(new Secret("marked")));
    assert.deepEqual(await reported(one, argsOf(keyVaultSecret)), []);
  });
  it("is undecided about an unknown value without a mark", async () => {
    const one = policy();
    await one.remediateResource?.(shown(unknown));
    assert.deepEqual(
      (await reported(one, argsOf(keyVaultSecret))).map(({ enforcementLevel }) => enforcementLevel),
      ["advisory"],
    );
  });
  it("marks it in dev, or if the configuration says so", async () => {
    for (const args of [shown("plain text", "dev"), shown("plain text", "prod", { onPlain: "mark" })]) {
      const one = policy();
      const result = (await one.remediateResource?.(args)) as { properties: { value: unknown } };
      assert.deepEqual(result.properties.value, new Secret("plain text"));
      assert.deepEqual(await reported(one, { ...argsOf(keyVaultSecret), urn: args.urn }), []);
    }
  });
  it("fails if the engine does not show marks: a level below remediate does not pass silently", async () =>
    assert.match(
      (await reported(policy(), argsOf(keyVaultSecret)))[0]?.message ?? "",
      /the engine shows which values are secret at the enforcement level remediate only/,
    ));
});
