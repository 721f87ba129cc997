import type { PlannedDelivery } from "../../domain/plan/environment.ts";
import type { PodState, SecretState, Snapshot } from "../snapshot.ts";
import { causes } from "../causes.ts";
import { isReadOnce, workloadOf } from "../who-uses.ts";
import { isOfBootstrap } from "./bootstrap.ts";
import type { Rule, Sighting, View } from "./view.ts";

const pullReasons = /^(ErrImagePull|ImagePullBackOff)$/;

/** Accounts that should list the pull secret, pods that cannot pull, pods that still run with a former value. */
export const explainConsumers: Rule = (view) => [
  ...ofServiceAccounts(view),
  ...ofPulls(view),
  ...ofPullsElsewhere(view),
  ...ofRestarts(view),
];

function ofServiceAccounts({ snapshot, expected }: View): readonly Sighting[] {
  if (!snapshot.serviceAccounts.ok) return [];
  const accounts = new Map(snapshot.serviceAccounts.value.map((one) => [`${one.namespace}/${one.name}`, one]));
  return expected.plan.deliveries.flatMap(({ namespace, target, imagePullServiceAccounts, keys }) =>
    imagePullServiceAccounts.flatMap((name): readonly Sighting[] => {
      const account = accounts.get(`${namespace}/${name}`);
      if (account?.imagePullSecrets.includes(target) === true) return [];
      const seen = account === undefined ? "not found" : `imagePullSecrets does not list ${target}`;
      const secrets = keys.map(({ secret }) => secret);
      return [
        {
          code: "pull-secret-not-attached",
          where: `ServiceAccount ${namespace}/${name}`,
          seen,
          secrets,
          name,
          namespace,
        },
      ];
    }),
  );
}

function ofPulls(view: View): readonly Sighting[] {
  const { snapshot, expected } = view;
  if (!snapshot.pods.ok) return [];
  const deliveries = expected.plan.deliveries.filter(({ registry }) => registry !== undefined);
  return snapshot.pods.value.flatMap((pod): readonly Sighting[] => {
    if (isOfBootstrap(pod, expected)) return []; // has its own cause: it runs before there is a pull secret
    const refused = pod.containers.find(({ reason = "" }) => pullReasons.test(reason));
    const delivery = deliveries.find(({ registry }) => refused?.image.startsWith(`${registry}/`) === true);
    if (refused === undefined || delivery === undefined) return [];
    return [pullSighting(view, pod, delivery, `${refused.reason}: ${refused.message ?? refused.image}`)];
  });
}

/** The pod's trouble is that of its pull secret, where that has one. */
function pullSighting(view: View, pod: PodState, delivery: PlannedDelivery, seen: string): Sighting {
  const { snapshot, before } = view;
  const secrets = delivery.keys.map(({ secret }) => secret);
  const about = { where: `Pod ${pod.namespace}/${pod.name}`, seen, secrets, name: pod.name, namespace: pod.namespace };
  const held = snapshot.secrets.ok
    ? snapshot.secrets.value.some(({ namespace, name }) => namespace === pod.namespace && name === delivery.target)
    : undefined;
  const ofThese = before.find(
    ({ code, secrets: broken }) =>
      (held === false || /placeholder|refused|malformed|missing|not-attached/.test(code)) &&
      causes[code].severity === "error" &&
      broken?.some((one) => secrets.includes(one)) === true,
  );
  if (ofThese !== undefined) return { ...ofThese, where: about.where, seen };
  return { code: held === false ? "target-secret-missing" : "image-pull-denied", ...about };
}

/** No secret is named: each is well where it is declared to go. */
function ofPullsElsewhere({ snapshot: { pullsElsewhere } }: View): readonly Sighting[] {
  if (!pullsElsewhere.ok) return [];
  return pullsElsewhere.value.map(({ namespace, pod, image, reason, pullSecret, isSecretAbsent }) => ({
    code: "pull-secret-missing-here",
    where: `Pod ${namespace}/${pod}`,
    seen: `${reason}: ${image}; it names ${pullSecret}, which ${isSecretAbsent ? "is not there" : "may not be looked at"}`,
    secrets: [],
    name: pod,
    namespace,
  }));
}

/** Environment variables and files mounted by subPath are read at the start only; a mounted volume follows the Secret. */
function ofRestarts({ snapshot, expected }: View): readonly Sighting[] {
  if (!snapshot.pods.ok || !snapshot.secrets.ok) return [];
  const targets = new Map(snapshot.secrets.value.map((one) => [`${one.namespace}/${one.name}`, one]));
  const planned = new Map(expected.plan.deliveries.map((one) => [`${one.namespace}/${one.target}`, one]));
  return snapshot.pods.value.flatMap((pod) =>
    [...new Set(pod.secrets.filter(({ by }) => isReadOnce(by)).map(({ secret }) => secret))].flatMap(
      (secret): readonly Sighting[] => {
        const delivery = planned.get(`${pod.namespace}/${secret}`);
        const target = targets.get(`${pod.namespace}/${secret}`);
        if (pod.owner?.startsWith("Job/") === true) return []; // it ends, and the next one reads the new value
        if (delivery === undefined || target === undefined || !startedBefore(pod, target)) return [];
        return [
          {
            code: "consumer-not-restarted",
            where: `Pod ${pod.namespace}/${pod.name}`,
            seen: `started ${pod.startedAt}, Secret ${secret} changed ${target.changedAt}`,
            secrets: delivery.keys.map((key) => key.secret),
            ...restartOf(snapshot, pod),
            namespace: pod.namespace,
          },
        ];
      },
    ),
  );
}

/** What `kubectl rollout restart` accepts, by its name; anything else is described. */
function restartOf(snapshot: Snapshot, pod: PodState): Pick<Sighting, "name" | "fix"> {
  const { owner, namespace, name } = pod;
  const workload = workloadOf(snapshot, pod);
  if (/^(Deployment|StatefulSet|DaemonSet)\//.test(workload)) return { name: workload.toLowerCase() };
  return { fix: `restart Pod ${namespace}/${name} by way of what made it${owner === undefined ? "" : `, ${owner}`}` };
}

function startedBefore({ startedAt, phase }: PodState, { changedAt }: SecretState): boolean {
  if (phase !== "Running" || startedAt === undefined || changedAt === undefined) return false;
  return Date.parse(startedAt) < Date.parse(changedAt);
}
