import { z } from "zod";
import { AzureError, bearerToken, type AzureAnswer, type AzureRequest } from "./answer.ts";
import { type AzureContext, settingsSchema, type StandInSettings } from "./context.ts";

export const controlPath = "/_stand-in/";

/** `kind` is a counter's name, or its first word (`arm-write`, `secret-get`). @default - all but Control's */
const matching = { kind: z.string().optional(), times: z.int().min(1) };

const faultSchema = z.union([
  z.strictObject({
    ...matching,
    status: z.int().min(400).max(599),
    retryAfterInSeconds: z.int().min(0).optional(),
  }),
  z.strictObject({ ...matching, drop: z.literal(true) }),
  /** No answer, on a connection that stays open. */
  z.strictObject({ ...matching, hang: z.literal(true) }),
  /** Status 200 with this body; `cut` ends the connection before its announced end. */
  z.strictObject({ ...matching, text: z.string(), cut: z.boolean().optional() }),
]);

export type Fault = z.infer<typeof faultSchema>;

/**
 * Counters, settings and faults for tests and benchmarks: in the process by these methods, for the operator also at
 * `/_stand-in/{counters,settings,faults}`.
 */
export class Control {
  readonly #context: AzureContext;
  /** By kind and by status; a dropped connection has status 0. */
  #counters = { requests: {} as Record<string, number>, answers: {} as Record<string, number> };
  #faults: { readonly fault: Fault; left: number }[] = [];

  constructor(context: AzureContext) {
    this.#context = context;
  }

  counters() {
    return structuredClone(this.#counters);
  }

  resetCounters(): void {
    this.#counters = { requests: {}, answers: {} };
  }

  settings(): Readonly<StandInSettings> {
    return { ...this.#context.settings };
  }

  /** @throws ZodError on an unknown or impossible setting. */
  configure(changes: Partial<StandInSettings> | Record<string, unknown>): void {
    Object.assign(this.#context.settings, settingsSchema.parse({ ...this.#context.settings, ...changes }));
  }

  /** Faults are queued; the first that matches a request is used for it. */
  inject(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times });
  }

  clearFaults(): void {
    this.#faults = [];
  }

  count(what: "requests" | "answers", key: string | number): void {
    const counts = this.#counters[what];
    counts[key] = (counts[key] ?? 0) + 1;
  }

  takeFault(kind: string): Fault | undefined {
    const next = this.#faults.find(({ fault }) => fault.kind === undefined || `${kind} `.startsWith(`${fault.kind} `));
    if (next === undefined) return undefined;
    next.left -= 1;
    if (next.left === 0) this.#faults = this.#faults.filter((one) => one !== next);
    return next.fault;
  }

  /** @throws AzureError 401, 404, or 400. */
  async answer(request: AzureRequest): Promise<AzureAnswer> {
    const { authority, now } = this.#context;
    const caller = await authority.recognise(bearerToken(request) ?? "", now());
    if (caller?.kind !== "operator") throw AzureError.arm(401, "StandInOperatorOnly", "give the operator's token");
    try {
      return this.#perform(`${request.method} ${request.path.slice(controlPath.length)}`, request.body);
    } catch (error) {
      if (error instanceof z.ZodError || error instanceof SyntaxError)
        throw AzureError.arm(400, "StandInBadControl", error.message);
      throw error;
    }
  }

  #perform(what: string, body: string): AzureAnswer {
    switch (what) {
      case "GET counters":
        return { status: 200, body: this.counters() };
      case "DELETE counters":
        this.resetCounters();
        return { status: 204 };
      case "GET settings":
        return { status: 200, body: this.settings() };
      case "PATCH settings":
        this.configure(z.record(z.string(), z.unknown()).parse(JSON.parse(body)));
        return { status: 200, body: this.settings() };
      case "POST faults":
        this.inject(faultSchema.parse(JSON.parse(body)));
        return { status: 204 };
      case "DELETE faults":
        this.clearFaults();
        return { status: 204 };
      default:
        throw AzureError.arm(404, "StandInNoSuchControl", `no control answers ${what}`);
    }
  }
}
