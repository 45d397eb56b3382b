import { ApiError } from "../../api/errors";
import type { Transport } from "../../api/transport";
import type { PlaygroundForm, Training } from "./types";

export interface PlaygroundApi {
  playground(signal?: AbortSignal): Promise<PlaygroundForm>;
  /** Newest first. */
  trainings(signal?: AbortSignal): Promise<Training[]>;
  startTraining(parameters: Record<string, unknown>, signal?: AbortSignal): Promise<Training>;
  stopTraining(id: string, signal?: AbortSignal): Promise<Training[]>;
}

export function createPlaygroundApi({ json, post }: Transport): PlaygroundApi {
  return {
    playground: async (signal) => (await json("playground", {}, signal)) as PlaygroundForm,
    trainings: async (signal) => toTrainings(await json("trainings", {}, signal)),
    startTraining: async (parameters, signal) =>
      ((await post("trainings", { parameters }, signal)) as { training: Training }).training,
    stopTraining: async (id, signal) => toTrainings(await post("trainings/stop", { id }, signal)),
  };
}

function toTrainings(json: unknown): Training[] {
  const list = (json as { trainings?: unknown } | null)?.trainings;
  if (!Array.isArray(list)) throw new ApiError("broken", "The server's answer lists no trainings.");
  return list as Training[];
}
