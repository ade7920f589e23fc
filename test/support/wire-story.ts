/**
 * One story for each way in which a way to a cluster can fail: two settled sites, one fails in this way while both get a
 * new commit. Nothing is lost, the other site does not notice, one message tells it, and all goes on by itself.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { TestMirror } from "./kube-mirror.ts";
import { configMap, eventually } from "./kube-worker.ts";

/** What fails: the way to site `s1`; `s2` is well. */
export interface FailingWire {
  readonly mirror: TestMirror;
  fail(): void;
  heal(): void;
  /** Requests that s1 got so far. */
  requests(): number;
  /** Of what was asked of s1. */
  deletes(): number;
  /** Data of the ConfigMap `default/<name>` at a site. */
  data(site: string, name: string): Promise<unknown>;
}

/** For what takes a moment where nothing else runs on the machine. */
const patienceMs = 60_000;
const names = Array.from({ length: 8 }, (_, index) => `cm-${index}`);

/** Plays it; gives the message that told the failure. */
export async function playWireStory(wire: FailingWire): Promise<string> {
  const { mirror } = wire;
  const commit = (k: string, objects = names): Promise<string> => {
    const web = objects.map((name) => configMap(name, { k }));
    return mirror.commit({ s1: { web, db: [configMap("db", { k })] }, s2: { web } });
  };
  const stands = (site: string, k: string, objects = names): Promise<unknown> =>
    eventually(
      `${site} has ${k}`,
      async () => {
        const all = await Promise.all(objects.map((name) => wire.data(site, name)));
        return all.every((data) => JSON.stringify(data) === JSON.stringify({ k }));
      },
      patienceMs,
    );
  const isSettled = (site: string): boolean => {
    const report = mirror.app(site, "web");
    return report?.sync === "Synced" && report.health === "Healthy" && report.message === "";
  };
  await commit("1");
  for (const site of ["s1", "s2"]) {
    await stands(site, "1");
    await eventually(`${site} is settled`, () => isSettled(site), patienceMs);
  }

  wire.fail();
  const from = mirror.reports.length;
  await commit("2", names.slice(1));
  // The other one gets there while this one fails.
  await stands("s2", "2", names.slice(1));
  const told = await eventually(
    "it is told",
    () => {
      const message = mirror.site("s1")?.message;
      return message === "" ? undefined : message;
    },
    patienceMs,
  );
  await sleep(500);
  const before = wire.requests();
  await sleep(2000);
  // The longest wait between two questions is a second here, and each is anywhere below it.
  expect(wire.requests() - before, "requests while it fails").toBeLessThanOrEqual(14);
  expect(mirror.site("s1")?.message).toBe(told);
  const messages = mirror.reports.slice(from).flatMap(({ sites }) => sites);
  const texts = messages.filter(({ site, message }) => site === "s1" && message !== "");
  expect(new Set(texts.map(({ message }) => message)), "told in the same words").toEqual(
    new Set([told]),
  );
  for (const app of ["web", "db"]) expect(mirror.app("s1", app)?.message).toBe("");

  wire.heal();
  await stands("s1", "2", names.slice(1));
  await eventually(
    "what was dropped is gone",
    async () => (await wire.data("s1", "cm-0")) === undefined,
  );
  await eventually("it is settled", () => isSettled("s1"), patienceMs);
  expect(mirror.site("s1")).toMatchObject({ reachable: true, message: "" });
  expect(mirror.site("s2")).toMatchObject({ reachable: true, message: "" });
  expect(wire.deletes()).toBe(1);
  return told;
}
