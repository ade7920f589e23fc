/** Health of an object or app, in Argo CD's words (DESIGN 3). */
export type HealthStatus =
  | "Healthy"
  | "Progressing"
  | "Degraded"
  | "Suspended"
  | "Missing"
  | "Unknown";

/** The health of one object. `message` is "" when there is nothing to say. */
export interface Health {
  readonly status: HealthStatus;
  readonly message: string;
}
