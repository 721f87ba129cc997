import type { Answer } from "../http-json.ts";

interface Cause {
  readonly reason?: string;
  readonly field?: string;
  readonly message?: string;
}

/** A `Status` of the API server, with its own message. */
export class KubeError extends Error {
  readonly status: number;
  /** Such as `NotFound`. */
  readonly reason: string;
  readonly causes: readonly Cause[];

  constructor({ status, body }: Answer) {
    const answer = (body ?? {}) as { message?: string; reason?: string; details?: { causes?: Cause[] } };
    super(answer.message ?? `the API server answered ${status}`);
    this.name = "KubeError";
    this.status = status;
    this.reason = answer.reason ?? "";
    this.causes = answer.details?.causes ?? [];
  }

  /** Another field manager owns what was to be applied; trying again changes nothing. */
  get isFieldConflict(): boolean {
    return this.status === 409 && this.causes.some(({ reason }) => reason === "FieldManagerConflict");
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubeError && error.status === 404;
}

export function isForbidden(error: unknown): boolean {
  return error instanceof KubeError && error.status === 403;
}

/** The API server knows no such kind: the CustomResourceDefinition is missing, or not there yet. */
export class UnknownKindError extends Error {
  constructor(apiVersion: string, kind: string) {
    super(`no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`);
    this.name = "UnknownKindError";
  }
}
