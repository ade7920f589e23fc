/**
 * Carries out what the planner decided: one commit per mirror that holds all its hand-overs. What fails in one mirror
 * stays in that mirror; the next pass tries it again from what then stands.
 */
import { copyObjects } from "../adapters/git/copy-objects.ts";
import { FleetError } from "../core/errors.ts";
import type { SiteMeta } from "../core/protocol/mirror-layout.ts";
import type { TreeId } from "../core/render/rendered.ts";
import { own } from "../core/rollout/own.ts";
import type { HandOver, FactsBySite, SiteMove } from "../core/rollout/planner-types.ts";
import { earlierTrees } from "./earlier-trees.ts";
import { treesOf, treesToLeave } from "./hand-over-trees.ts";
import { type MirrorCommit, type MirrorWork, planMirrorCommit } from "./mirror-commit.ts";
import type { FactSources, MirrorRepository } from "./mirror-repository.ts";
import type { MirrorSnapshot } from "./mirror-snapshot.ts";
import type { Mirrors } from "./mirrors.ts";
import type { PassMemory } from "./pass-memory.ts";
import { mayLack, type ReadState } from "./planner-input.ts";
import { forEachAtOnce } from "../runtime/at-once.ts";
import { type Enter, metaMaker, readMovedMetas } from "./mirror-metas.ts";

export interface HandOutInput {
  readonly read: ReadState;
  readonly mirrors: Mirrors;
  readonly memory: PassMemory;
  readonly handOvers: readonly HandOver[];
  readonly siteMoves: readonly SiteMove[];
  readonly author: string;
  /** Control was lost: nothing is written anywhere. */
  readonly isHeld: boolean;
}

export interface HandOutResult {
  /** Mirrors whose head moved. */
  readonly moved: readonly string[];
  /** What could not be carried out, in words. */
  readonly problems: readonly string[];
}

/** While one mirror waits for the disk, the commits of others are worked out. */
const mirrorsAtOnce = 8;

/** Carries out everything that concerns mirrors; they share nothing, so several are written at once. */
export async function handOut(input: HandOutInput): Promise<HandOutResult> {
  if (input.isHeld) return { moved: [], problems: [] };
  const { control, head } = input.read;
  const served = input.memory.settled(control.state.sites, head);
  const fleet = { facts: head.facts, served };
  const all = input.mirrors.all();
  const results = await forEachAtOnce(all, mirrorsAtOnce, async (mirror) => {
    const problems: string[] = [];
    try {
      return { isMoved: await handOutTo(mirror, { ...input, ...fleet }, problems), problems };
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      problems.push(`mirror ${mirror.name}: ${error.message} (${error.code})`);
      return { isMoved: false, problems };
    }
  });
  return {
    moved: all.filter((_, index) => results[index]?.isMoved === true).map(({ name }) => name),
    problems: results.flatMap(({ problems }) => problems),
  };
}

/** What is worked out once for all mirrors. */
interface FleetInput extends HandOutInput {
  readonly facts: FactsBySite;
  /** Mirror -> the sites that it serves and that the followed head declares. */
  readonly served: ReadonlyMap<string, readonly string[]>;
}

async function handOutTo(
  mirror: MirrorRepository,
  input: FleetInput,
  problems: string[],
): Promise<boolean> {
  const { read } = input;
  const found = read.mirrors.find((each) => each.mirror === mirror);
  if (found === undefined) return false; // what this pass has not read is not written by it
  const { snapshot: before } = found;
  if (mayLack(found, read.control)) return leaveByWord(mirror, before, input);
  const { enters, movedMetas } = await keepEnterable(
    input.siteMoves.filter((move): move is Enter => "enter" in move && move.enter === mirror.name),
    { mirror, input, problems },
  );
  const handOvers = await keepWritable(
    input.handOvers.filter((each) => each.mirror === mirror.name),
    { mirror, input, problems },
  );
  const work: MirrorWork = { handOvers, leaves: leavesOf(mirror, input), enters };
  const facts = untoldSites(mirror, before, input);
  const commit = planMirrorCommit({
    before: before.sites,
    work,
    sizeOf: (tree) => mirror.sizeOf(tree),
    facts,
    metaOf: metaMaker(read, { facts: input.facts, before: before.sites, movedMetas, handOvers }),
  });
  for (const site of facts) {
    const content = before.sites.get(site);
    if (content !== undefined && !commit.after.has(site)) {
      mirror.noteTold(content, factSources(read, site));
    }
  }
  return write({ mirror, before }, commit, input);
}

/** Served sites of which it is not known that their meta files tell the facts as they are. */
function untoldSites(
  mirror: MirrorRepository,
  { sites }: MirrorSnapshot,
  { read, served }: FleetInput,
): string[] {
  return (served.get(mirror.name) ?? []).filter((site) => {
    const content = sites.get(site);
    return content === undefined || !mirror.isTold(content, factSources(read, site));
  });
}

function factSources({ head, control }: ReadState, site: string): FactSources {
  return { model: head.model, assignment: own(control.state.sites, site) };
}

/** The commit comes on top of what the plan was made of: where that has moved meanwhile, the next pass plans anew. */
async function write(
  { mirror, before }: { readonly mirror: MirrorRepository; readonly before: MirrorSnapshot },
  commit: MirrorCommit,
  { read, author }: HandOutInput,
): Promise<boolean> {
  const { head: control, state } = read.control;
  if (commit.changes.length === 0 || control === null) return false;
  const frame = { epoch: state.epoch, control, at: read.now, author };
  return (await mirror.commit(before, commit, frame)) !== before.head;
}

/** Where the worker is awaited, only those sites leave of which an operator said that their worker is gone. */
async function leaveByWord(
  mirror: MirrorRepository,
  before: MirrorSnapshot,
  input: HandOutInput,
): Promise<boolean> {
  const { sites } = input.read.control.state;
  const leaves = leavesOf(mirror, input).filter(
    (site) => own(sites, site)?.moving?.released !== undefined,
  );
  const work = { handOvers: [], enters: [], leaves };
  const facts: string[] = [];
  const metaOf = (): null => null;
  const sizeOf = (tree: TreeId): number => mirror.sizeOf(tree);
  const commit = planMirrorCommit({ before: before.sites, work, sizeOf, facts, metaOf });
  return write({ mirror, before }, commit, input);
}

function leavesOf({ name }: MirrorRepository, { siteMoves }: HandOutInput): string[] {
  return siteMoves.flatMap((move) => ("leave" in move && move.leave === name ? [move.site] : []));
}

interface TreeTarget {
  readonly mirror: MirrorRepository;
  readonly input: HandOutInput;
  /** Where a tree is looked for before any other mirror. */
  readonly first?: MirrorRepository | undefined;
}

/** A site comes to the mirror: what it cannot have is told. */
interface Entry extends TreeTarget {
  readonly problems: string[];
}

/** The hand-overs whose trees the mirror can have; the others wait, and it is said why. */
async function keepWritable(
  handOvers: readonly HandOver[],
  { mirror, input, problems }: Entry,
): Promise<HandOver[]> {
  const writable: HandOver[] = [];
  for (const handOver of handOvers) {
    try {
      await requireTrees(treesOf(handOver), { mirror, input });
      // Where a marker of another removal stands, or nothing any more, the mirror has it in its history alone.
      for (const tree of treesToLeave(handOver)) await mirror.find(tree);
      writable.push(handOver);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      problems.push(`${handOver.site}: ${error.message}`);
    }
  }
  return writable;
}

interface Enterable {
  readonly enters: MirrorWork["enters"];
  readonly movedMetas: ReadonlyMap<string, SiteMeta>;
}

/** The sites that can come to the mirror with what they had; the others wait outside, and it is said why. */
async function keepEnterable(
  enters: readonly Enter[],
  { mirror, input, problems }: Entry,
): Promise<Enterable> {
  const able: Enter[] = [];
  const movedMetas = new Map<string, SiteMeta>();
  const targetOf = (enter: Enter): Entry => {
    const first = input.mirrors.get(enter.fromMirror);
    return { mirror, input, problems, first };
  };
  for (const enter of enters) {
    try {
      const metas = await metasOf(enter, { input, problems });
      await requireTrees(Object.values(enter.trees), targetOf(enter));
      able.push(enter);
      for (const [site, meta] of metas) movedMetas.set(site, meta);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      problems.push(`${enter.site}: ${error.message}`);
    }
  }
  const kept: MirrorWork["enters"][number][] = [];
  const earlier = await earlierOf(able, input, problems);
  for (const enter of able) {
    const good = await keepGood(enter, targetOf(enter));
    const came = await keepCame({ ...enter, good }, earlier.get(enter.site), targetOf(enter));
    kept.push({ ...enter, good, came });
  }
  return { enters: kept, movedMetas };
}

/**
 * What the old mirror said of the site. Where that mirror cannot be read, the site waits for it, or for an operator's word
 * that it is gone for good: then it comes without, as from one that was lost.
 */
async function metasOf(
  enter: Enter,
  { input, problems }: Pick<Entry, "input" | "problems">,
): ReturnType<typeof readMovedMetas> {
  try {
    return await readMovedMetas([enter], input.mirrors);
  } catch (error) {
    const isGone = own(input.read.control.state.sites, enter.site)?.moving?.released !== undefined;
    if (!(error instanceof FleetError) || !isGone) throw error;
    problems.push(`${enter.site}: it comes without what was said of its apps: ${error.message}`);
    return new Map();
  }
}

/** The good trees that can be had: without one a site cannot roll back to it, which is no reason to stay outside. */
async function keepGood({ site, good }: Enter, target: Entry): Promise<Enter["good"]> {
  const kept: Record<string, TreeId> = {};
  for (const [app, tree] of Object.entries(good)) {
    if (await canHave(tree, target, `${site}: it comes without the good version of ${app}`)) {
      kept[app] = tree;
    }
  }
  return kept;
}

/**
 * Site -> what its apps had in the mirror that it comes from: so the new worker removes what a release had dropped there,
 * and the old one had not removed yet. Of a site that was forgotten that was let go of, and where a
 * loss had left it in several mirrors nobody knows which has the newest. A history that cannot be read is
 * no reason to stay outside: what it would have told stays in the clusters.
 */
async function earlierOf(
  enters: readonly Enter[],
  { read, mirrors }: HandOutInput,
  problems: string[],
): ReturnType<typeof earlierTrees> {
  const { sites } = read.control.state;
  const remembered = enters.filter(({ site }) => {
    const { forgotten, several } = own(sites, site)?.moving ?? {};
    return forgotten === undefined && several === undefined;
  });
  const found: Awaited<ReturnType<typeof earlierTrees>>[] = [];
  for (const [name, group] of Map.groupBy(remembered, ({ fromMirror }) => fromMirror)) {
    const mirror = mirrors.get(name);
    if (mirror === undefined) continue;
    try {
      if (mirror.unreadable !== null) throw mirror.unreadable;
      found.push(
        await earlierTrees(mirror.store, new Map(group.map(({ site, trees }) => [site, trees]))),
      );
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      const named = group.map(({ site }) => site).join(", ");
      problems.push(`${named}: no earlier versions come along from ${name}: ${error.message}`);
    }
  }
  return new Map(found.flatMap((each) => [...each]));
}

/** Of those, the ones that can be had. */
async function keepCame(
  { site, good }: Enter,
  earlier: ReadonlyMap<string, readonly TreeId[]> | undefined,
  target: Entry,
): Promise<Record<string, readonly TreeId[]>> {
  const came: Record<string, readonly TreeId[]> = {};
  for (const [app, trees] of earlier ?? []) {
    const others = trees.filter((tree) => tree !== good[app]);
    const words = `${site}: it comes without an earlier version of ${app}`;
    const kept = await Promise.all(others.map((tree) => canHave(tree, target, words)));
    came[app] = others.filter((_, index) => kept[index]);
  }
  return came;
}

/** True when the mirror has the tree, or got it; else it is said what that means. */
async function canHave(
  tree: TreeId,
  { problems, ...target }: Entry,
  words: string,
): Promise<boolean> {
  try {
    await requireTrees([tree], target);
    return true;
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    problems.push(`${words}: ${error.message}`);
    return false;
  }
}

/** Puts trees into the mirror's store: from their rendering, or copied from another mirror. STATE_CORRUPT. */
async function requireTrees(
  trees: readonly TreeId[],
  { mirror, input, first }: TreeTarget,
): Promise<void> {
  for (const tree of trees) {
    if (mirror.has(tree)) continue;
    const variant = input.read.rendering.variant(tree);
    if (variant !== undefined) {
      await mirror.write(variant);
      continue;
    }
    if (await mirror.find(tree)) continue;
    const others = input.mirrors.all().filter((other) => other !== mirror && other !== first);
    const source = await findSource(tree, first === undefined ? others : [first, ...others]);
    await copyObjects({ from: source.store, to: mirror.store, trees: [tree] });
    await mirror.adopt(tree);
  }
}

async function findSource(
  tree: TreeId,
  mirrors: readonly MirrorRepository[],
): Promise<MirrorRepository> {
  for (const mirror of mirrors)
    if (mirror.unreadable === null && (await mirror.find(tree))) return mirror;
  throw new FleetError("STATE_CORRUPT", `tree ${tree} is in no mirror and in no rendering`, {
    hint: "the commit that it was rendered from may be gone from the fleet repository's clone",
  });
}
