/**
 * The way in: every text file of a repository in; the checked fleet out, or all mistakes at once. Pure: the same files
 * give the same model and the same diagnostics, in whatever order they come. A fleet with one error is no fleet: the rest
 * is looked over for more mistakes and nothing else, so nothing can go missing from it unseen.
 */
import { checkChecks } from "./check-checks.ts";
import { checkDecisions, warnOfDecisions } from "./check-decisions.ts";
import { checkDependencies } from "./check-dependencies.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkLabels } from "./check-labels.ts";
import { checkProfiles, warnOfProfiles } from "./check-profiles.ts";
import { checkReferences } from "./check-references.ts";
import { checkRules } from "./check-rules.ts";
import { checkSchema } from "./check-schema.ts";
import { checkSelectors } from "./check-selectors.ts";
import { checkSources } from "./check-sources.ts";
import { checkWindows, warnOfWindows } from "./check-windows.ts";
import { type Diagnostic, distinctDiagnostics, sortDiagnostics } from "./diagnostic.ts";
import { draftFleet } from "./draft-fleet.ts";
import type { Entry, FleetDraft } from "./fleet-draft.ts";
import type { FleetModel, Located, SourceFile } from "./fleet-model.ts";
import type { Fleet, FleetDocument } from "./kinds.ts";
import { locate } from "./locate.ts";
import { type KnownFiles, manifestsOf, readFleetFiles } from "./read-fleet-files.ts";
import { type SoundPart, soundPart } from "./sound-part.ts";
import { foundSources, readToolSources } from "./tools/read-tool-sources.ts";
import type { ReadToolSource } from "./tools/tool-source.ts";
import { checkVendored } from "./vendor-lock.ts";
import { warnOfSelectors } from "./warn-of-selectors.ts";

/** The checked fleet, or all mistakes of its kinds and what is sound beside them. */
export type LoadedFleet =
  | {
      readonly ok: true;
      readonly value: FleetModel;
      readonly diagnostics: readonly Diagnostic[];
    }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      /** For finding more mistakes only. */
      readonly sound: SoundPart;
    };

/**
 * Reads and checks a fleet repository. `files`: all its text files, those of other tools too. `known`: what earlier calls
 * have read, for who loads one commit after the other.
 */
export function loadFleet(files: readonly SourceFile[], known?: KnownFiles): LoadedFleet {
  const read = readFleetFiles(files, known);
  const { draft, diagnostics } = draftFleet(read, checkSchema);
  const tools = readToolSources(draft, read);
  const errors = [
    ...read.diagnostics,
    ...diagnostics,
    ...checkExpressions(read.documents, draft.fleet?.value.spec.labels),
    ...checkReferences(draft),
    ...checkDependencies(draft),
    ...checkProfiles(draft),
    ...checkRules(draft),
    ...checkDecisions(draft),
    ...checkChecks(draft),
    ...checkWindows(draft),
    ...checkLabels(draft),
    ...checkSelectors(draft),
    ...checkSources(draft, read, tools),
    ...checkVendored(draft, read),
  ];
  const { fleet } = draft;
  const texts = new Map(files.map((file) => [file.path, file]));
  if (errors.length > 0 || fleet === undefined) {
    const sound = soundPart({ draft, read, texts, tools, errors });
    return { ok: false, diagnostics: distinctDiagnostics(errors), sound };
  }
  return {
    ok: true,
    value: modelOf(draft, { fleet, texts, tools, others: read.others }),
    diagnostics: sortDiagnostics([
      ...warnOfSelectors(draft),
      ...warnOfDecisions(draft),
      ...warnOfWindows(draft),
      ...warnOfProfiles(draft),
    ]),
  };
}

interface ModelSources {
  readonly fleet: Entry<Fleet>;
  readonly texts: ReadonlyMap<string, SourceFile>;
  readonly tools: ReadonlyMap<string, ReadToolSource>;
  readonly others: readonly SourceFile[];
}

function modelOf(draft: FleetDraft, { fleet, texts, tools, others }: ModelSources): FleetModel {
  const locateAll = <T extends FleetDocument>(
    entries: ReadonlyMap<string, Entry<T>>,
  ): ReadonlyMap<string, Located<T>> =>
    new Map([...entries].map(([name, entry]) => [name, locate(entry, texts)]));
  return {
    fleet: locate(fleet, texts),
    regions: locateAll(draft.regions),
    sites: locateAll(draft.sites),
    virtualSites: locateAll(draft.virtualSites),
    profiles: locateAll(draft.profiles),
    apps: locateAll(draft.apps),
    strategies: locateAll(draft.strategies),
    decisions: locateAll(draft.decisions),
    windows: locateAll(draft.windows),
    manifests: new Map(
      [...draft.apps].map(([name, { value }]) => [
        name,
        manifestsOf(value.spec.source.manifests, others),
      ]),
    ),
    toolSources: foundSources(tools),
  };
}
