import type { Figure } from "./bench.ts";

/** Its text, tables and chart are derived from its figures. */
export interface Benchmark {
  readonly name: string;
  /** What is measured, and what its floor is: Markdown. */
  readonly about: string;
  /** What a size counts; the axis of the chart. @default - no chart */
  readonly sizedBy?: string;
  /** Each is loaded in its own process, so that its memory is its own. It measures small sizes first. */
  readonly load: () => Promise<() => AsyncIterable<Figure>>;
}

/** In the order of `docs/benchmarks.md`. */
export const benchmarks: readonly Benchmark[] = [
  {
    name: "bootstrap",
    about: `A run of vault-bootstrap as its pod runs it, Node's start included, on a real API server, OpenBao, and the Azure stand-in with
Key Vault's limit of 4,000 calls in 10 s. The floor of a first run is a Node program that already runs and only copies: it reads and
writes each secret once, with a root token, over as many connections. The floor of a run that finds nothing changed, or one value, lists
Key Vault and reads each secret's metadata in Vault. The *shell loop* is the job of the platform's document on the same servers: one \`curl\`
for each read and each write, without checks; its floor is vault-bootstrap.`,
    sizedBy: "secrets",
    load: async () => (await import("./bootstrap.ts")).bootstrap,
  },
  {
    name: "live",
    about: `The local environment with 500 secrets, as many ExternalSecrets and 8 namespaces. \`doctor\` looks at all of it; its floor is one call
to Vault for each secret, and the lists of the API server and of Key Vault. \`resync\` is compared with bare annotations and one watch, which
is what External Secrets itself needs. The latency of a change is measured from the start of a run of vault-bootstrap to the end of its
writes, and from there to the last Kubernetes Secret, with ExternalSecrets that refresh once an hour, 20 s after the last sync. Before it comes the wait for
the schedule: on average half of \`bootstrapIntervalInMinutes\`.`,
    sizedBy: "secrets",
    load: async () => (await import("./live.ts")).live,
  },
  {
    name: "start",
    about: `\`npm start\` with its tools built, from nothing running and a second time, and the memory of everything that it starts, added up in the
same moment: servers, engine, program, pack and providers. What processes share is counted once.`,
    load: async () => (await import("./start.ts")).start,
  },
  {
    name: "command-line",
    about: `What a person waits for. \`--help\` shows what every command loads; its floor is a Node process that does nothing. \`preview --stack prod
--offline\` is compared with a bare program of the same resources, previewed without a policy pack through Pulumi's Automation API by
a Node process of its own. What the command line adds, in processor time on two busy processors:

| what | about |
|---|---|
| the policy pack, a Node process of its own until it listens: 0.8 s of it is Pulumi's SDK, which any pack needs | 1.1 s |
| loading the program, the providers' SDKs and the rules, beyond Pulumi's own SDK (0.4 s, which the floor needs as well) | 0.3 s |
| reading the stack files and the catalogue, with line numbers for error messages, and bundling vault-bootstrap | 0.2 s |

The stand-ins of the providers start while the plan is read and the stack is opened, and an offline stack is created without being looked up first,
so that neither adds to it.`,
    load: async () => (await import("./command-line.ts")).commandLine,
  },
  {
    name: "program",
    about: `A preview of the program without the policy pack and without a server, each secret with a delivery of its own. The floor is a bare
program that registers the same resources with the same inputs, and nothing else.`,
    sizedBy: "secrets",
    load: async () => (await import("./program.ts")).program,
  },
  {
    name: "pack",
    about: `A preview of ExternalSecrets with the whole policy pack; the floor is the same preview with a pack of one trivial rule. Then what the
pack itself adds, compared with what the trivial one adds to a preview without any. A real stack has 35 to 100 resources.`,
    sizedBy: "resources",
    load: async () => (await import("./policies.ts")).pack,
  },
  {
    name: "lint",
    about: `\`lint\` on ExternalSecrets, one document in a file, without a finding and with one in each, whose line must be found. The floor
is reading the same YAML into documents.`,
    sizedBy: "documents",
    load: async () => (await import("./policies.ts")).lint,
  },
];
