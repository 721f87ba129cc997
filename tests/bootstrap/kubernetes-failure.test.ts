import assert from "node:assert/strict";
import { BootstrapFailure } from "../../bootstrap/failure.ts";
import { kubernetesFailure } from "../../bootstrap/kubernetes.ts";
import { KubernetesError } from "../../clients/kubernetes.ts";

describe("kubernetesFailure", () => {
  for (const [status, code, fix] of [
    [401, "kubernetes-login-refused", /token has expired/],
    [403, "kubernetes-refused", /the Role of/],
    [429, "kubernetes-throttled", /so many requests/],
    [500, "kubernetes-failing", /check the API server's log/],
    [503, "kubernetes-failing", /check the API server's log/],
  ] as const) {
    it(`has its own cause and fix for ${status}, and blames neither the network nor (except for 403) a Role`, () => {
      const failure = kubernetesFailure(new KubernetesError(status, "its words"), "read the Secret");
      assert.ok(failure instanceof BootstrapFailure);
      assert.equal(failure.code, code);
      assert.match(failure.fix, fix);
      assert.equal(/Role|right/.test(failure.fix), status === 403);
    });
  }
});
