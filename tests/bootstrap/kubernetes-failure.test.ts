import assert from "node:assert/strict";
import { BootstrapFailure } from "../../bootstrap/failure.ts";
import { kubernetesFailure } from "../../bootstrap/kubernetes.ts";
import { KubernetesError } from "../../clients/kubernetes.ts";

describe("kubernetesFailure", () => {
  for (const [status, code, fix] of [
    [401, "kubernetes-login-refused", /token is expired/],
    [403, "kubernetes-refused", /the Role of/],
    [429, "kubernetes-throttled", /so many requests/],
    [500, "kubernetes-failing", /own log/],
    [503, "kubernetes-failing", /own log/],
  ] as const) {
    it(`has a cause and a fix of its own for ${status}, which blame neither the network nor, unless it is 403, a Role`, () => {
      const failure = kubernetesFailure(new KubernetesError(status, "its words"), "read the Secret");
      assert.ok(failure instanceof BootstrapFailure);
      assert.equal(failure.code, code);
      assert.match(failure.fix, fix);
      assert.equal(/Role|right/.test(failure.fix), status === 403);
    });
  }
});
