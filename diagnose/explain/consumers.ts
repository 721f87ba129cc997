import type { PlannedDelivery } from "../../domain/plan/environment.ts";
import { named, valuesOf, type PodState, type Snapshot } from "../snapshot.ts";
import { isReadOnce, startedBefore, workloadOf } from "../who-uses.ts";
import { isOfBootstrap } from "./bootstrap.ts";
import { isError, reportAt, secretsIn, type Rule, type Sighting, type View } from "./view.ts";

const pullReasons = /^(ErrImagePull|ImagePullBackOff)$/;

export const explainConsumers: Rule = (view) => [
  ...ofServiceAccounts(view),
  ...ofPulls(view),
  ...ofPullsElsewhere(view),
  ...ofRestarts(view),
];

function ofServiceAccounts({ snapshot: { serviceAccounts }, expected }: View): readonly Sighting[] {
  if (!serviceAccounts.ok) return [];
  return expected.plan.deliveries.flatMap((delivery) =>
    delivery.imagePullServiceAccounts.flatMap((name): readonly Sighting[] => {
      const { namespace, target } = delivery;
      const account = named(serviceAccounts, { namespace, name });
      const about = { secrets: secretsIn(delivery), name, namespace };
      const report = reportAt(`ServiceAccount ${namespace}/${name}`, about);
      if (account === undefined) return report("pull-secret-not-attached", "not found");
      if (account.imagePullSecrets.includes(target)) return [];
      return report("pull-secret-not-attached", `imagePullSecrets does not list ${target}`);
    }),
  );
}

function ofPulls(view: View): readonly Sighting[] {
  const { snapshot, expected } = view;
  const deliveries = expected.plan.deliveries.filter(({ registry }) => registry !== undefined);
  return valuesOf(snapshot.pods).flatMap((pod): readonly Sighting[] => {
    if (isOfBootstrap(pod, expected)) return []; // has its own cause: it runs before there is a pull secret
    const refused = pod.containers.find(({ reason = "" }) => pullReasons.test(reason));
    const delivery = deliveries.find(({ registry }) => refused?.image.startsWith(`${registry}/`) === true);
    if (refused === undefined || delivery === undefined) return [];
    return ofPull(view, pod, delivery, `${refused.reason}: ${refused.message ?? refused.image}`);
  });
}

/** The pod's trouble is that of its pull secret, where that has one. */
function ofPull(
  { snapshot, before }: View,
  { namespace, name }: PodState,
  delivery: PlannedDelivery,
  seen: string,
): readonly Sighting[] {
  const secrets = secretsIn(delivery);
  const where = `Pod ${namespace}/${name}`;
  const isLacking = snapshot.secrets.ok && named(snapshot.secrets, { namespace, name: delivery.target }) === undefined;
  const cause = before.find(
    (one) =>
      (isLacking || /placeholder|refused|malformed|missing|not-attached/.test(one.code)) &&
      isError(one) &&
      one.secrets?.some((secret) => secrets.includes(secret)) === true,
  );
  if (cause !== undefined) return [{ ...cause, where, seen }];
  const report = reportAt(where, { secrets, name, namespace });
  return report(isLacking ? "target-secret-missing" : "image-pull-denied", seen);
}

/** No secret is named: each is well where it is declared to go. */
function ofPullsElsewhere({ snapshot }: View): readonly Sighting[] {
  return valuesOf(snapshot.pullsElsewhere).flatMap(({ namespace, pod, image, reason, pullSecret, isSecretAbsent }) => {
    const report = reportAt(`Pod ${namespace}/${pod}`, { secrets: [], name: pod, namespace });
    const is = isSecretAbsent ? "does not exist" : "you are not allowed to read";
    return report("pull-secret-missing-here", `${reason}: ${image}; it names ${pullSecret}, which ${is}`);
  });
}

/** Environment variables and files mounted by subPath are read at the start only; a mounted volume follows the Secret. */
function ofRestarts({ snapshot, expected }: View): readonly Sighting[] {
  const targets = new Map(expected.plan.deliveries.map((one) => [`${one.namespace}/${one.target}`, one]));
  return valuesOf(snapshot.pods).flatMap((pod) => {
    // it ends, and the next one reads the new value
    if (pod.isEnding === true || pod.owner?.startsWith("Job/") === true) return [];
    const { namespace } = pod;
    const read = new Set(pod.secrets.filter(({ by }) => isReadOnce(by)).map(({ secret }) => secret));
    return [...read].flatMap((name): readonly Sighting[] => {
      const delivery = targets.get(`${namespace}/${name}`);
      const target = named(snapshot.secrets, { namespace, name });
      if (delivery === undefined || target === undefined || !startedBefore(pod, target.changedAt)) return [];
      const about = { secrets: secretsIn(delivery), ...restartOf(snapshot, pod), namespace };
      const report = reportAt(`Pod ${namespace}/${pod.name}`, about);
      return report("consumer-not-restarted", `started ${pod.startedAt}, Secret ${name} changed ${target.changedAt}`);
    });
  });
}

/** What `kubectl rollout restart` accepts, by its name; anything else is described. */
function restartOf(snapshot: Snapshot, pod: PodState): Pick<Sighting, "name" | "fix"> {
  const { owner, namespace, name } = pod;
  const workload = workloadOf(snapshot, pod);
  if (/^(Deployment|StatefulSet|DaemonSet)\//.test(workload)) return { name: workload.toLowerCase() };
  return { fix: `restart Pod ${namespace}/${name} ${owner === undefined ? "by hand" : `through its owner ${owner}`}` };
}
