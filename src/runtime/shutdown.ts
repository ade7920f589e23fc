/** What `process` offers of this; tests pass their own. */
export interface SignalSource {
  on(name: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  off(name: "SIGINT" | "SIGTERM", listener: () => void): unknown;
}

/** Ends by itself at the end of its block: the listeners are gone then. */
export interface Shutdown extends Disposable {
  /** Aborts at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
}

const names = ["SIGINT", "SIGTERM"] as const;

/** The first SIGINT or SIGTERM aborts the signal, so that work ends in order; the second calls `endNow`. */
export function onShutdown(source: SignalSource, endNow: () => void): Shutdown {
  const controller = new AbortController();
  const listener = (): void => {
    if (controller.signal.aborted) endNow();
    else controller.abort();
  };
  for (const name of names) source.on(name, listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of names) source.off(name, listener);
    },
  };
}
