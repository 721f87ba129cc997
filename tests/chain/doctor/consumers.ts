import type { Break } from "./break.ts";

export const consumerBreaks = {
  "pull-secret-not-attached": {
    strike: ({ namespace, place: { cluster } }) =>
      cluster.patch(`/api/v1/namespaces/${namespace}/serviceaccounts/default`, { imagePullSecrets: null }),
  },
} as const satisfies Readonly<Record<string, Break>>;
