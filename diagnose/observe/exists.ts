import type { KubernetesReader } from "./access.ts";

/** Only whether it is there: what it holds, a Secret's data among it, is thrown away unread. @throws whatever but a 404 */
export async function exists(kubernetes: KubernetesReader, path: string): Promise<boolean> {
  try {
    await kubernetes.get(path);
    return true;
  } catch (error) {
    if ((error as { status?: number }).status === 404) return false;
    throw error;
  }
}
