/**
 * Control is written before the mirrors that depend on it, so a mirror whose trailer names a control commit that
 * control does not have says that control was lost or restored from an older copy. Then everything is held.
 */
import type { AwaitedHead } from "../core/rollout/planner-types.ts";
import type { ControlRepository, ControlSnapshot } from "./control-repository.ts";
import type { MirrorSnapshot } from "./mirror-snapshot.ts";
import type { Observations } from "./observations.ts";

/** One mirror by name, with what stands in it. */
export interface NamedMirror {
  readonly name: string;
  readonly snapshot: MirrorSnapshot;
}

/** Remembers what was found in order, so that a pass over an unchanged state asks git nothing. */
export class ControlLossCheck {
  readonly #control: ControlRepository;
  readonly #agreed = new Set<string>();
  #checkedHead: string | null = null;

  constructor(control: ControlRepository) {
    this.#control = control;
  }

  /** What is lost, in words; undefined when control and the mirrors agree. */
  async find(
    control: ControlSnapshot,
    mirrors: readonly NamedMirror[],
  ): Promise<string | undefined> {
    await this.#forgetRewrittenControl(control);
    for (const { name, snapshot } of mirrors) {
      const { head } = snapshot;
      if (head === null || this.#agreed.has(head)) continue;
      if (control.recovery?.mirrors[name] !== head) {
        const problem = await this.#disagreement(control, { name, snapshot });
        if (problem !== undefined) return problem;
      }
      this.#agreed.add(head);
    }
    return undefined;
  }

  /** What was found in order counts only as long as control goes on from where it was. */
  async #forgetRewrittenControl({ head }: ControlSnapshot): Promise<void> {
    const last = this.#checkedHead;
    if (last === head) return;
    const goesOn = last !== null && head !== null && (await this.#control.holds(last, head));
    if (!goesOn) this.#agreed.clear();
    this.#checkedHead = head;
  }

  async #disagreement(
    control: ControlSnapshot,
    { name, snapshot: { trailers } }: NamedMirror,
  ): Promise<string | undefined> {
    if (trailers === null) return `the head of mirror ${name} was not written by Flotilla`;
    const { control: commit } = trailers;
    if (control.head === null) return `control is missing, but mirror ${name} depends on it`;
    const isKnown =
      /^[0-9a-f]{40}$/.test(commit) && (await this.#control.holds(commit, control.head));
    return isKnown
      ? undefined
      : `control is older than mirror ${name}, which depends on its commit ${commit.slice(0, 7)}`;
  }
}

/** Why a recovered control waits for a head; undefined when it does not. */
export function awaitedHead({
  recovery,
  state: { head },
}: Pick<ControlSnapshot, "recovery" | "state">): AwaitedHead | undefined {
  if (recovery === null) return undefined;
  if (head !== null && Date.parse(head.at) >= Date.parse(recovery.at)) return undefined;
  const reason = `control was recovered by ${recovery.by}, and no head has been followed since`;
  return { reason, since: recovery.at };
}

/** What an operator would confirm: every mirror as it stands, app by app. */
export function recoveryProposal(
  observations: Observations,
  mirrors: readonly NamedMirror[],
): string {
  const counts = new Map<string, number>();
  let sites = 0;
  for (const { snapshot } of mirrors) {
    for (const { meta } of snapshot.sites.values()) {
      if (meta === null) continue;
      sites += 1;
      for (const [app, { release }] of Object.entries(meta.apps)) {
        const key = `${app} ${release ?? "(open list)"}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
  }
  const rows = [...counts].map(([key, count]) => `${key} at ${count} site(s)`).toSorted();
  // What workers of empty mirrors have, if anything, nobody else knows.
  const unheard = mirrors.flatMap(({ name, snapshot: { head } }) =>
    head === null && observations.headOf(name) === undefined ? [name] : [],
  );
  const without =
    unheard.length === 0 ? "" : `, without what ${unheard.join(", ")} may have: not heard yet`;
  return `proposal: keep what stands at ${sites} site(s): ${rows.join(", ") || "no app"}${without}`;
}
