/**
 * What all expressions of an app may take together, over all of its sites: some forty seconds of work where it is all
 * used up. Counted in steps, so that what is refused is the same on every machine.
 */
const maxSteps = 20_000_000;

export class StepBudget {
  #left = maxSteps;

  /** Why nothing more is evaluated; undefined while there is something left. */
  get problem(): { readonly message: string; readonly hint: string } | undefined {
    if (this.#left > 0) return undefined;
    const steps = maxSteps.toLocaleString("en-US");
    return {
      message: `the expressions here take more than ${steps} steps over all sites`,
      hint: "let them read less of each site, so that more sites come to the same, or loop over less",
    };
  }

  spend(steps: number): void {
    this.#left -= steps;
  }
}
