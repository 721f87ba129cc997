import * as pulumi from "@pulumi/pulumi";
import { registerStack } from "../chain.ts";
import { catalogueSchema } from "../domain/catalogue/catalogue.ts";
import type { EnvironmentStack } from "../domain/plan/environment.ts";
import { startEngine, type RunningEngine } from "../tests/support/engine.ts";
import { recordStack, type Registration } from "../tests/support/record-stack.ts";
import { environmentStack, seedCatalogue } from "../tests/support/stacks.ts";
import { besides, sizes, type Figure } from "./bench.ts";

export async function* program(): AsyncGenerator<Figure> {
  for (const size of sizes) {
    const stack = stackOf(size);
    const options = { shared: { bootstrapClientId: "33333333-3333-4333-8333-333333333333" } };
    const registrations = await recordStack(() => registerStack(stack, options));
    const engine = await startEngine("dev", { mode: "offline" });
    try {
      const work = () => preview(engine, () => registerStack(stack, options));
      if (size === sizes[0]) await work(); // the first run of an engine makes its folders
      const bare = { work, floor: () => preview(engine, () => registerBare(registrations)) };
      yield { what: "preview", size, ...(await besides("bare program", { ...bare, rounds: size > 1_000 ? 1 : 2 })) };
    } finally {
      await engine.close();
    }
  }
}

async function preview(engine: RunningEngine, program: () => Record<string, unknown> | void): Promise<unknown> {
  const stack = await engine.open(() => Promise.resolve(program()));
  return await stack.preview();
}

/** Each secret has its own delivery. */
function stackOf(count: number): EnvironmentStack {
  const names = Array.from({ length: count }, (_none, n) => `bench-secret-${n}`);
  const catalogue = catalogueSchema.parse({
    ...seedCatalogue,
    secrets: Object.fromEntries(names.map((name, n) => [name, { authority: "external", env: `BENCH_SECRET_${n}` }])),
    deliveries: Object.fromEntries(names.map((name) => [name, { keys: { VALUE: name } }])),
  });
  return environmentStack("dev", {}, { catalogue, registryAdditionalNamespaces: [] });
}

/** The same types, names and inputs without components and dependencies. */
export function registerBare(registrations: readonly Registration[]): void {
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
