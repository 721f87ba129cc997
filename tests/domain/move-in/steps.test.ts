import assert from "node:assert/strict";
import { isKept, keeping, trackingOf } from "../../../domain/move-in/argocd.ts";
import type { LiveObject, MoveInFacts } from "../../../domain/move-in/facts.ts";
import { moveInSteps } from "../../../domain/move-in/steps.ts";
import { readTerraform } from "../../../domain/move-in/terraform.ts";
import { keyVaultId } from "../../../domain/resources/azure-inputs.ts";
import { environmentStack, sharedStack } from "../../support/stacks.ts";

const none: MoveInFacts = {
  findings: [],
  strangers: [],
  isSharedUpdated: false,
  missingInVault: [],
  pinsReviewerToken: false,
  otherCronJobs: [],
  objects: [],
  plannedObjects: 0,
  applications: [],
  unmarked: [],
  refusedByAdmission: [],
  unseen: {},
};
const step = (id: string, plan: Parameters<typeof moveInSteps>[0], facts: Partial<MoveInFacts>) => {
  const found = moveInSteps(plan, { ...none, ...facts }).find((one) => one.id === id);
  assert.ok(found !== undefined, id);
  return found;
};
const live = (name: string, application?: string, changes: Partial<LiveObject> = {}): LiveObject => ({
  kind: "ExternalSecret",
  object: `ameide-dev/${name}`,
  isOurs: false,
  isKept: false,
  keeping: "argocd.argoproj.io/sync-options=Prune=false,Delete=false",
  handOver: `hand over ${name}`,
  ...(application === undefined ? {} : { tracking: { application, by: "annotation" }, owner: application }),
  ...changes,
});
const gitops = (() => {
  const stack = environmentStack("dev");
  return { ...stack, strictness: { ...stack.strictness, delivery: "gitops" as const } };
})();

describe("the steps of moving in", () => {
  it("are in an order in which nobody loses access, depending on who applies the objects afterwards", () => {
    const ids = (plan: Parameters<typeof moveInSteps>[0]) => moveInSteps(plan, none).map(({ id }) => id);
    assert.deepEqual(ids(sharedStack()), ["terraform-release", "key-vault-names", "adopt", "up"]);
    const first = ["terraform-release", "adopt", "shared", "reviewer-token", "consumers"];
    const last = ["unmarked", "admission"];
    const leaves = ["suspend", "keep", "source", "untrack", "hand-over", "up"];
    assert.deepEqual(ids(environmentStack("dev")), [...first, ...leaves, ...last]);
    assert.deepEqual(ids(gitops), [...first, "up", "suspend", "keep", "source", "commit", ...last]);
  });

  it("warn about a plan that deletes, and about values that are older than Key Vault's", () => {
    const address = 'azurerm_key_vault_secret.env_secrets["ghcr-token"]';
    const values = { name: "ghcr-token", value: "canary", key_vault_id: keyVaultId(sharedStack().azure) };
    const one = { address, mode: "managed", type: "azurerm_key_vault_secret", values };
    const plan = (action: string) =>
      readTerraform(
        JSON.stringify({
          format_version: "1.2",
          prior_state: { values: { root_module: { resources: [one] } } },
          resource_changes: [{ address, change: { actions: [action] } }],
        }),
        "-",
      );
    const deleting = step("terraform-release", sharedStack(), {
      terraform: plan("delete"),
      staleInTerraform: ["ghcr-token"],
    });
    assert.match(
      deleting.note ?? "",
      /do not apply this plan, it deletes azurerm_key_vault_secret.*newer values.*ghcr-token/,
    );
    assert.equal(deleting.state, "open");
    assert.equal(step("terraform-release", sharedStack(), { terraform: plan("forget") }).note, undefined);
    assert.equal(step("terraform-release", sharedStack(), { terraform: { instances: [] } }).state, "done");
  });

  it("are unknown if what decides them could not be read", () => {
    const { state, note } = step("suspend", environmentStack("dev"), { unseen: { suspend: "forbidden" } });
    assert.deepEqual([state, note], ["unknown", "forbidden"]);
  });

  it("leave one Application unchanged and empty the others if ArgoCD continues", () => {
    const objects = [live("a", "one"), live("b", "two", { isOurs: true }), live("c", "two")];
    const facts = { objects, target: "one", plannedObjects: 3 };
    assert.deepEqual(step("source", gitops, facts).objects, [
      "ExternalSecret ameide-dev/b: two",
      "ExternalSecret ameide-dev/c: two",
    ]);
    assert.equal(
      step("commit", gitops, { ...facts, target: undefined as never }).note,
      "name the Application for the rendered files with --application",
    );
    const out = {
      name: "two",
      syncOptions: [],
      selfHeals: true,
      extraneous: ["ExternalSecret ameide-dev/b", "ExternalSecret ameide-dev/c"],
    };
    const unread = step("source", gitops, { ...facts, unreadApplications: "applications.argoproj.io is forbidden" });
    assert.deepEqual(
      [unread.state, unread.note],
      ["open", "cannot tell whether it is done: applications.argoproj.io is forbidden"],
    );
    assert.equal(step("source", gitops, { ...facts, applications: [out] }).state, "done");
    assert.match(step("up", gitops, facts).before[0] ?? "", /argocdApplications: \["one","two"\]/);
  });

  it("hand over an object only after its tool no longer tracks it", () => {
    const stack = environmentStack("dev");
    const label = { tracking: { application: "chart", by: "label" as const } };
    const helm = { tracking: { application: "release", by: "helm" as const } };
    const { run } = step("untrack", stack, { objects: [live("a", "one"), live("b", "", label), live("c", "", helm)] });
    const kubectl = "kubectl --context ameide -n ameide-dev";
    assert.deepEqual(run.slice(0, 2), [
      `${kubectl} annotate externalsecret a argocd.argoproj.io/tracking-id- argocd.argoproj.io/sync-options-`,
      `${kubectl} label externalsecret a app.kubernetes.io/instance-`,
    ]);
    assert.match(run.at(-1) ?? "", /annotate externalsecret c meta\.helm\.sh\/release-name- .*resource-policy-$/);
    assert.deepEqual(step("hand-over", stack, { objects: [live("a"), live("b", undefined, { isOurs: true })] }).run, [
      "hand over a",
    ]);
  });
});

describe("how ArgoCD and Helm recognise an object", () => {
  const object = (annotations: Readonly<Record<string, string>>, labels = {}) => ({
    kind: "Secret",
    metadata: { name: "a", annotations, labels },
  });
  const id = "argocd.argoproj.io/tracking-id";

  it("is by the annotation of this very object, a release, or the label", () => {
    assert.deepEqual(trackingOf(object({ [id]: "app:/Secret:ns/a" })), { application: "app", by: "annotation" });
    // ESO copies the annotations of an ExternalSecret to its Secret
    assert.equal(trackingOf(object({ [id]: "app:external-secrets.io/ExternalSecret:ns/a" })), undefined);
    assert.deepEqual(trackingOf(object({ "meta.helm.sh/release-name": "r" })), { application: "r", by: "helm" });
    assert.deepEqual(trackingOf(object({}, { "app.kubernetes.io/instance": "i" })), { application: "i", by: "label" });
  });

  it("prefers the object's own option to that of its Application", () => {
    const application = { name: "app", syncOptions: ["Prune=false"], selfHeals: false, extraneous: [] };
    const options = (value: string) => object({ [id]: "app:/Secret:ns/a", "argocd.argoproj.io/sync-options": value });
    assert.equal(isKept(options("Validate=false, Prune=false")), true);
    assert.equal(isKept(options("Prune=true"), application), false);
    assert.equal(isKept(object({}), application), true);
    assert.equal(isKept(object({})), false);
    assert.equal(
      keeping(options("Validate=false,Prune=true")),
      "argocd.argoproj.io/sync-options=Validate=false,Prune=false,Delete=false",
    );
    const release = { "meta.helm.sh/release-name": "r" };
    assert.equal(isKept(object({ ...release, "helm.sh/resource-policy": "keep" })), true);
    assert.equal(keeping(object(release)), "helm.sh/resource-policy=keep");
  });
});
