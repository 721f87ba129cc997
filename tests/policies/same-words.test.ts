import assert from "node:assert/strict";
import { unknownCheckingProxy, type ResourceValidationArgs } from "@pulumi/policy";
import { formatFinding, type Finding } from "../../domain/finding.ts";
import { RunLog } from "../../cli/deploy/engine/run-log.ts";
import { judge, type JudgingOptions } from "../../policies/judge.ts";
import { lintSources } from "../../policies/lint/lint.ts";
import { renderGithub, renderSarif } from "../../policies/lint/render-machine.ts";
import { policiesOf } from "../../policies/pack/policies.ts";
import { isStackRule } from "../../policies/rule.ts";
import { formatEngineMessage, parseEngineMessage } from "../../policies/pack/engine-message.ts";
import { examples } from "./examples/all.ts";
import { policyCatalogue, ruleOf, subjectsOf } from "../support/policy.ts";
import { rules } from "../../policies/rules.ts";

const today = "2026-11-24";

/** The findings of one rule about its refused example, as `policies/judge.ts` gives them to everyone. */
function judged({
  rule: id,
  refused,
  beside = [],
  environment = "prod",
}: (typeof examples)[number]): readonly Finding[] {
  const rule = ruleOf(id);
  const judging: JudgingOptions = { context: { catalogue: policyCatalogue, environment }, exemptions: [], today };
  const own = subjectsOf(refused, "sample");
  const all = [...beside.flatMap((one, i) => subjectsOf(one, `beside-${i}`)), ...own];
  const found = judge(rule, isStackRule(rule) ? all : own, judging);
  return found.map(({ finding }) => finding);
}

/** What `up` and `preview` keep of the pack's verdicts: through the SDK's own arguments and the engine's events. */
async function throughTheEngine({
  rule: id,
  refused,
  environment = "prod",
}: (typeof examples)[number]): Promise<readonly Finding[]> {
  assert.ok("type" in refused);
  const [policy] = policiesOf([ruleOf(id)], { catalogue: policyCatalogue, exemptions: [], today, isPreview: true });
  assert.ok(policy !== undefined && "validateResource" in policy && typeof policy.validateResource === "function");
  const args = {
    type: refused.type,
    name: "sample",
    urn: `urn:pulumi:${environment}::ameide-secrets::${refused.type}::sample`,
    props: unknownCheckingProxy(structuredClone(refused.props)),
    opts: { protect: refused.protect ?? false },
    provider: { type: "pulumi:providers:any", name: "default", urn: "any", props: {} }, // a component has none
    getConfig: () => ({}),
  } as unknown as ResourceValidationArgs;
  const log = new RunLog();
  await policy.remediateResource?.(args);
  await policy.validateResource(args, (reported) => {
    const { message, enforcementLevel = "mandatory" } = reported as unknown as {
      message: string;
      enforcementLevel?: string;
    };
    log.listen({
      sequence: 1,
      timestamp: 0,
      policyEvent: {
        policyName: id,
        policyPackName: "ameide-secrets",
        policyPackVersion: "0",
        policyPackVersionTag: "0",
        color: "never",
        resourceUrn: args.urn,
        message: `${message}\n`,
        enforcementLevel: enforcementLevel as "mandatory",
      },
    });
  });
  return log.violations;
}

describe("a violation has the same words everywhere", () => {
  for (const example of examples) {
    const { rule: id, refused } = example;
    it(`${id}: as a text for the engine and back`, () => {
      const findings = judged(example);
      assert.notEqual(findings.length, 0);
      for (const finding of findings) {
        const text = formatEngineMessage(finding);
        const enforcementLevel = finding.severity === "error" ? "mandatory" : "advisory";
        const { stage: _stage, ...rest } = parseEngineMessage(
          { policyName: id, enforcementLevel, message: text },
          rules,
        );
        const { stage: _own, ...expected } = finding;
        assert.deepEqual(rest, expected);
        // after `up`, in the guard's error, in the pull request's comment
        assert.ok(formatFinding(finding).endsWith(text), text);
      }
    });
    if ("type" in refused && !isStackRule(ruleOf(id))) {
      it(`${id}: from the pack`, async () => assert.deepEqual(await throughTheEngine(example), judged(example)));
    }
    const document = documentOf(refused);
    if (document !== undefined && !isStackRule(ruleOf(id)) && id !== "secretness-unmarked-value") {
      it(`${id}: from lint, as text, JSON, SARIF and a workflow command`, () => {
        const result = lintSources([{ file: "sample.yaml", text: JSON.stringify(document) }], {
          catalogue: policyCatalogue,
          environment: example.environment ?? "prod",
          exemptions: [],
          today,
        });
        const own = result.findings.filter(({ code }) => code === id);
        const words = ({ problem, fix, see, severity }: Finding) => ({ problem, fix, see, severity });
        const expected = judged({ ...example, refused: { document } }).map(words);
        assert.deepEqual(own.map(words), expected);
        const [first] = expected;
        assert.ok(first !== undefined);
        const said = `${first.problem}\nfix: ${first.fix}`;
        const { runs } = JSON.parse(renderSarif(result, "0", "/")) as {
          runs: { results: { ruleId: string; message: { text: string } }[] }[];
        };
        assert.ok(
          runs[0]?.results.some(({ ruleId, message }) => ruleId === id && message.text === said),
          said,
        );
        assert.ok(result.findings.some(({ problem }) => problem === first.problem));
        assert.ok(renderGithub(result, "/").includes(said.replaceAll("%", "%25").replaceAll("\n", "%0A")));
      });
    }
  }
});

/** A sample as a manifest, where it is one of Kubernetes. */
function documentOf(sample: (typeof examples)[number]["refused"]): Readonly<Record<string, unknown>> | undefined {
  if ("document" in sample) return sample.document;
  if ("values" in sample) return undefined;
  const [subject] = subjectsOf(sample, "sample");
  const object = subject?.object as { readonly apiVersion?: unknown; readonly kind?: unknown } | undefined;
  return typeof object?.apiVersion === "string" && typeof object.kind === "string" ? object : undefined;
}
