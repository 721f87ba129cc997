/**
 * The log of a pod, empty where it has none: while no container has started the API server answers 400, once the pod is
 * gone 404.
 *
 * @param read - reads plain text by path; what it throws has the HTTP status as `status`.
 * @param tail - lines from its end. @default - all of it
 * @throws what `read` throws otherwise: a missing right to `pods/log` is not an empty log.
 */
export async function podLog(
  read: { text(path: string): Promise<string> },
  namespace: string,
  pod: string,
  tail?: number,
): Promise<string> {
  const query = tail === undefined ? "" : `?tailLines=${tail}`;
  return read.text(`/api/v1/namespaces/${namespace}/pods/${pod}/log${query}`).catch((error: unknown) => {
    const { status } = error as { status?: number };
    if (status === 400 || status === 404) return "";
    throw error;
  });
}
