/** Choices by weight, drawn from a seed: what may happen in a story stands in tables of them. */

export type Random = () => number;

/** Weights are against each other: they need not add up to anything. */
export type Choices<T> = readonly (readonly [weight: number, draw: (random: Random) => T])[];

/** One of the choices, by their weights. */
export function draw<T>(random: Random, choices: Choices<T>): T {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = random() * total;
  const chosen = choices.find(([weight]) => (left -= weight) < 0) ?? choices.at(-1);
  if (chosen === undefined) throw new Error("there is nothing to choose from");
  return chosen[1](random);
}

/** One of these, each as likely. */
export function pick<T>(random: Random, among: readonly T[]): T {
  return draw(
    random,
    among.map((each) => [1, () => each] as const),
  );
}

/** A whole number, both ends included. */
export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
