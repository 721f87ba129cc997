import { hash } from "node:crypto";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import type { Finding } from "../../../domain/finding.ts";
import { rules } from "../../../policies/rules.ts";
import { unknownValue } from "../../../policies/subject/reading.ts";
import { isUndecided, parseEngineMessage } from "../../../policies/pack/engine-message.ts";
import { stageOf, type Change, type FailedObject } from "./change.ts";
import { secretSignature } from "./state.ts";

const operations: Readonly<Record<string, Change["operation"]>> = {
  same: "same",
  // what a StackReference does in every run: it changes nothing
  read: "same",
  create: "create",
  update: "update",
  delete: "delete",
  import: "import",
  refresh: "refresh",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
};

/** Keeps what people and gates need of the engine's events of one run. Prints nothing. */
export class RunLog {
  readonly #changes = new Map<string, Change>();
  readonly violations: Finding[] = [];
  /** Rules that did not run on a resource: a defect of the rule, and a gate that stayed open. */
  readonly skippedRules: string[] = [];
  /** What the pack left for the update to decide. */
  readonly undecided: string[] = [];
  readonly errors: string[] = [];
  readonly failedObjects: FailedObject[] = [];
  /** Of the stack. */
  outputs: Readonly<Record<string, unknown>> = {};

  /** Every change but `same`, in the engine's order. A resource that was refreshed is `same` unless it differs. */
  get changes(): readonly Change[] {
    return [...this.#changes.values()].filter(({ operation }) => operation !== "same");
  }

  /** To be given as `onEvent` to `preview`, `up` or `destroy`. */
  readonly listen = (event: EngineEvent): void => {
    const change = event.resourcePreEvent && changeOf(event.resourcePreEvent.metadata);
    // a replacement comes as create-replacement, replace and delete-replaced: one change to a person
    if (change !== undefined && this.#changes.get(change.urn)?.operation !== "replace")
      this.#changes.set(change.urn, change);
    const ended = event.resOutputsEvent?.metadata;
    if (ended?.type === "pulumi:pulumi:Stack") this.outputs = withoutSecrets(ended.new?.outputs);
    if (event.policyEvent !== undefined) this.#policy(event.policyEvent);
    const failed = event.resOpFailedEvent?.metadata;
    const object = objectName(failed?.new?.inputs);
    if (failed?.type.startsWith("kubernetes:") && object !== undefined)
      this.failedObjects.push({ type: failed.type, object });
    const { diagnosticEvent: diagnostic } = event;
    if (diagnostic?.severity === "error" && diagnostic.ephemeral !== true) {
      const message = plain(diagnostic.message);
      if (message !== "" && !this.errors.includes(message)) this.errors.push(message);
    }
    if (diagnostic !== undefined && /can't run policy/.test(diagnostic.message))
      this.skippedRules.push(plain(diagnostic.message));
  };

  #policy(event: NonNullable<EngineEvent["policyEvent"]>): void {
    const message = plain(event.message);
    if (/can't run policy/.test(message)) {
      this.skippedRules.push(`${event.policyName}: ${message}`);
      return;
    }
    const finding = parseEngineMessage({ ...event, message }, rules);
    if (finding.severity === "note" && isUndecided(finding)) this.undecided.push(`${finding.code}: ${finding.problem}`);
    this.violations.push(finding);
  }
}

type Step = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

function changeOf(step: Step): Change | undefined {
  const operation = operations[step.op];
  if (operation === undefined || step.type === "pulumi:pulumi:Stack") return undefined;
  // urn:pulumi:<stack>::<project>::<parent types$>type::name
  const [, , types = step.type, name = step.urn] = step.urn.split("::");
  const type = types.slice(types.lastIndexOf("$") + 1);
  // the engine writes null where it has none
  const differs = step.detailedDiff ? Object.keys(step.detailedDiff) : (step.diffs ?? []);
  const object = objectName((step.new ?? step.old)?.inputs);
  const inputs = type.startsWith("pulumi:providers:") ? undefined : step.new?.inputs;
  return {
    operation,
    urn: step.urn,
    type,
    name,
    ...(object !== undefined && { object }),
    ...(losesItself(step) && { losesItself: true }),
    stage: stageOf(type),
    differs: differs.toSorted(),
    ...(inputs && { inputs: digestOf(inputs) }),
  };
}

/** Without those that are or contain a secret, which the engine shows as an object without the value. */
function withoutSecrets(outputs: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(outputs).filter(([, one]) => !JSON.stringify(one).includes(secretSignature)),
  );
}

/** The engine shows first what it does first: a replacement that begins with the deletion is safe. */
function losesItself({ op, type, old: before, new: after }: Step): boolean {
  if (op !== "create-replacement" || !type.startsWith("kubernetes:")) return false;
  const name = objectName(after?.inputs);
  return name !== undefined && name === objectName(before?.inputs);
}

/** The same for the same inputs, whatever the order of their keys. */
function digestOf(inputs: object): string {
  const inOrder = (_key: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return hash("sha256", JSON.stringify(inputs, inOrder));
}

/** Inputs that name the object itself; the first that exists wins, so a child comes before its parent. */
const namingInputs = [
  "secretName",
  "federatedIdentityCredentialResourceName",
  "roleName",
  "vaultName",
  "resourceName",
  "resourceGroupName",
  "path",
  "name",
] as const;

/** Of Kubernetes' metadata, or of the input that Azure and Vault call an object by; `undefined` where none is known. */
function objectName(given: Readonly<Record<string, unknown>> | null | undefined): string | undefined {
  const inputs = given ?? {};
  const metadata = inputs["metadata"] as { readonly name?: unknown; readonly namespace?: unknown } | undefined;
  if (typeof metadata?.name === "string" && metadata.name !== unknownValue) {
    return typeof metadata.namespace === "string" ? `${metadata.namespace}/${metadata.name}` : metadata.name;
  }
  const named = namingInputs
    .map((input) => inputs[input])
    .find((value) => typeof value === "string" && value !== unknownValue);
  return typeof named === "string" ? named : undefined;
}

/** The engine marks colours as `<{%red%}>`. */
function plain(text: string): string {
  return text.replace(/<\{%[\w ]*%\}>/g, "").trim();
}
