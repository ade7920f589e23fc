/** One real API server: rates of applies, a thousand apps at once, what nothing costs, and a restart. */
import { type Note, type Figure, figuresOf } from "./figure.ts";
import { kubectlPath } from "../test/support/kubectl.ts";
import { measureRealApps } from "./real-apps.ts";
import { startRealCluster } from "./real-cluster.ts";
import { type RateSize, measureRealRate } from "./real-rate.ts";

/** Many apps of an ordinary size, and one large one. */
const rateSizes: readonly RateSize[] = [
  { apps: 20, objects: 50 },
  { apps: 1, objects: 1000 },
];

interface RealOptions {
  readonly rounds: number;
  /** Apps of four objects that come at once. */
  readonly apps: number;
  readonly tell: (figure: Figure) => void;
}

/** Measures everything that only a real API server can tell. */
export async function measureReal({ rounds, apps, tell }: RealOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  const noteFor = (size: RateSize): Note => {
    const keep = (one: Figure): void => (figures.push(one), tell(one));
    return figuresOf({ sites: 1, regions: 1, workers: 1, ...size }, keep).note;
  };
  {
    await using cluster = await startRealCluster();
    const kubectl = await kubectlPath();
    for (const size of rateSizes) {
      await measureRealRate(cluster, { size, rounds, kubectl }, noteFor(size));
    }
  }
  await using cluster = await startRealCluster();
  const size = { apps, objects: 4 };
  await measureRealApps(cluster, size, noteFor(size));
  return figures;
}
