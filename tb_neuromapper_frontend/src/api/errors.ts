/** What can go wrong with a request, by what the page should do about it. */
export type ApiErrorKind =
  /** Nobody answered: TensorBoard stopped, or the network did. Try again later. */
  | "offline"
  /** The server refused and said why (4xx). Trying the same again is no use. */
  | "refused"
  /** The answer was not what the contract promises (5xx, malformed JSON or frame). */
  | "broken"
  /** We cancelled it ourselves. */
  | "aborted";

export class ApiError extends Error {
  constructor(
    readonly kind: ApiErrorKind,
    message: string,
    readonly status = 0,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError("broken", message);
}
