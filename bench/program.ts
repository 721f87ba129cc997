import * as pulumi from "@pulumi/pulumi";
import { registerStack } from "../chain.ts";
import { loadOffline, previewOffline } from "../cli/deploy/offline-preview.ts";
import { catalogueSchema } from "../domain/catalogue/catalogue.ts";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { startEngine, type RunningEngine } from "../tests/support/engine.ts";
import { recordStack, type Registration } from "../tests/support/record-stack.ts";
import { environmentStack, seedCatalogue } from "../tests/support/stacks.ts";
import { timed, type Bench, type Measurement } from "./bench.ts";

/**
 * The program compared with a bare one of as many resources of the same kinds, both previewed by the real engine without a
 * server; and the offline preview of `prod` as a person runs it, the policy pack included.
 */
export const programBench: Bench = {
  name: "program",
  async run(): Promise<readonly Measurement[]> {
    const measured: Measurement[] = [];
    for (const secrets of [10, 100, 1000]) measured.push(...(await besideBare(secrets)));
    const plan = await loadOffline("prod", []);
    const { signal } = new AbortController();
    const value = await timed(() => previewOffline({ stack: "prod", plan, signal }));
    return [
      ...measured,
      { what: "offline preview of prod", unit: "ms", value, floor: { what: "its limit", value: 6000 } },
    ];
  },
};

async function besideBare(secrets: number): Promise<readonly Measurement[]> {
  const stack = stackOf(secrets);
  const options = { shared: { bootstrapClientId: "33333333-3333-4333-8333-333333333333" } };
  const registrations = await recordStack(() => registerStack(stack, options));
  const engine = await startEngine("dev", { mode: "offline" });
  try {
    const bare = () => Promise.resolve(registerBare(registrations));
    const program = () => Promise.resolve(registerStack(stack, options));
    await preview(engine, program); // the first run of an engine makes its folders
    const floor = { what: "bare program of the same resources", value: await preview(engine, bare) };
    const resources = registrations.filter(({ custom }) => custom).length;
    const what = `${secrets} secrets, ${resources} resources`;
    const transformed = () => Promise.resolve(registerBare(registrations, true));
    return [
      { what, unit: "ms", value: await preview(engine, program), floor },
      { what: `${what}, bare with an empty transform`, unit: "ms", value: await preview(engine, transformed), floor },
    ];
  } finally {
    await engine.close();
  }
}

async function preview(engine: RunningEngine, program: Parameters<RunningEngine["open"]>[0]): Promise<number> {
  const stack = await engine.open(program);
  return timed(() => stack.preview());
}

/** As many secrets, each with a delivery of its own. */
function stackOf(count: number): EnvironmentStack {
  const names = Array.from({ length: count }, (_none, n) => `bench-secret-${n}`);
  const catalogue = catalogueSchema.parse({
    ...seedCatalogue,
    secrets: Object.fromEntries(names.map((name, n) => [name, { authority: "external", env: `BENCH_SECRET_${n}` }])),
    deliveries: Object.fromEntries(names.map((name) => [name, { keys: { VALUE: name } }])),
  });
  return environmentStack("dev", {}, { catalogue, registryAdditionalNamespaces: [] });
}

/** The same types, names and inputs, and nothing else: no component, no order, no thought. */
function registerBare(registrations: readonly Registration[], transform = false): void {
  if (transform) pulumi.runtime.registerResourceTransform(() => undefined);
  const providers = new Map<string, pulumi.ProviderResource>();
  for (const { type, name, inputs, custom, options } of registrations) {
    if (!custom || type === "pulumi:pulumi:StackReference") continue;
    const [, , packageName] = type.split(":");
    if (type.startsWith("pulumi:providers:")) {
      providers.set(name, new BareProvider(packageName ?? "", name, inputs));
    } else {
      const provider = providers.get(options.provider ?? "");
      new Bare(type, name, inputs, provider === undefined ? {} : { provider });
    }
  }
}

class Bare extends pulumi.CustomResource {}
class BareProvider extends pulumi.ProviderResource {}
