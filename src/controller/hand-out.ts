/**
 * Carries out what the planner decided: one commit per mirror that holds all its hand-overs. What fails in one mirror
 * stays in that mirror; the next pass tries it again from what then stands.
 */
import { copyObjects } from "../adapters/git/copy-objects.ts";
import { FleetError } from "../core/errors.ts";
import type { TreeId } from "../core/render/rendered.ts";
import type { HandOver, SiteMove } from "../core/rollout/planner-types.ts";
import { type MirrorWork, planMirrorCommit } from "./mirror-commit.ts";
import type { MirrorRepository } from "./mirror-repository.ts";
import type { Mirrors } from "./mirrors.ts";
import type { ReadState } from "./planner-input.ts";
import { type Enter, metaMaker, readMovedMetas } from "./mirror-metas.ts";

export interface HandOutInput {
  readonly read: ReadState;
  readonly mirrors: Mirrors;
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

/** Carries out everything that concerns mirrors. */
export async function handOut(input: HandOutInput): Promise<HandOutResult> {
  const moved: string[] = [];
  const problems: string[] = [];
  if (input.isHeld) return { moved, problems };
  for (const mirror of input.mirrors.all()) {
    try {
      if (await handOutTo(mirror, input, problems)) moved.push(mirror.name);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      problems.push(`mirror ${mirror.name}: ${error.message} (${error.code})`);
    }
  }
  return { moved, problems };
}

async function handOutTo(
  mirror: MirrorRepository,
  input: HandOutInput,
  problems: string[],
): Promise<boolean> {
  const { read } = input;
  const before = await mirror.snapshot();
  const enters = input.siteMoves.filter(
    (move): move is Enter => "enter" in move && move.enter === mirror.name,
  );
  const movedMetas = await readMovedMetas(enters, input.mirrors);
  const handOvers = await keepWritable(
    input.handOvers.filter((each) => each.mirror === mirror.name),
    { mirror, input, problems },
  );
  for (const enter of enters) {
    await requireTrees([...Object.values(enter.trees), ...Object.values(enter.good)], {
      mirror,
      input,
    });
  }
  const leaves = input.siteMoves.flatMap((move) =>
    "leave" in move && move.leave === mirror.name ? [move.site] : [],
  );
  const work: MirrorWork = { handOvers, leaves, enters };
  const commit = planMirrorCommit({
    before: before.sites,
    work,
    sizeOf: (tree) => mirror.sizeOf(tree),
    facts: assignedSites(mirror.name, read),
    metaOf: metaMaker(read, { before: before.sites, movedMetas, handOvers }),
  });
  if (commit.changes.length === 0 || read.control.head === null) return false;
  const head = await mirror.commit(commit, {
    epoch: read.control.state.epoch,
    control: read.control.head,
    at: read.now,
    author: input.author,
  });
  return head !== before.head;
}

/** Sites that this mirror serves and that the followed head declares. */
function assignedSites(mirror: string, { control, head }: ReadState): string[] {
  return Object.entries(control.state.sites).flatMap(([site, assignment]) =>
    assignment.mirror === mirror && assignment.moving === undefined && head.model.sites.has(site)
      ? [site]
      : [],
  );
}

interface TreeTarget {
  readonly mirror: MirrorRepository;
  readonly input: HandOutInput;
}

/** The hand-overs whose trees the mirror can have; the others wait, and it is said why. */
async function keepWritable(
  handOvers: readonly HandOver[],
  { mirror, input, problems }: TreeTarget & { readonly problems: string[] },
): Promise<HandOver[]> {
  const writable: HandOver[] = [];
  for (const handOver of handOvers) {
    try {
      await requireTrees(treesOf(handOver), { mirror, input });
      writable.push(handOver);
    } catch (error) {
      if (!(error instanceof FleetError)) throw error;
      problems.push(`${handOver.site}: ${error.message}`);
    }
  }
  return writable;
}

function treesOf({ apps }: HandOver): TreeId[] {
  return apps.flatMap(({ set, good }) => [
    ...("tree" in set ? [set.tree] : []),
    ...(good === null ? [] : [good]),
  ]);
}

/** Puts trees into the mirror's store: from their rendering, or copied from another mirror. STATE_CORRUPT. */
async function requireTrees(
  trees: readonly TreeId[],
  { mirror, input }: TreeTarget,
): Promise<void> {
  for (const tree of trees) {
    if (mirror.has(tree)) continue;
    const variant = input.read.rendering.variant(tree);
    if (variant !== undefined) {
      await mirror.write(variant);
      continue;
    }
    const source = input.mirrors.all().find((other) => other !== mirror && other.has(tree));
    if (source === undefined) {
      throw new FleetError("STATE_CORRUPT", `tree ${tree} is in no mirror and in no rendering`, {
        hint: "the commit that it was rendered from may be gone from the fleet repository's clone",
      });
    }
    await copyObjects({ from: source.store, to: mirror.store, trees: [tree] });
    await mirror.adopt(tree);
  }
}
