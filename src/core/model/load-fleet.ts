/**
 * The way in: every text file of a repository in; the checked fleet out, or all mistakes at once. Pure: the same files
 * give the same model and the same diagnostics, in whatever order they come. A fleet with one error is no fleet: the rest
 * is looked over for more mistakes and nothing else, so nothing can go missing from it unseen.
 */
import { checkAsked } from "./asked-selectors.ts";
import { checkChecks } from "./check-checks.ts";
import { checkDecisions, warnOfDecisions } from "./check-decisions.ts";
import { checkDependencies } from "./check-dependencies.ts";
import { checkExpressions } from "./check-expressions.ts";
import { checkLabels, checkOwnLabels, type Vocabulary } from "./check-labels.ts";
import { checkProfiles, warnOfProfiles } from "./check-profiles.ts";
import { checkReferences } from "./check-references.ts";
import { checkRest } from "./check-rest.ts";
import { checkRules } from "./check-rules.ts";
import { checkSelectors } from "./check-selectors.ts";
import { checkSources } from "./check-sources.ts";
import { checkTwofold, checkTypedNumbers, warnOfTwofold } from "./check-twofold.ts";
import { checkWindows, warnOfWindows } from "./check-windows.ts";
import { type Diagnostic, distinctDiagnostics, sortDiagnostics } from "./diagnostic.ts";
import { draftFleet, entriesOf } from "./draft-fleet.ts";
import type { Entry, FleetDraft } from "./fleet-draft.ts";
import type { FleetModel, SourceFile } from "./fleet-model.ts";
import { KeptResults } from "./kept-results.ts";
import type { Fleet } from "./kinds.ts";
import { keptFor, KnownFleet } from "./known-fleet.ts";
import { warnOfMembers } from "./patch-members.ts";
import {
  type FleetFiles,
  type KindDocument,
  manifestsOf,
  readFleetFiles,
} from "./read-fleet-files.ts";
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
export function loadFleet(
  files: readonly SourceFile[],
  known: KnownFleet = new KnownFleet(),
): LoadedFleet {
  const read = readFleetFiles(files, known);
  const { draft, errors: draftErrors } = checkedDraft(read, known);
  const tools = readToolSources(draft, read);
  const errors = [
    ...read.diagnostics,
    ...draftErrors,
    ...checkSources(draft, read, tools),
    ...checkVendored(draft, read),
  ];
  const { fleet } = draft;
  if (errors.length > 0 || fleet === undefined) {
    const sound = soundPart({ draft, read, tools, errors });
    return { ok: false, diagnostics: distinctDiagnostics(errors), sound };
  }
  return {
    ok: true,
    value: modelOf(draft, { fleet, tools, others: read.others, known }),
    diagnostics: warningsOf(draft),
  };
}

interface CheckedDraft {
  readonly draft: FleetDraft;
  readonly errors: readonly Diagnostic[];
}

const keptDrafts = new KeptResults<FleetFiles["byBlock"], CheckedDraft>();

/** What the documents say by themselves, and what is wrong with it. */
function checkedDraft(read: FleetFiles, known: KnownFleet): CheckedDraft {
  // Where a file is mistaken, the documents are not all that counts.
  if (read.mistaken.size > 0) return checkDraft(read, known);
  return keptDrafts.get(read.byBlock, [], () => checkDraft(read, known));
}

function checkDraft(read: FleetFiles, known: KnownFleet): CheckedDraft {
  const { draft, diagnostics, unsound } = draftFleet(read, known);
  const errors = [
    ...diagnostics,
    ...checkBlocks(read.byBlock, draft.fleet?.value.spec.labels),
    ...checkReferences(draft),
    ...checkDependencies(draft),
    ...checkProfiles(draft),
    ...checkRules(draft),
    ...checkDecisions(draft),
    ...checkChecks(draft),
    ...checkWindows(draft),
    ...checkLabels(draft),
    ...checkSelectors(draft),
    ...checkAsked(draft),
    ...checkRest(draft, unsound),
  ];
  return { draft, errors };
}

const keptBlocks = new KeptResults<readonly KindDocument[], readonly Diagnostic[]>(1);

/** What is wrong with documents whatever others there are. */
function checkBlocks(
  byBlock: readonly (readonly KindDocument[])[],
  vocabulary: Vocabulary,
): readonly Diagnostic[] {
  return byBlock.flatMap((documents) =>
    keptBlocks.get(documents, [vocabulary], () => [
      ...checkTwofold(documents),
      ...checkExpressions(documents, vocabulary),
      ...entriesOf(documents).flatMap((one) => [
        ...checkTypedNumbers(one.entry.document),
        ...checkOwnLabels(one, vocabulary),
      ]),
    ]),
  );
}

const warningsOf = keptFor((draft: FleetDraft) =>
  sortDiagnostics([
    ...warnOfSelectors(draft),
    ...warnOfDecisions(draft),
    ...warnOfWindows(draft),
    ...warnOfProfiles(draft),
    ...warnOfTwofold(draft),
    ...warnOfMembers(draft),
  ]),
);

interface ModelSources {
  readonly fleet: Entry<Fleet>;
  readonly tools: ReadonlyMap<string, ReadToolSource>;
  readonly others: readonly SourceFile[];
  readonly known: KnownFleet;
}

function modelOf(draft: FleetDraft, { fleet, tools, others, known }: ModelSources): FleetModel {
  return {
    fleet,
    regions: draft.regions,
    sites: draft.sites,
    virtualSites: draft.virtualSites,
    profiles: draft.profiles,
    apps: draft.apps,
    strategies: draft.strategies,
    decisions: draft.decisions,
    windows: draft.windows,
    manifests: known.manifests(
      new Map(
        [...draft.apps].map(([name, { value }]) => [
          name,
          manifestsOf(value.spec.source.manifests, others),
        ]),
      ),
    ),
    toolSources: foundSources(tools),
  };
}
