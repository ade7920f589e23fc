/** What can be broken in a demo, and how; shared by keys, commands and the desk that carries them out. */
import { FleetError } from "../core/errors.ts";
import { closestName } from "../core/model/closest-name.ts";

/** Kinds of things that can be broken. A link is the way from a region's worker to the controller. */
const partKinds = ["site", "worker", "link", "controller"] as const;
export type PartKind = (typeof partKinds)[number];

/** `refuse`: connections are refused and open ones cut; `hang`: they are taken and never answered. */
export const faultKinds = ["refuse", "hang"] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One thing of the demo: a site by its name, a region's worker or link by the region; the controller has no name. */
export interface Part {
  readonly kind: PartKind;
  readonly name: string;
}

/** A thing that is broken now. */
export interface Broken extends Part {
  readonly how: FaultKind | "killed";
}

/** What there is to break. */
export interface Parts {
  readonly sites: readonly string[];
  readonly regions: readonly string[];
}

/** The part that these words name, `site oslo` or `controller`. USAGE with a hint when there is none. */
export function partOf(words: readonly string[], parts: Parts): Part {
  const [word = "", ...rest] = words;
  const kind = partKinds.find((each) => each === word);
  if (kind === undefined) {
    throw usage(word === "" ? "name what" : `"${word}" is nothing here`, `use ${partWords}`);
  }
  if (kind !== "controller") return { kind, name: nameOf(kind, rest, parts) };
  if (rest.length === 0) return { kind, name: "" };
  throw usage("the controller has no name", "leave it out");
}

function nameOf(kind: PartKind, words: readonly string[], parts: Parts): string {
  const [name, ...more] = words;
  const noun = kind === "site" ? "site" : "region";
  if (name === undefined || more.length > 0) throw usage(`name one ${noun}`, `use ${partWords}`);
  const names = namesOf(kind, parts);
  if (names.includes(name)) return name;
  const near = closestName(name, names);
  const hint = near === undefined ? `there are ${names.join(", ")}` : `did you mean "${near}"?`;
  throw usage(`there is no ${noun} "${name}"`, hint);
}

const partWords = "site NAME, worker REGION, link REGION or controller";

/** The names that parts of a kind have. */
export function namesOf(kind: PartKind, { sites, regions }: Parts): readonly string[] {
  if (kind === "site") return sites;
  return kind === "controller" ? [""] : regions;
}

/** A part in words: `site oslo`, `worker of iberia`. */
export function partInWords({ kind, name }: Part): string {
  if (kind === "controller") return "controller";
  return kind === "site" ? `site ${name}` : `${kind} of ${name}`;
}

/** A broken part in words, with what is wrong. */
export function brokenInWords(broken: Broken): string {
  const { kind, how } = broken;
  if (how === "killed") return `${partInWords(broken)} killed`;
  if (how === "hang") return `${partInWords(broken)} hangs`;
  return `${partInWords(broken)} ${kind === "site" ? "refuses connections" : "cut"}`;
}

function usage(message: string, hint: string): FleetError {
  return new FleetError("USAGE", message, { hint, retry: "never" });
}
