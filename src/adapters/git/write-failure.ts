import { FleetError } from "../../core/errors.ts";

/** What a write to a repository gives; GIT_FAILED where the system refuses it: a full disk, say, or one that is read-only. */
export async function writeTo<T>(gitDir: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof FleetError || !isOfSystem(error)) throw error;
    throw new FleetError("GIT_FAILED", `${gitDir} cannot be written: ${error.message}`, {
      cause: error,
      hint: "make room on its disk, and let the user of this process write there",
    });
  }
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === "number";
}
