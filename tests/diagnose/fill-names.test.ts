import assert from "node:assert/strict";
import { causes } from "../../diagnose/causes.ts";
import { fillCause, withNames } from "../../diagnose/fill-names.ts";
import { localStack } from "../support/stacks.ts";
import { stack } from "./healthy.ts";

describe("withNames", () => {
  it("confirms each command that changes what others share, so that a line of several is not stopped at its first", () =>
    assert.equal(
      withNames("put it into .env, then: ameide-secrets env push --stack shared --overwrite <name> && ameide-secrets bootstrap run --stack <stack> && ameide-secrets doctor --stack <stack>", stack, { name: "a" }), // prettier-ignore
      "put it into .env, then: ameide-secrets env push --stack shared --overwrite a --yes && ameide-secrets bootstrap run --stack dev --yes && ameide-secrets doctor --stack dev",
    ));
  it("takes local for all stacks in one, where nothing has to be confirmed", () =>
    assert.equal(
      withNames("ameide-secrets up --refresh --stack shared && ameide-secrets env push --stack shared", localStack()),
      "ameide-secrets local up --refresh && ameide-secrets env push --stack local",
    ));
  it("names the kubeconfig where it is not everybody's own, fit for a shell", () => {
    const at = (kubeconfig: string) => ({ ...stack, cluster: { ...stack.cluster, kubeconfig } });
    assert.equal(
      withNames("kubectl --context <context> get pods", at("/home/a/kubeconfig")),
      "kubectl --kubeconfig /home/a/kubeconfig --context ameide get pods",
    );
    assert.match(withNames("kubectl --context <context> get pods", at("/a b/k")), /--kubeconfig '\/a b\/k' /);
  });
});

describe("fillCause", () => {
  it("sends nobody in local to Azure, to ask for rights: its stand-in is started", () => {
    assert.match(fillCause(causes["azure-not-readable"], stack, undefined).fix, /az login --tenant/);
    assert.equal(fillCause(causes["azure-not-readable"], localStack(), undefined).fix, "ameide-secrets local up");
  });
  it("leaves the seed's commands out in local where they need a pod that Vault has not there", () => {
    assert.equal(fillCause(causes["vault-sealed"], stack, undefined).seed?.length, 3);
    assert.equal(fillCause(causes["vault-sealed"], localStack(), undefined).seed, undefined);
  });
});
