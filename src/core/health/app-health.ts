/** The health of an app at a site: the worst of the objects that have an opinion. */
import type { Health, HealthStatus } from "./health.ts";

/** The app's word and line, and how many objects have no opinion. */
export interface AppHealth extends Health {
  readonly unverified: number;
}

/** From best to worst. Unknown is not in it: it has no opinion once applied. */
const order: readonly HealthStatus[] = [
  "Healthy",
  "Suspended",
  "Progressing",
  "Missing",
  "Degraded",
];

/** Takes the worst; with no opinion at all the app is Healthy, and `unverified` tells how little that says. */
export function appHealth(
  objects: Iterable<{ readonly name: string; readonly health: Health }>,
): AppHealth {
  let worst = 0;
  let message = "";
  let unverified = 0;
  for (const { name, health } of objects) {
    const rank = order.indexOf(health.status);
    if (rank < 0) unverified += 1;
    if (rank <= worst) continue;
    worst = rank;
    message = health.message === "" ? name : `${name}: ${health.message}`;
  }
  return { status: order[worst] ?? "Healthy", message, unverified };
}
