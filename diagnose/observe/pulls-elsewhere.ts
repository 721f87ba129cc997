import type { EnvironmentStack } from "../../domain/plan/environment.ts";
import { mapBounded } from "../../clients/pacing.ts";
import type { Observed, PullElsewhereState } from "../snapshot.ts";
import { environmentNames } from "../../domain/stage.ts";
import type { KubernetesReader } from "./access.ts";
import { podStates } from "./consumers.ts";
import { ifFound, observed } from "./observed.ts";
import { namespaceOf } from "../../domain/names.ts";

const pullReasons = /^(ErrImagePull|ImagePullBackOff)$/;
const readsAtOnce = 4;

/**
 * Pods of namespaces that receive nothing from us and still name our pull secret: those that a new operator brings, say,
 * in a namespace that nobody added to the registry list. One list of waiting pods in the whole cluster, without those of other environments.
 */
export function observePullsElsewhere(
  kubernetes: KubernetesReader,
  { plan }: Pick<EnvironmentStack, "plan">,
  reached: readonly string[],
): Promise<Observed<readonly PullElsewhereState[]>> {
  const pulls = plan.deliveries.flatMap(({ registry, target }) =>
    registry === undefined ? [] : [{ registry, target }],
  );
  if (pulls.length === 0) return Promise.resolve({ ok: true, value: [] });
  const others = new Set<string>([...reached, ...environmentNames.map(namespaceOf)]);
  return observed("list pods in all namespaces", async () => {
    const waiting = await podStates(kubernetes, "/api/v1/pods?fieldSelector=status.phase%3DPending");
    const lacking = waiting
      .filter(({ namespace }) => !others.has(namespace))
      .flatMap((pod) => {
        const image = pod.containers.find(({ reason = "" }) => pullReasons.test(reason));
        const pull = pulls.find(
          ({ registry, target }) =>
            image?.image.startsWith(`${registry}/`) === true && pod.imagePullSecrets.includes(target),
        );
        return image === undefined || pull === undefined ? [] : [{ pod, image, pullSecret: pull.target }];
      });
    // one look a namespace: a workload of hundreds of pods lacks one Secret
    const places = new Map(
      lacking.map(({ pod: { namespace }, pullSecret }) => [`${namespace}/${pullSecret}`, { namespace, pullSecret }]),
    );
    const answers = await mapBounded([...places], readsAtOnce, async ([place, { namespace, pullSecret }]) => {
      return [place, await hasSecret(kubernetes, namespace, pullSecret)] as const;
    });
    const has = new Map(answers);
    return lacking.flatMap(({ pod: { namespace, name }, image, pullSecret }) => {
      const isHeld = has.get(`${namespace}/${pullSecret}`);
      if (isHeld === true) return [];
      const { image: wanted, reason = "" } = image;
      return [{ namespace, pod: name, image: wanted, reason, pullSecret, isSecretAbsent: isHeld === false }];
    });
  });
}

/** Only whether it exists: its values are thrown away unread. `undefined` where it may not be read. */
async function hasSecret(kubernetes: KubernetesReader, namespace: string, name: string): Promise<boolean | undefined> {
  try {
    return (await ifFound(kubernetes.get(`/api/v1/namespaces/${namespace}/secrets/${name}`))) !== undefined;
  } catch {
    return undefined;
  }
}
