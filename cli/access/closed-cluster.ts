import { UserError } from "../../domain/user-error.ts";
import { openCluster, type Cluster } from "./cluster.ts";

/**
 * The cluster of a kubeconfig's context or, where this machine has no such context, one that answers each question with
 * that. Whoever looks goes on with what else there is to see, and whoever would change something meets it at the first step.
 */
export async function openOrClosed(place: Parameters<typeof openCluster>[0]): Promise<Cluster> {
  return openCluster(place).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    return closedCluster(place.context, error);
  });
}

function closedCluster(context: string, why: UserError): Cluster {
  const refuse = (): Promise<never> => Promise.reject(why);
  return {
    context,
    get: refuse,
    find: refuse,
    create: refuse,
    patch: refuse,
    remove: refuse,
    text: refuse,
    metadata: refuse,
    watch: () => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) }),
  };
}
