import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { causeCodes } from "../../diagnose/causes.ts";
import { observe } from "../../diagnose/observe/observe.ts";
import { validate } from "../../diagnose/validate.ts";
import { drift, lineage } from "../../diagnose/lineage.ts";
import { testBinaries } from "../support/servers.ts";
import { startTimeout } from "../support/local-chain.ts";
import { breaks, notOnTheChain, upToBootstrap } from "./doctor/breaks.ts";
import { breakAndRepair, initialValues, useWorld } from "./doctor/suite.ts";

/** Each breaks the running environment in one way, sees that cause named first, repairs it as printed, and sees it gone. */
describe("doctor", function () {
  this.timeout(startTimeout);
  const world = useWorld();

  it("finds nothing in a working environment, and validate's five checks pass with every value proven", async () => {
    assert.deepEqual((await world().look({ prove: true })).causes, []);
    const snapshot = await observe(world().connected.stack, world().connected.access, { compareValues: true });
    const { checks, ok } = validate(snapshot, world().connected.stack, { prove: true });
    assert.deepEqual(
      checks.flatMap(({ items }) => items.filter(({ state }) => state === "failed" || state === "unknown")),
      [],
    );
    assert.equal(ok, true);
    assert.deepEqual(drift(snapshot, world().connected.stack), []);
    assert.equal(lineage(snapshot, world().connected.stack, "ghcr-token").hops.at(-1)?.sameAsBefore, true);
  });

  it("prints no value", async () => {
    const seen = JSON.stringify(
      await observe(world().connected.stack, world().connected.access, { compareValues: true }),
    );
    for (const value of Object.values(initialValues))
      if (value !== initialValues.GHCR_USERNAME) assert.equal(seen.includes(value), false);
  });

  it("agrees with commands 4 and 5 of document 451, run verbatim", async () => {
    const { kubectl } = await testBinaries();
    const { home } = world().chain;
    const seed = (...args: string[]) =>
      execFileSync(kubectl, args, { encoding: "utf8", env: { HOME: home.dir, KUBECONFIG: home.kubeconfig } }).trim().split("\n"); // prettier-ignore
    const columns = "custom-columns=NS:.metadata.namespace,NAME:.metadata.name,READY:.status.conditions[0].status";
    const synced = seed("get", "externalsecrets", "-A", "-o", columns).slice(1);
    const labelled = seed("get", "secrets", "-n", "ameide-local", "-l", "app.kubernetes.io/managed-by=external-secrets", "-o", "name"); // prettier-ignore
    const { checks } = validate(
      await observe(world().connected.stack, world().connected.access),
      world().connected.stack,
    );
    const ours = (number: number) =>
      checks.find((check) => check.number === number)?.items.map(({ subject }) => subject) ?? [];
    assert.deepEqual(
      synced
        .map((line) => line.split(/\s+/))
        .map(([namespace, name, ready]) => `${namespace}/${name} ${ready}`)
        .toSorted(byText),
      ours(4)
        .map((subject) => `${subject} True`)
        .toSorted(byText),
    );
    assert.deepEqual(
      labelled.map((name) => name.replace("secret/", "ameide-local/")).toSorted(byText),
      ours(5)
        .filter((subject) => /^ameide-local\/[a-z-]+$/.test(subject))
        .toSorted(byText),
    );
  });

  it("agrees with commands 1 to 3 of document 451, run verbatim except for the names", async () => {
    const { checks } = validate(
      await observe(world().connected.stack, world().connected.access),
      world().connected.stack,
    );
    const present = checks[0]?.items.filter(({ state }) => state === "ok").map(({ subject }) => subject) ?? [];
    const seed = async (command: string): Promise<string> => {
      const { code, out, err } = await world().shell(command);
      assert.equal(code, 0, err);
      return out;
    };
    const names = (await seed('az keyvault secret list --vault-name ameidekv --query "[].name" -o tsv'))
      .trim()
      .split("\n");
    assert.deepEqual(names.toSorted(byText), present.toSorted(byText));
    assert.ok(present.includes("ghcr-token"));
    const credentials = await seed(`az identity federated-credential list \\
      --identity-name ameide-vault-bootstrap-mi \\
      --resource-group Ameide \\
      --query "[].{name:name, subject:subject}" -o table`);
    assert.match(
      credentials,
      new RegExp(`${world().connected.stack.federated.name} +${world().connected.stack.federated.subject}`),
    );
    const held =
      await seed(`ROOT_TOKEN=$(kubectl get secret -n ameide-local vault-auto-credentials -o jsonpath='{.data.root-token}' | base64 -d)
      kubectl exec -n ameide-local vault-core-local-0 -- sh -c "VAULT_TOKEN=$ROOT_TOKEN vault kv get secret/ghcr-token"`);
    assert.match(held, new RegExp(`value +${initialValues.GHCR_TOKEN}`));
  });

  breakAndRepair(upToBootstrap, world);

  it("shows every cause of the table", () => {
    assert.deepEqual([...Object.keys(breaks), ...notOnTheChain].toSorted(byText), causeCodes.toSorted(byText));
  });
});

function byText(a: string, b: string): number {
  return a.localeCompare(b);
}
