import assert from "node:assert/strict";
import type { ResourceTransformationArgs } from "@pulumi/pulumi";
import * as pulumi from "@pulumi/pulumi";
import type { SharedStack } from "../../domain/plan/environment.ts";
import { errorsOf } from "../../domain/finding.ts";
import { UserError } from "../../domain/user-error.ts";
import { changed, type Sample } from "./examples/example.ts";
import { authConfig, externalSecret, keyVaultSecret } from "./examples/samples.ts";
import { guardTransformation, judgePlan } from "../../policies/guard.ts";
import { policyCatalogue } from "../support/policy.ts";
import { azure, companyStack, environmentStack, localStack, seedCatalogue, sharedStack } from "../support/stacks.ts";

describe("judgePlan", () => {
  it("allows the plans of document 451", () =>
    assert.deepEqual(
      [environmentStack("dev"), localStack({ "ghcr-token": "x" }), sharedStack({ "ghcr-token": "x" })].map((plan) =>
        errorsOf(judgePlan(plan, seedCatalogue)),
      ),
      [[], [], []],
    ));
  it("warns about a Key Vault that answers every network, until the settings restrict it", () => {
    const codes = (plan: SharedStack): readonly string[] => judgePlan(plan, seedCatalogue).map(({ code }) => code);
    assert.deepEqual(codes(sharedStack()), ["key-vault-network"]);
    assert.deepEqual(codes(companyStack()), []);
    const network = { publicAccess: false, addresses: [], subnets: [], trustedServices: true };
    assert.deepEqual(codes({ ...sharedStack(), azure: { ...azure, network } }), []);
  });
  it("refuses a cluster-managed secret in Key Vault before anything is registered, with the pack's own rule and reason", () =>
    assert.deepEqual(
      errorsOf(judgePlan(sharedStack({ "platform-db-credentials": "x" }), seedCatalogue)).map(
        ({ code, stage, severity, subject }) => [code, stage, severity, subject],
      ),
      [["authority-cluster-managed", "key-vault", "error", "KeyVaultSecret platform-db-credentials"]],
    ));
  it("judges a Key Vault name without the stack's prefix: unset, empty, set", () => {
    const codes = (name: string, secretPrefix?: string): readonly string[] =>
      errorsOf(
        judgePlan(
          { ...sharedStack({ [name]: "x" }), ...(secretPrefix !== undefined && { secretPrefix }) },
          seedCatalogue,
        ),
      ).map(({ code }) => code);
    assert.deepEqual(codes("env-ghcr-token"), []);
    assert.deepEqual(codes("env-ghcr-token", ""), ["authority-not-in-catalogue"]);
    assert.deepEqual(codes("ci-ghcr-token", "ci-"), []);
    assert.deepEqual(codes("ci-platform-db-credentials", "ci-"), ["authority-cluster-managed"]);
  });
  it("refuses the twenty-first credential of the identity, counted over all environments", () => {
    const shared = sharedStack();
    const [first] = shared.federatedSubjects;
    assert.ok(first !== undefined);
    const federatedSubjects = Array.from({ length: 21 }, (_, i) => ({
      ...first,
      name: `c-${i}`,
      subject: `system:serviceaccount:ns-${i}:x`,
    }));
    assert.deepEqual(
      errorsOf(judgePlan({ ...shared, federatedSubjects }, seedCatalogue)).map(({ code }) => code),
      ["identity-credential-cap"],
    );
  });
  it("refuses keys in a Secret in prod", () =>
    assert.deepEqual(
      judgePlan(environmentStack("prod"), seedCatalogue).map(({ code }) => code),
      ["vault-auto-credentials"],
    ));
  it("reports an exempted one as a warning until its last day", () => {
    const plan = sharedStack({ "platform-db-credentials": "x" });
    const exemptions = [
      {
        rule: "authority-cluster-managed",
        subject: "KeyVaultSecret platform-db-credentials",
        reason: "r",
        owner: "o",
        until: "2026-11-24",
      },
    ];
    const on = (today: string): readonly string[] =>
      judgePlan(plan, seedCatalogue, { exemptions, today })
        .filter(({ code }) => code === "authority-cluster-managed")
        .map(({ severity }) => severity);
    assert.deepEqual([on("2026-11-24"), on("2026-11-25")], [["warning"], ["error"]]);
  });
});

describe("guardTransformation", () => {
  const guard = guardTransformation({ catalogue: policyCatalogue, environment: "prod" });
  const declare = (sample: Sample, protect = true): unknown => {
    assert.ok("type" in sample);
    return guard({
      resource: {},
      type: sample.type,
      name: "added",
      props: { ...sample.props },
      opts: { protect },
    } as unknown as ResourceTransformationArgs);
  };

  it("does not change an allowed resource", () => assert.equal(declare(externalSecret), undefined));
  it("refuses a resource outside the plan, in its constructor", () =>
    assert.throws(
      () => declare(changed(externalSecret, [["spec", "target", "name"], "redis-auth"])),
      (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.code, "authority-cluster-managed");
        return true;
      },
    ));
  it("refuses a pinned reviewer token", () =>
    assert.throws(
      () => declare(changed(authConfig, [["tokenReviewerJwt"], "the token of some pod"])),
      /sets a reviewer token/,
    ));
  it("refuses a plain value of Key Vault, and accepts an output", () => {
    assert.throws(() => declare(keyVaultSecret), /is not marked secret/);
    assert.equal(declare(changed(keyVaultSecret, [["properties"], pulumi.secret({ value: "x" })])), undefined);
  });
  it("leaves the value of an output undecided", () =>
    assert.equal(
      declare(changed(externalSecret, [["spec", "target", "name"], pulumi.output("redis-auth")])),
      undefined,
    ));
  it("refuses a value of a cluster-managed Secret under any name, also through other resources, and allows reading it", () => {
    const programs = guardTransformation({ catalogue: policyCatalogue, environment: "prod" });
    const [database, copy] = [{}, {}];
    const add = (resource: object, type: string, props: object, opts: object = {}): unknown =>
      programs({ resource, type, name: type, props, opts } as unknown as ResourceTransformationArgs);
    const from = (resource: object): pulumi.Output<string> => {
      const Output = pulumi.Output as unknown as new (...parts: readonly unknown[]) => pulumi.Output<string>;
      const [yes, value] = [Promise.resolve(true), Promise.resolve("x")];
      return new Output(new Set([resource]), value, yes, yes, Promise.resolve(new Set([resource])));
    };
    const id = "ameide-prod/platform-db-credentials";
    assert.equal(add(database, "kubernetes:core/v1:Secret", { metadata: undefined }, { id }), undefined);
    assert.equal(add(copy, "acme:index:Part", { anything: [{ deep: from(database) }] }, { id: "read" }), undefined);
    for (const origin of [database, copy]) {
      const props = { ...keyVaultSecret.props, properties: { value: from(origin) } };
      assert.throws(
        () => add({}, keyVaultSecret.type, props, { protect: true }),
        /properties: comes from Secret ameide-prod\/platform-db-credentials, which a controller/,
      );
    }
    // its name is no value
    const named = { ...keyVaultSecret.props, vaultName: from(database), properties: from({}) };
    assert.equal(add({}, keyVaultSecret.type, named, { protect: true }), undefined);
  });
});
