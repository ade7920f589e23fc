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

/** From best to worst. Unknown has no opinion: it counts only where there is nothing else. */
export const healthOrder: readonly HealthStatus[] = [
  "Unknown",
  "Healthy",
  "Suspended",
  "Progressing",
  "Missing",
  "Degraded",
];

/** The worst of some, the first where several are equal; undefined of none. */
export function worstOf(all: readonly (Health | undefined)[]): Health | undefined {
  let worst: Health | undefined;
  for (const one of all) {
    if (one === undefined) continue;
    if (worst === undefined || rankOf(one) > rankOf(worst)) worst = one;
  }
  return worst;
}

function rankOf({ status }: Health): number {
  return healthOrder.indexOf(status);
}
