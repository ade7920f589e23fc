import { FleetError } from "../../core/errors.ts";

/** What a write to a repository gives; GIT_FAILED where the system refuses it: a full disk, say, or one that is read-only. */
export function writeTo<T>(gitDir: string, write: () => Promise<T>): Promise<T> {
  return ofSystem(write, {
    what: `${gitDir} cannot be written`,
    hint: "make room on its disk, and let the user of this process write there",
  });
}

/** What reading a repository gives; GIT_FAILED where the system refuses it: a broken disk, say, or a folder of another user. */
export function readFrom<T>(gitDir: string, read: () => Promise<T>): Promise<T> {
  return ofSystem(read, {
    what: `${gitDir} cannot be read`,
    hint: "look after its disk, and let the user of this process read there",
  });
}

async function ofSystem<T>(
  act: () => Promise<T>,
  { what, hint }: { readonly what: string; readonly hint: string },
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof FleetError || !isOfSystem(error)) throw error;
    throw new FleetError("GIT_FAILED", `${what}: ${error.message}`, { cause: error, hint });
  }
}

function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === "number";
}
