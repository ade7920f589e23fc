/** Apps that depend on each other in a circle: none of them could ever move. */
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft } from "./fleet-draft.ts";
import type { App } from "./kinds.ts";

/** The shortest circle through each app that no circle before was told of, with the place of every link. */
export function checkDependencies({ apps }: Pick<FleetDraft, "apps">): Diagnostic[] {
  const found: Diagnostic[] = [];
  const told = new Set<string>();
  for (const name of leftInCircles(apps).toSorted()) {
    const circle = told.has(name) ? null : circleFrom(apps, name);
    if (circle === null) continue;
    for (const app of circle) told.add(app);
    found.push(circleMistake(apps, circle));
  }
  return found;
}

type Apps = ReadonlyMap<string, Entry<App>>;

/** Apps that lead to a circle: what depends only on apps that lead to none is taken out, so a chain is walked once. */
function leftInCircles(apps: Apps): string[] {
  const dependants = new Map<string, string[]>();
  const left = new Map<string, number>();
  for (const [name, { value }] of apps) {
    const needed = (value.spec.dependsOn ?? []).filter((other) => apps.has(other));
    left.set(name, needed.length);
    for (const other of needed) {
      const known = dependants.get(other);
      if (known === undefined) dependants.set(other, [name]);
      else known.push(name);
    }
  }
  const free = [...left].flatMap(([name, count]) => (count === 0 ? name : []));
  for (const name of free) {
    left.delete(name);
    for (const dependant of dependants.get(name) ?? []) {
      const count = (left.get(dependant) ?? 0) - 1;
      left.set(dependant, count);
      if (count === 0) free.push(dependant);
    }
  }
  return [...left.keys()];
}

/** The shortest way from an app back to itself, without its end; null: there is none. */
function circleFrom(apps: Apps, start: string): readonly string[] | null {
  const from = new Map<string, string>();
  const queue = [start];
  for (const app of queue) {
    for (const next of apps.get(app)?.value.spec.dependsOn ?? []) {
      if (next === start) return wayTo(from, app);
      if (from.has(next)) continue;
      from.set(next, app);
      queue.push(next);
    }
  }
  return null;
}

function wayTo(from: ReadonlyMap<string, string>, last: string): string[] {
  const way: string[] = [];
  for (let app: string | undefined = last; app !== undefined; app = from.get(app)) way.push(app);
  return way.toReversed();
}

function circleMistake(apps: Apps, circle: readonly string[]): Diagnostic {
  const links = circle.map((app, index) => {
    const next = circle[(index + 1) % circle.length] ?? "";
    return { next, place: linkPlace(apps, app, next) };
  });
  const [first, ...others] = links;
  const words = others.map(
    ({ next, place }) => `, then ${next} (${place.file}:${place.line}:${place.column})`,
  );
  const message = `${circle[0] ?? ""} depends on itself: on ${first?.next ?? ""}${words.join("")}`;
  const hint = "take one of the links out of `dependsOn`";
  const place = first?.place ?? { file: ".", line: 0, column: 0 };
  return errorAt(place, { code: "dependency-cycle", message, hint });
}

function linkPlace(
  apps: Apps,
  app: string,
  next: string,
): { file: string; line: number; column: number } {
  const entry = apps.get(app);
  const index = entry?.value.spec.dependsOn?.indexOf(next) ?? 0;
  return entry?.document.at(["spec", "dependsOn", index]) ?? { file: ".", line: 0, column: 0 };
}
