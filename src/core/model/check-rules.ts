/** Rules of single documents that a schema cannot say. */
import { KnownNames } from "./closest-name.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { checkDrift } from "./check-drift-policy.ts";
import { checkHealthRules } from "./check-health-rules.ts";
import { checkOverlays } from "./check-overlays.ts";
import { checkVendorList } from "./check-vendor-list.ts";
import { parseDuration } from "./duration.ts";
import { type Entry, errorAt, type FleetDraft } from "./fleet-draft.ts";
import { FollowedFindings } from "./followed-results.ts";
import { countBoundedIgnores, longestIgnore, mostIgnores } from "./ignored-files.ts";
import type {
  App,
  Fleet,
  FleetDocument,
  Profile,
  RolloutStrategy,
  Stage,
  VirtualSite,
} from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import { fieldName } from "./schema-messages.ts";
import { shownNames } from "./shown-names.ts";
import type { FieldPath } from "./yaml-places.ts";
import { shortText } from "./short-text.ts";

export function checkRules({
  fleet,
  virtualSites,
  profiles,
  apps,
  strategies,
}: FleetDraft): Diagnostic[] {
  return [
    ...(fleet === undefined ? [] : checkFleet(fleet)),
    ...eachOf(virtualSites, checkVirtualSite),
    ...eachOf(profiles, checkProfile),
    ...eachOf(apps, checkApp),
    ...eachOf(strategies, checkStrategy),
  ];
}

const followed = new FollowedFindings<Entry<FleetDocument>, readonly Diagnostic[]>();

/** What is wrong with each document by itself. */
function eachOf<T extends FleetDocument>(
  entries: ReadonlyMap<string, Entry<T>>,
  check: (entry: Entry<T>) => readonly Diagnostic[],
): readonly Diagnostic[] {
  const found = followed.get(entries, [], (entry) => {
    const mistakes = check(entry as Entry<T>); // of these entries
    return mistakes.length === 0 ? undefined : mistakes;
  });
  return [...found.values()].flat();
}

function checkFleet({ value, document }: Entry<Fleet>): Diagnostic[] {
  return [
    ...checkDurations(document, [[["spec", "drift", "interval"], value.spec.drift?.interval]]),
    ...checkDrift(value.spec.drift, document),
    ...checkHealthRules(value.spec.health, document),
    ...checkIgnore(value.spec.ignore ?? [], document),
    ...checkVendorList(value.spec.vendor ?? [], document),
  ];
}

function checkIgnore(patterns: readonly string[], document: YamlDocument): Diagnostic[] {
  const index = countBoundedIgnores(patterns);
  const pattern = patterns[index];
  if (pattern === undefined) return [];
  const message =
    pattern.length > longestIgnore
      ? `the pattern has ${pattern.length} characters, more than ${longestIgnore}`
      : `the patterns stand for more than ${mostIgnores}, with each {a,b} written out`;
  const hint = "name folders, or use `*` and `**`";
  const place = document.at(["spec", "ignore", index]);
  return [errorAt(place, { code: "invalid-value", message, hint })];
}

function checkVirtualSite({ value, document }: Entry<VirtualSite>): Diagnostic[] {
  const { selector, all } = value.spec;
  if ((selector === undefined) !== (all === undefined)) return [];
  if (all !== undefined) {
    const message = "`selector` and `all` exclude each other";
    const hint = "remove one of the two";
    return [errorAt(document.keyAt(["spec", "all"]), { code: "invalid-value", message, hint })];
  }
  const message = "a VirtualSite needs `selector` or `all`";
  const hint = "add `selector: …`, or `all: true` for every site";
  return [errorAt(document.keyAt(["spec"]), { code: "missing-field", message, hint })];
}

function checkProfile({ value, document }: Entry<Profile>): Diagnostic[] {
  return checkOverlays(value.spec.overlays, document);
}

function checkApp({ value, document }: Entry<App>): Diagnostic[] {
  return [
    ...checkDrift(value.spec.drift, document),
    ...checkHealthRules(value.spec.health, document),
    ...checkSourceFields(value, document),
    ...checkVersionRange(value, document),
    ...checkOverlays(value.spec.overlays, document),
  ];
}

function checkVersionRange({ spec }: App, document: YamlDocument): Diagnostic[] {
  const { min, max } = spec.kubernetes ?? {};
  const minorOf = (version: string): number => Number(version.slice("1.".length));
  if (min === undefined || max === undefined || minorOf(min) <= minorOf(max)) return [];
  const message = `no Kubernetes is ${shortText(min)} or newer and ${shortText(max)} or older`;
  const place = document.at(["spec", "kubernetes", "max"]);
  return [errorAt(place, { code: "invalid-value", message, hint: "exchange the two" })];
}

const sourceFields = ["manifests", "kustomize", "chart"] as const;

function checkSourceFields({ spec }: App, document: YamlDocument): Diagnostic[] {
  const { source } = spec;
  const [first, second] = sourceFields.filter((field) => source[field] !== undefined);
  if (first === undefined) {
    const message = "a source needs `manifests`, `kustomize` or `chart`";
    const place = document.keyAt(["spec", "source"]);
    return [errorAt(place, { code: "missing-field", message, hint: "add one of them" })];
  }
  const exclusive = (path: FieldPath, message: string, hint: string): Diagnostic =>
    errorAt(document.keyAt(path), { code: "invalid-value", message, hint });
  if (second !== undefined) {
    const message = `\`${first}\` and \`${second}\` exclude each other`;
    return [exclusive(["spec", "source", second], message, "write two Apps")];
  }
  const optional = [
    ["helm", "chart", "charts"],
    ["expressions", "manifests", "plain manifests"],
  ] as const;
  return optional.flatMap(([field, needed, what]) => {
    if (source[field] === undefined || first === needed) return [];
    const hint = `remove it, or use \`source.${needed}\``;
    return [exclusive(["spec", "source", field], `\`${field}\` is for ${what} only`, hint)];
  });
}

function checkStrategy({ value, document }: Entry<RolloutStrategy>): Diagnostic[] {
  const { stages = [], soak, minReady, progressDeadline, urgent } = value.spec;
  return [
    ...checkDurations(document, [
      [["spec", "soak"], soak],
      [["spec", "minReady"], minReady],
      [["spec", "progressDeadline"], progressDeadline],
      [["spec", "urgent", "soak"], urgent?.soak],
      [["spec", "urgent", "minReady"], urgent?.minReady],
      ...stages.map((stage, index): PlacedDuration => [
        ["spec", "stages", index, "soak"],
        stage.soak,
      ]),
    ]),
    ...stages.flatMap((stage, index) => checkStage(stages, index, document)),
    ...checkUrgentStages({ value, document }),
  ];
}

/** What an urgent release keeps are stages that there are. */
function checkUrgentStages({
  value,
  document,
}: Pick<Entry<RolloutStrategy>, "value" | "document">): Diagnostic[] {
  const { stages = [], urgent } = value.spec;
  const declared = stages.map(({ name }) => name);
  const names = [...(declared.length === 0 ? ["canary", "early"] : declared), "rest"];
  const known = new KnownNames(names);
  return (urgent?.stages ?? []).flatMap((name, index) => {
    if (known.all.has(name)) return [];
    const message = `there is no stage "${name}"`;
    const near = known.closest(name);
    const hint = near === undefined ? `stages: ${shownNames(names)}` : `did you mean "${near}"?`;
    const place = document.at(["spec", "urgent", "stages", index]);
    return [errorAt(place, { code: "dangling-reference", message, hint })];
  });
}

function checkStage(stages: readonly Stage[], index: number, document: YamlDocument): Diagnostic[] {
  const stage = stages[index];
  if (stage === undefined) return [];
  const path = ["spec", "stages", index];
  const found: Diagnostic[] = [];
  const firstIndex = stages.findIndex(({ name }) => name === stage.name);
  if (firstIndex < index) {
    const { line } = document.at(["spec", "stages", firstIndex, "name"]);
    const message = `the stage "${stage.name}" is declared already, in line ${line}`;
    const hint = "give each stage its own name";
    found.push(errorAt(document.at([...path, "name"]), { code: "duplicate-name", message, hint }));
  }
  const takes = (["selector", "count", "percent", "each"] as const).filter((key) => key in stage);
  const second = takes[1];
  if (second !== undefined) {
    const message = `a stage takes its sites by one of ${takes.join(" and ")}, not by both`;
    const hint = "remove one of them";
    found.push(
      errorAt(document.keyAt([...path, second]), { code: "invalid-value", message, hint }),
    );
  }
  return [...found, ...checkEach(stages, index, document), ...checkRest(stages, index, document)];
}

/** Stages of domains are called `<name>-<domain>`: no other stage may be. */
function checkEach(stages: readonly Stage[], index: number, document: YamlDocument): Diagnostic[] {
  const name = stages[index]?.name ?? "";
  const each = stages.find((other) => "each" in other && name.startsWith(`${other.name}-`));
  if (each === undefined) return [];
  const message = `a stage of "${each.name}", one for each domain, may be called "${name}" too`;
  const hint = `choose a name that does not begin with "${each.name}-"`;
  const place = document.at(["spec", "stages", index, "name"]);
  return [errorAt(place, { code: "duplicate-name", message, hint })];
}

/** A stage without selector, count, percent and each takes what is left: nothing can follow, and only it is `rest`. */
function checkRest(stages: readonly Stage[], index: number, document: YamlDocument): Diagnostic[] {
  const stage = stages[index];
  if (stage === undefined) return [];
  const path = ["spec", "stages", index];
  const takesRest = !["selector", "count", "percent", "each"].some((key) => key in stage);
  if (takesRest && index < stages.length - 1) {
    const message = `the stage "${stage.name}" takes all that is left, so none can follow it`;
    const hint = "give it a selector, count, percent or each, or move it to the end";
    return [errorAt(document.at(path), { code: "invalid-value", message, hint })];
  }
  if (takesRest || stage.name !== "rest") return [];
  const message = "`rest` is the name of the stage that takes what is left";
  const hint = "choose another name";
  return [errorAt(document.at([...path, "name"]), { code: "invalid-name", message, hint })];
}

type PlacedDuration = readonly [path: FieldPath, text: string | undefined];

/** Time spans with the right form that are still none: over a year. */
function checkDurations(
  document: YamlDocument,
  durations: readonly PlacedDuration[],
): Diagnostic[] {
  return durations.flatMap(([path, text]) => {
    if (text === undefined || parseDuration(text) !== undefined) return [];
    const message = `the time span "${shortText(text)}" for ${fieldName(path)} is longer than a year`;
    const hint = "write 8760h or less";
    return errorAt(document.at(path), { code: "invalid-value", message, hint });
  });
}
