import { setFlagsFromString } from "node:v8";

/**
 * Lets the space for old objects grow by so many percent of what lives before it is cleared. V8 lets it grow to up to
 * four times as much: where 100 MB live, hundreds are garbage. It counts from the next time that it is cleared.
 */
export function growOldSpaceBy(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}
