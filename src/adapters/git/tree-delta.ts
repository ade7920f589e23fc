/**
 * What has changed of a tree, in the form in which packs tell it (gitformat-pack, "Deltified representation"): runs of
 * entries that stay are copied, others are given.
 */
import { encodeTree, type TreeItem } from "./tree-object.ts";

/** The delta that makes a tree's bytes of another's; both in git's order. */
export function treeDelta(before: readonly TreeItem[], after: readonly TreeItem[]): Buffer {
  const places = placesOf(before);
  const parts = [size(places.bytes), size(placesOf(after).bytes)];
  let fresh: TreeItem[] = [];
  let run: Run | undefined;
  const end = (): void => {
    if (run !== undefined) parts.push(...copies(run));
    if (fresh.length > 0) parts.push(...inserts(encodeTree(fresh)));
    run = undefined;
    fresh = [];
  };
  for (const item of after) {
    const place = places.of.get(item.name);
    const stays = place?.item.oid === item.oid && place.item.mode === item.mode;
    if (!stays) {
      if (run !== undefined) end();
      fresh.push(item);
    } else if (run?.end === place.from) {
      run.end = place.end;
    } else {
      end();
      run = { from: place.from, end: place.end };
    }
  }
  end();
  return Buffer.concat(parts);
}

interface Run {
  readonly from: number;
  end: number;
}

interface Place extends Readonly<Run> {
  readonly item: TreeItem;
}

/** Where the entries of a tree lie in its bytes. */
function placesOf(items: readonly TreeItem[]): {
  readonly of: ReadonlyMap<string, Place>;
  readonly bytes: number;
} {
  const of = new Map<string, Place>();
  let from = 0;
  for (const item of items) {
    const end = from + item.mode.length + 1 + Buffer.byteLength(item.name) + 1 + 20;
    of.set(item.name, { item, from, end });
    from = end;
  }
  return { of, bytes: from };
}

/** Seven bits in each byte, the lowest first. */
function size(bytes: number): Buffer {
  const found: number[] = [];
  let rest = bytes;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) found.push((rest & 0x7f) | 0x80);
  return Buffer.from([...found, rest]);
}

const maxCopy = 0xff_ff_ff;
const maxInsert = 0x7f;

function* copies({ from, end }: Run): Iterable<Buffer> {
  for (let at = from; at < end; at += maxCopy) {
    const copy = Buffer.alloc(8);
    copy[0] = 0xff; // all four bytes of the offset, all three of the size
    copy.writeUInt32LE(at, 1);
    copy.writeUIntLE(Math.min(end - at, maxCopy), 5, 3);
    yield copy;
  }
}

function* inserts(bytes: Buffer): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += maxInsert) {
    const part = bytes.subarray(at, at + maxInsert);
    yield Buffer.from([part.length]);
    yield part;
  }
}
