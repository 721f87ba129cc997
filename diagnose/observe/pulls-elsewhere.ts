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

/** Pods that name our pull secret in namespaces that receive nothing from us, such as those of a new operator. */
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
    const lacking = waiting.flatMap(({ namespace, name: pod, containers, imagePullSecrets }) => {
      const { image = "", reason = "" } = containers.find((one) => pullReasons.test(one.reason ?? "")) ?? {};
      const pull = pulls.find(
        ({ registry, target }) => image.startsWith(`${registry}/`) && imagePullSecrets.includes(target),
      );
      return pull === undefined || others.has(namespace)
        ? []
        : [{ namespace, pod, image, reason, pullSecret: pull.target }];
    });
    // one read for each namespace: a workload of hundreds of pods lacks one Secret
    const places = Map.groupBy(lacking, ({ namespace, pullSecret }) => `${namespace}/secrets/${pullSecret}`);
    const found = await mapBounded([...places], readsAtOnce, async ([path, pods]) => {
      const isHeld = await exists(kubernetes, `/api/v1/namespaces/${path}`);
      return isHeld === true ? [] : pods.map((one) => ({ ...one, isSecretAbsent: isHeld === false }));
    });
    return found.flat();
  });
}

/** Only whether it exists: its values are thrown away unread. `undefined` where it may not be read. */
async function exists(kubernetes: KubernetesReader, path: string): Promise<boolean | undefined> {
  try {
    return (await ifFound(kubernetes.get(path))) !== undefined;
  } catch {
    return undefined;
  }
}
