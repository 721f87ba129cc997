import assert from "node:assert/strict";
import { causes } from "../../diagnose/causes.ts";
import { fillCause, withNames } from "../../diagnose/fill-names.ts";
import { localStack } from "../support/stacks.ts";
import { stack } from "./healthy.ts";

describe("withNames", () => {
  it("adds a confirmation to each command that changes a shared stack, also in a line of several", () =>
    assert.equal(
      withNames("put it into .env, then: ameide-secrets env push --stack shared --overwrite <name> && ameide-secrets bootstrap run --stack <stack> && ameide-secrets doctor --stack <stack>", stack, { name: "a" }), // prettier-ignore
      "put it into .env, then: ameide-secrets env push --stack shared --overwrite a --yes && ameide-secrets bootstrap run --stack dev --yes && ameide-secrets doctor --stack dev",
    ));
  it("treats local as all stacks in one, without confirmation", () =>
    assert.equal(
      withNames("ameide-secrets up --refresh --stack shared && ameide-secrets env push --stack shared", localStack()),
      "ameide-secrets local up --refresh && ameide-secrets env push --stack local",
    ));
  it("names the kubeconfig if it is not the default, quoted for a shell", () => {
    const at = (kubeconfig: string) => ({ ...stack, cluster: { ...stack.cluster, kubeconfig } });
    assert.equal(
      withNames("kubectl --context <context> get pods", at("/home/a/kubeconfig")),
      "kubectl --kubeconfig /home/a/kubeconfig --context ameide get pods",
    );
    assert.match(withNames("kubectl --context <context> get pods", at("/a b/k")), /--kubeconfig '\/a b\/k' /);
  });
});

describe("fillCause", () => {
  it("suggests starting the stand-in in local, instead of asking for rights in Azure", () => {
    assert.match(fillCause(causes["azure-not-readable"], stack, undefined).fix, /az login --tenant/);
    assert.equal(fillCause(causes["azure-not-readable"], localStack(), undefined).fix, "ameide-secrets local up");
  });
  it("leaves out the commands of document 451 in local if they need Vault's pod", () => {
    assert.equal(fillCause(causes["vault-sealed"], stack, undefined).seed?.length, 3);
    assert.equal(fillCause(causes["vault-sealed"], localStack(), undefined).seed, undefined);
  });
});
