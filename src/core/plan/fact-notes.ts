/** What a change says that goes to workers at once: no site changes by its files, and yet what they do is another thing. */
import { isSameJson, type Json } from "../model/json.ts";
import type { FleetModel, Located } from "../model/fleet-model.ts";
import type { App } from "../model/kinds.ts";
import { siteFacts } from "../rollout/fleet-facts.ts";
import { verbsOf } from "../rollout/removal-verbs.ts";
import { driftPace, policyOf } from "../rollout/site-policies.ts";
import { someOf } from "../rollout/words.ts";

/** A line for each of them, with its sites or apps; of apps that come or go the release says all. */
export function factNotes(base: FleetModel, head: FleetModel): readonly string[] {
  return [...suspensions(base, head), ...policies(base, head), ...pace(base, head)];
}

function suspensions(base: FleetModel, head: FleetModel): readonly string[] {
  const before = siteFacts(base);
  const [said, unsaid]: [string[], string[]] = [[], []];
  for (const [site, { suspend }] of siteFacts(head)) {
    const known = before.get(site)?.suspend ?? false;
    if (known !== suspend) (suspend ? said : unsaid).push(site);
  }
  return [
    ...told(said, (sites) => [
      `\`suspend\` is said of ${sites}: nothing new is released there until a later commit ends it`,
    ]),
    ...told(unsaid, (sites) => [
      `\`suspend\` is no longer said of ${sites}: what was not released there meanwhile comes`,
    ]),
  ];
}

function told(names: readonly string[], inWords: (names: string) => string[]): readonly string[] {
  return names.length === 0 ? [] : inWords(someOf(names.toSorted()));
}

const atOnce = "this holds at once and at all sites, by no release";
const whenItLeaves = "this holds where a later commit takes it away";

function policies(base: FleetModel, head: FleetModel): readonly string[] {
  const apps = [...head.apps.keys()].filter((app) => base.apps.has(app)).toSorted();
  const changes = apps.flatMap((app) => {
    const [before, after] = [base, head].map((model) => wordsOf(model, app));
    return Object.entries(after ?? {}).flatMap(([field, to]) => {
      const from = before?.[field];
      if (isSameJson(from ?? null, to)) return [];
      const isWord = typeof from === "string" && typeof to === "string";
      const how = isWord ? `is ${to} in place of ${from}` : "changes";
      return [{ app, field, how }];
    });
  });
  const groups = Map.groupBy(changes, ({ field, how }) => `${field} ${how}`);
  return [...groups].map(([what, group]) => {
    const holds = group[0]?.field === "onRemoval" ? whenItLeaves : atOnce;
    return `${what} for ${someOf(group.map(({ app }) => app))}: ${holds}`;
  });
}

/** By field, as it is in force. */
function wordsOf(model: FleetModel, app: string): Readonly<Record<string, Json>> {
  const { drift, ignored, health, atomic } = policyOf(model, app) ?? {};
  return {
    "drift.mode": drift ?? null,
    "drift.ignore": ignored ?? [],
    health: health ?? [],
    atomic: atomic ?? false,
    ...ownWordsOf(model.apps.get(app)),
    onRemoval: verbsOf(model).get(app) ?? null,
  };
}

/** What the App alone says. */
function ownWordsOf(app: Located<App> | undefined): Readonly<Record<string, Json>> {
  const { serviceAccountName = null, dependsOn = [] } = app?.value.spec ?? {};
  return {
    serviceAccountName: [serviceAccountName],
    dependsOn: [...new Set(dependsOn)].toSorted(),
  };
}

function pace(base: FleetModel, head: FleetModel): readonly string[] {
  const [before, after] = [driftPace(base), driftPace(head)];
  const fields = {
    "drift.interval": "intervalMs",
    "drift.maxSitesPerMinute": "maxSitesPerMinute",
    "drift.maxDriftedPercent": "maxDriftedPercent",
  } as const;
  const changed = Object.entries(fields).filter(([, key]) => before[key] !== after[key]);
  if (changed.length === 0) return [];
  const names = changed.map(([name]) => name).join(", ");
  return [`the Fleet (${head.fleet.file}) changes ${names}: ${atOnce}`];
}
