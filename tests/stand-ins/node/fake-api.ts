import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import type { KubernetesClient } from "../../../clients/kubernetes.ts";
import type { Pod } from "../../../stand-ins/node/pod.ts";

/** An API server that gives tokens of an hour, takes every status and holds no other object. */
export class FakeApi {
  /** Of the API server, for a container's environment. */
  readonly address = "https://127.0.0.1:6443";
  tokens = 0;
  readonly statuses: object[] = [];

  get api(): KubernetesClient {
    return this as unknown as KubernetesClient;
  }

  create(path: string): Promise<unknown> {
    if (!path.endsWith("/token")) return Promise.resolve({ metadata: { name: "made" } });
    this.tokens += 1;
    const expirationTimestamp = new Date(Date.now() + 3_600_000).toISOString();
    return Promise.resolve({ status: { token: `token-${this.tokens}`, expirationTimestamp } });
  }

  patch(_path: string, { status }: { readonly status: object }): Promise<object> {
    this.statuses.push(status);
    return Promise.resolve({});
  }
}

/** What a pod runs in, for one test. */
export interface PodSetup {
  readonly dir: string;
  readonly cluster: FakeApi;
}

/**
 * Gives each test of a suite an empty folder, an API server of its own and a clock that only the test moves. Call it in a
 * `describe`.
 */
export function usePodSetup(): PodSetup {
  let place: PodSetup | undefined;
  beforeEach(() => {
    place = { dir: mkdtempSync(join(tmpdir(), "node-stand-in-")), cluster: new FakeApi() };
    mock.timers.enable({ apis: ["setTimeout"] });
  });
  afterEach(() => {
    mock.timers.reset();
    if (place !== undefined) rmSync(place.dir, { recursive: true });
  });

  const here = (): PodSetup => {
    if (place === undefined) throw new Error("the place is there from `beforeEach` on");
    return place;
  };
  return {
    get dir() {
      return here().dir;
    },
    get cluster() {
      return here().cluster;
    },
  };
}

/** A pod with a token volume and one container; this node has the program that the container names. */
export function podWithToken(uid: string, more: Partial<Pod["spec"]> = {}): Pod {
  const token = { serviceAccountToken: { path: "token", expirationSeconds: 3600 } };
  const pod: Pick<Pod, "metadata" | "spec"> = {
    metadata: { name: "a-pod", namespace: "default", uid },
    spec: {
      restartPolicy: "Never",
      containers: [{ name: "main", image: "node", command: ["/nodejs/bin/node", "-e", ""] }],
      volumes: [{ name: "tokens", projected: { sources: [token] } }],
      ...more,
    },
  };
  return { ...pod, status: { phase: "Pending" } };
}
