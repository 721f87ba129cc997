import { setTimeout as sleep } from "node:timers/promises";
import { awaitGone } from "./await-ready.ts";
import { KubernetesError, type ApplyOptions } from "../../../clients/kubernetes.ts";
import { isForbidden, isNotFound, UnknownKindError, type KubeClient } from "./kube-client.ts";
import { fullName, referenceOf, type KubeObject } from "./kube-object.ts";

const conflictHelp =
  "Server-Side Apply field conflict detected. See https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources for troubleshooting help";

/** Pauses before a kind or namespace that is not there yet is looked for again, in milliseconds. */
const pauses = [500, 1000, 2000, 4000];

/** For an object of the same name that is on its way out. */
const formerObjectTimeoutInMilliseconds = 60_000;

export interface NewObject extends Omit<ApplyOptions, "dryRun"> {
  /** Whether the object may be there already: a patch of another owner's, or an adoption that was asked for. */
  readonly mayExist: boolean;
  readonly cancelled: AbortSignal;
}

/**
 * Makes an object that is not there yet. One that this field manager made before, in an update that ended before its
 * state was written, is taken up again; one that anyone else made is left alone.
 *
 * @throws Error naming the managers of an object that exists already, or the API server's own message.
 */
export async function applyNew(
  client: KubeClient,
  object: KubeObject,
  { mayExist, cancelled, ...options }: NewObject,
): Promise<KubeObject> {
  try {
    return await untilServed(cancelled, async () => {
      if (!mayExist) await refuseForeign(client, object, options.fieldManager, cancelled);
      return client.apply(object, { ...options, dryRun: false });
    });
  } catch (error) {
    const name = fullName(object.metadata);
    if (error instanceof UnknownKindError) {
      throw new Error(
        `creation of resource ${name} failed because the Kubernetes API server reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been created: ${error.message}`,
        { cause: error },
      );
    }
    if (!(error instanceof KubernetesError)) throw error;
    const reason = error.isFieldConflict ? `${conflictHelp}: ${error.message}` : error.message;
    throw new Error(`resource ${name} was not successfully created by the Kubernetes API server: ${reason}`, {
      cause: error,
    });
  }
}

/** Applies over an object, which is there or planned. @throws Error with the API server's own message */
export async function applyOver(client: KubeClient, object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
  try {
    return await client.apply(object, options);
  } catch (error) {
    if (!(error instanceof KubernetesError) || isNotFound(error) || isForbidden(error)) throw error;
    const reason = error.isFieldConflict ? `${conflictHelp}: ${error.message}` : error.message;
    throw new Error(`resource ${fullName(object.metadata)} was refused by the Kubernetes API server: ${reason}`, {
      cause: error,
    });
  }
}

/** Gives up the fields that `fieldManager` owns; those that nobody else owns go. An object that is gone is left so. */
export async function release(client: KubeClient, object: KubeObject, fieldManager: string): Promise<void> {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace } = metadata;
  await client.get(referenceOf(object));
  const bare = { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } };
  await client.apply(bare, { fieldManager, force: false, dryRun: false });
}

async function refuseForeign(
  client: KubeClient,
  object: KubeObject,
  fieldManager: string,
  cancelled: AbortSignal,
): Promise<void> {
  const reference = referenceOf(object);
  const live = await client.find(reference);
  if (live === undefined) return;
  if (live.metadata.deletionTimestamp !== undefined) {
    return awaitGone(client, reference, {
      timeoutInMilliseconds: formerObjectTimeoutInMilliseconds,
      cancelled,
      onStatus: () => undefined,
    });
  }
  const managers = (live.metadata.managedFields ?? []).map(({ manager }) => manager);
  if (managers.includes(fieldManager)) return;
  const owners = managers.length === 0 ? "nobody known" : [...new Set(managers)].join(", ");
  throw new Error(
    `resource ${fullName(reference)} was not successfully created by the Kubernetes API server: ${object.kind} "${reference.name}" already exists, managed by ${owners}`,
  );
}

/** Repeats while the kind or the namespace is missing: both may be on their way. */
async function untilServed<T>(cancelled: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (const pause of pauses) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof UnknownKindError) && !isNotFound(error)) throw error;
    }
    await sleep(pause, undefined, { signal: cancelled });
  }
  return attempt();
}
