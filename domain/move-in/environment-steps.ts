import type { EnvironmentStack } from "../plan/environment.ts";
import { shellWord } from "../safe-text.ts";
import { untracking } from "./argocd.ts";
import type { DraftStep, LiveObject, MoveInFacts } from "./facts.ts";

type Step = (stack: EnvironmentStack, facts: MoveInFacts) => DraftStep;

/** Steps of one environment, by who applies its Kubernetes objects afterwards. */
export function environmentSteps(stack: EnvironmentStack, facts: MoveInFacts): readonly DraftStep[] {
  const own = stack.strictness.delivery === "gitops" ? staysWithArgo : leavesArgo;
  const shared = stack.shared === undefined ? [moveShared] : [];
  const steps = [...shared, reviewTokens, keepConsumers, ...own, markValues, refuseAtAdmission];
  return steps.map((step) => step(stack, facts));
}

/** Whether this program manages everything that it applies itself. */
export function isUp({ strictness }: EnvironmentStack, facts: MoveInFacts): boolean {
  const { objects, plannedObjects, missingInVault } = facts;
  if (missingInVault.length > 0) return false;
  const isManaged = ({ isOurs, tracking }: LiveObject) => isOurs && tracking === undefined;
  return strictness.delivery === "gitops" || (objects.length >= plannedObjects && objects.every(isManaged));
}

const moveShared: Step = (_stack, { isSharedUpdated }) => ({
  id: "shared",
  stage: "identity",
  title: "The stack shared has moved in",
  isDone: isSharedUpdated,
  run: ["ameide-secrets move-in --stack shared"],
  back: [],
});

const reviewTokens: Step = ({ name, vault }, { pinsReviewerToken }) => ({
  id: "reviewer-token",
  stage: "vault",
  title: "Vault reviews tokens with its own account instead of a pinned token that expires",
  isDone: !pinsReviewerToken,
  objects: pinsReviewerToken ? [`auth/${vault.authMount}/config: token_reviewer_jwt is set`] : [],
  before: [
    `ServiceAccount ${vault.serviceAccount.namespace}/${vault.serviceAccount.name} has ClusterRole system:auth-delegator`,
    `ameide-secrets reconfigure-auth --stack ${name}: shows what differs`,
  ],
  run: [`ameide-secrets reconfigure-auth --stack ${name} --confirm ${name} --reason "moving in"`],
  after: [`ameide-secrets doctor --stack ${name}: every store is Ready`],
  back: ["not needed: every role and store keeps working. Vault never returns the pinned token"],
});

const keepConsumers: Step = (_stack, { findings }) => {
  const found = findings.filter(({ adopt, code }) => adopt === undefined && code !== "object-has-owner");
  return {
    id: "consumers",
    stage: "external-secret",
    title: "Nobody loses what they read or own",
    isDone: found.length === 0,
    objects: found.map(({ subject, problem }) => `${subject}: ${problem}`),
    run: found.map(({ fix }) => fix),
    back: ["remove what was added to environments/catalogue.yaml"],
  };
};

const suspend: Step = ({ cluster, namespace }, { otherCronJobs, applications }) => {
  const spec = (suspend: boolean) => `--type=merge -p '{"spec":{"suspend":${suspend}}}'`;
  const patch = (suspend: boolean) =>
    otherCronJobs.map(({ object }) => `${kubectl(cluster, "patch", "CronJob", object)} ${spec(suspend)}`);
  const heals = otherCronJobs.length > 0 && applications.some(({ selfHeals }) => selfHeals);
  return {
    id: "suspend",
    stage: "bootstrap",
    title: "The old CronJob is suspended before ours starts, so that only one job writes",
    isDone: otherCronJobs.every(({ suspended, active }) => suspended && active === 0),
    objects: otherCronJobs.map((one) => `CronJob ${one.object}: suspended ${one.suspended}, ${one.active} active`),
    run: [...patch(true), ...(heals ? ["if the chart sets suspend, set it there: self-heal undoes the command"] : [])],
    after: [`kubectl --context ${cluster.context} -n ${namespace} get cronjobs,jobs: suspended, and no job is active`],
    back: patch(false),
  };
};

const keep: Step = (stack, facts) => {
  const { cluster } = stack;
  const theirs = appliedByOthers(stack, facts);
  const annotate = ({ kind, object }: LiveObject) => kubectl(cluster, "annotate", kind, object);
  return {
    id: "keep",
    stage: "external-secret",
    title: "ArgoCD or Helm keeps each object when it leaves the source, or when the Application is deleted",
    isDone: theirs.every(({ isKept }) => isKept),
    objects: named(theirs),
    run: theirs.filter(({ isKept }) => !isKept).map((one) => `${annotate(one)} ${one.keeping} --overwrite`),
    after: [
      "each live object has the annotation: ArgoCD decides by the live object, and keeps an annotation that Git does not name",
    ],
    back: theirs.map((one) => `${annotate(one)} ${one.keeping.split("=")[0]}-`),
  };
};

const leaveSource: Step = (stack, facts) => {
  const target = targetOf(stack, facts);
  const leaving = appliedByOthers(stack, facts).filter(({ tracking }) => tracking?.application !== target);
  const gone = new Set(facts.applications.flatMap(({ name, extraneous }) => extraneous.map((one) => `${name} ${one}`)));
  const { unreadApplications: why } = facts;
  return {
    id: "source",
    stage: "external-secret",
    title: target === undefined ? "The objects leave the source" : "Objects of other Applications leave their source",
    isDone: leaving.every(({ kind, object, tracking }) => gone.has(`${tracking?.application} ${kind} ${object}`)),
    ...(why !== undefined && leaving.length > 0 && { note: `cannot tell whether it is done: ${why}` }),
    objects: named(leaving),
    before: [
      "the step keep is done: without it the next sync deletes the ExternalSecrets, and their Secrets go with them",
    ],
    run: ["one commit that removes these objects from the source, and nothing else of the Application"],
    after: [
      'the Application is OutOfSync with "ignored (no prune)" (status.resources[].requiresPruning); each object exists',
    ],
    back: ["revert the commit: ArgoCD applies the same objects in place"],
  };
};

const untrack: Step = ({ cluster }, { objects }) => {
  const tracked = objects.filter(({ tracking }) => tracking !== undefined);
  return {
    id: "untrack",
    stage: "external-secret",
    title: "The objects no longer name the Application",
    isDone: tracked.length === 0,
    objects: named(tracked),
    before: [
      "the step source is done: an Application that has the object in its source takes it back at the next sync",
    ],
    run: tracked.flatMap(({ kind, object, tracking }) =>
      untracking(tracking).map(([verb, args]) => `${kubectl(cluster, verb, kind, object)} ${args}`),
    ),
    back: ["revert the commit of the step source: ArgoCD finds the objects by name and tracks them again"],
  };
};

const handOver: Step = (_stack, { objects }) => {
  const theirs = objects.filter(({ isOurs }) => !isOurs);
  return {
    id: "hand-over",
    stage: "external-secret",
    title: "This program owns the objects, with every field that their previous owner set",
    isDone: theirs.length === 0,
    objects: named(theirs),
    before: ["the steps suspend and untrack are done"],
    run: theirs.map((one) => one.handOver),
    after: ["every ExternalSecret is Ready, and its Secret has the same uid"],
    back: ["revert the commit of the step source: ArgoCD applies its fields again"],
  };
};

const update: Step = (stack, facts) => {
  const { name, strictness, cluster } = stack;
  const isGitops = strictness.delivery === "gitops";
  const known = cluster.argocdApplications ?? [];
  const applications = isGitops ? applicationsOf(facts.objects).filter((one) => !known.includes(one)) : [];
  const setting = `in Pulumi.${name}.yaml: cluster: { argocdApplications: ${JSON.stringify([...known, ...applications])} }`;
  return {
    id: "up",
    stage: "vault",
    title: isGitops
      ? "Vault has the roles and policies, and Azure the login, before a store uses them"
      : "This program manages the environment; Vault's roles and policies come before the stores",
    isDone: isUp(stack, facts),
    objects: facts.missingInVault.map((one) => `${one}: missing in Vault`),
    before: [
      ...(applications.length === 0 ? [] : [setting]),
      `ameide-secrets preview --stack ${name}: nothing is replaced or deleted`,
    ],
    run: [`ameide-secrets up --stack ${name} --yes`],
    after: [`ameide-secrets validate --stack ${name}`],
    back: [
      ...(isGitops
        ? []
        : ["restore the old files in ArgoCD's source and sync: it writes its stores and ExternalSecrets in place"]),
      `ameide-secrets destroy --stack ${name} --yes: values, Secrets, stores, ExternalSecrets and what was adopted stay`,
    ],
  };
};

const commit: Step = (stack, facts) => {
  const { objects, plannedObjects } = facts;
  const { name } = stack;
  const target = targetOf(stack, facts);
  const isRendered = ({ isOurs, tracking }: LiveObject) => isOurs && tracking?.application === target;
  return {
    id: "commit",
    stage: "external-secret",
    title: "ArgoCD applies the rendered objects in place",
    isDone: objects.length >= plannedObjects && objects.every(isRendered),
    ...(target === undefined && { note: "name the Application for the rendered files with --application" }),
    objects: named(objects.filter((one) => !isRendered(one))),
    before: ["the step up is done: a store that is committed before its Vault role exists reads nothing"],
    run: [
      `ameide-secrets render --stack ${name} --check --out <folder in the source of ${target ?? "the Application"}>`,
      `add what argocd-application-patch.txt in that folder contains to ${target ?? "the Application"}`,
      "one commit of these files; old files of the same Application with the same objects go in that commit",
    ],
    back: ["revert the commit: the old files name the same objects, and ArgoCD changes them in place"],
  };
};

const verdicts = {
  unknown: "not compared; --prove compares by keyed hash",
  source: "equals Key Vault's value; the next run adds our metadata",
  placeholder: "a placeholder, which the next run replaces",
  foreign: "differs from Key Vault's value",
} as const;

const markValues: Step = ({ name }, { unmarked }) => {
  const foreign = unmarked.filter(({ is }) => is === undefined || is === "foreign");
  return {
    id: "unmarked",
    stage: "vault",
    title: "Every value that comes from Key Vault has this program's metadata in Vault",
    isDone: unmarked.length === 0,
    objects: unmarked.map(({ path, is }) => `${path}: ${verdicts[is ?? "unknown"]}`),
    run:
      foreign.length === 0
        ? ["nothing: vault-bootstrap adds its metadata at the next run"]
        : [
            ...foreign.map(({ path }) => `ameide-secrets lineage ${path} --stack ${name}: find who wrote it`),
            "once it is clear that Key Vault is right: bootstrap: { claimUnmarked: true } for one run",
          ],
    after: [`ameide-secrets bootstrap run --stack ${name} --dry-run --yes: no conflict`],
    back: ["vault kv rollback -version=<n> <path>: KV v2 keeps the version before"],
  };
};

const refuseAtAdmission: Step = ({ name, strictness }, { refusedByAdmission }) => ({
  id: "admission",
  stage: "external-secret",
  title: "Admission in the cluster refuses what the rules refuse",
  isDone: strictness.admission === "deny",
  objects: refusedByAdmission.map((one) => `${one}: deny would refuse its next change`),
  before: [`ameide-secrets guard --stack ${name}: nothing would be refused`],
  run: [`admission: "deny" in environments/${name}.ts`, `ameide-secrets up --stack ${name} --yes`],
  back: [`admission: "audit" in environments/${name}.ts, and up again`],
});

const leavesArgo: readonly Step[] = [suspend, keep, leaveSource, untrack, handOver, update];
const staysWithArgo: readonly Step[] = [update, suspend, keep, leaveSource, commit];

/** An object of the target's with this program's label is the rendered one; a tool that applies any other is in the way. */
function appliedByOthers(stack: EnvironmentStack, facts: MoveInFacts): readonly LiveObject[] {
  const target = targetOf(stack, facts);
  return facts.objects.filter(
    ({ tracking, isOurs }) => tracking !== undefined && !(isOurs && tracking.application === target),
  );
}

function applicationsOf(objects: readonly LiveObject[]): readonly string[] {
  return [...new Set(objects.flatMap(({ tracking }) => tracking?.application ?? []))];
}

/** The Application for the rendered files; none where this program applies the objects itself. */
function targetOf({ strictness }: EnvironmentStack, { target, objects }: MoveInFacts): string | undefined {
  const [first, ...others] = applicationsOf(objects);
  return strictness.delivery === "gitops" ? (target ?? (others.length === 0 ? first : undefined)) : undefined;
}

function named(objects: readonly LiveObject[]): readonly string[] {
  return objects.map(({ kind, object, owner }) => `${kind} ${object}: ${owner ?? "unknown owner"}`);
}

function kubectl({ context }: EnvironmentStack["cluster"], verb: string, kind: string, object: string): string {
  const [name = "", namespace] = object.split("/").toReversed();
  const where = namespace === undefined ? "" : ` -n ${shellWord(namespace)}`;
  return `kubectl --context ${shellWord(context)}${where} ${verb} ${kind.toLowerCase()} ${shellWord(name)}`;
}
