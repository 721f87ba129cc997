import assert from "node:assert/strict";
import { BootstrapFailure } from "../../bootstrap/failure.ts";
import { kubernetesFailure } from "../../bootstrap/kubernetes.ts";
import { KubernetesError } from "../../clients/kubernetes.ts";

describe("kubernetesFailure", () => {
  for (const [status, fix] of [
    [401, /token is expired/],
    [403, /the Role of/],
    [429, /too many requests/],
    [503, /too many requests/],
  ] as const) {
    it(`names the fix that fits ${status}`, () => {
      const error = new KubernetesError(status, "GET /x");
      const failure = kubernetesFailure(error, "read the Secret");
      assert.ok(failure instanceof BootstrapFailure);
      assert.match(failure.fix, fix);
    });
  }
});
