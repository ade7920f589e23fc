/** Some forty seconds of work where it is all used up. */
const usualSteps = 20_000_000;

/**
 * What all expressions of an app may take together, over all of its sites. Counted in steps, so that what is refused is the
 * same on every machine: whoever spends from it goes through the sites by name, so that it is the same ones, too, whatever
 * the order of files and of who asks first.
 */
export class StepBudget {
  readonly #most: number;
  #left: number;

  constructor(most = usualSteps) {
    this.#most = most;
    this.#left = most;
  }

  /** Why nothing more is evaluated; undefined while there is something left. */
  get problem(): { readonly message: string; readonly hint: string } | undefined {
    if (this.#left > 0) return undefined;
    const steps = this.#most.toLocaleString("en-US");
    return {
      message: `the expressions here take more than ${steps} steps over all sites`,
      hint: "let them read less of each site, so that more sites come to the same, or loop over less",
    };
  }

  /** True where so many steps can be spent, and something is left then. */
  allows(steps: number): boolean {
    return this.#left > steps;
  }

  /** What was spent so far. */
  get spent(): number {
    return this.#most - this.#left;
  }

  spend(steps: number): void {
    this.#left -= steps;
  }
}
