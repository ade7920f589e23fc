/**
 * Writes the Action's bundle, action/dist/: one file that GitHub's runner starts as it is, and the licences of what is
 * in it. The same sources and lockfile give the same bytes in every folder.
 *
 *   node scripts/bundle.ts           # or: npm run bundle
 *   node scripts/bundle.ts --check   # exit code 1 when what is committed is stale
 */
import { globSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Metafile, build } from "esbuild";

const root = join(import.meta.dirname, "..");
const folder = "action/dist";
const origin = "Generated from src/action/ by `npm run bundle`; do not edit.";

/** Every file of the bundle: path from the root, and text. */
async function bundleFiles(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: 'import { main } from "./src/action/main.ts";\nvoid main();\n',
      resolveDir: root,
      sourcefile: "action.ts",
    },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    charset: "utf8",
    legalComments: "inline",
    banner: { js: `// ${origin} Licences: THIRD-PARTY.txt` },
    logLevel: "warning",
  });
  return new Map([
    [`${folder}/index.cjs`, outputFiles[0]?.text ?? ""],
    [`${folder}/THIRD-PARTY.txt`, notices(metafile)],
  ]);
}

/** Name, version, licence and its text of each package that is in the bundle, sorted. */
function notices({ inputs }: Metafile): string {
  const packages = new Set(
    Object.keys(inputs).flatMap(
      (input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [],
    ),
  );
  const texts = [...packages].toSorted().map(notice);
  return `${origin}\n\nindex.cjs holds code of these packages, under their licences.\n\n${texts.join("\n")}`;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string;
}

function notice(path: string): string {
  const dir = join(root, path);
  // A package.json that npm has installed.
  const manifest = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Manifest;
  const files = readdirSync(dir).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  const texts = files.toSorted().map((file) => readFileSync(join(dir, file), "utf8").trim());
  if (texts.length === 0) texts.push(standardText(manifest));
  const { name, version, license = "see below" } = manifest;
  return `${"-".repeat(80)}\n${name} ${version}: ${license}\n\n${texts.join("\n\n")}\n`;
}

/** The text of a licence that a package names, but does not bring. */
function standardText({ name, license, author = `the authors of ${name}` }: Manifest): string {
  if (license === "Apache-2.0") return readFileSync(join(root, "LICENSE"), "utf8").trim();
  if (license === "MIT") return `Copyright (c) ${author}\n\n${mit}`;
  if (license === "(Apache-2.0 AND BSD-3-Clause)" && name === "@bufbuild/protobuf") {
    return `${readFileSync(join(root, "LICENSE"), "utf8").trim()}\n\nParts of it:\n\n${bsdOfProtobuf(name)}`;
  }
  throw new Error(`${name} has no licence text`);
}

/** The notice that one file of Protobuf carries. */
function bsdOfProtobuf(name: string): string {
  const path = join(root, "node_modules", name, "dist/esm/wire/varint.js");
  const lines = readFileSync(path, "utf8").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  const text = lines.slice(0, end).map((line) => line.replace(/^\/\/ ?/, ""));
  if (!text.some((line) => line.includes("Redistribution"))) {
    throw new Error(`${name} has its BSD notice elsewhere now`);
  }
  return text.join("\n").trim();
}

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

function committedFiles(): ReadonlyMap<string, string> {
  const paths = globSync(`${folder}/*`, { cwd: root });
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

function write(files: ReadonlyMap<string, string>): void {
  rmSync(join(root, folder), { recursive: true, force: true });
  mkdirSync(join(root, folder), { recursive: true });
  for (const [path, text] of files) writeFileSync(join(root, path), text);
}

function check(files: ReadonlyMap<string, string>): void {
  const committed = committedFiles();
  const paths = [...new Set([...files.keys(), ...committed.keys()])].toSorted();
  const stale = paths.filter((path) => files.get(path) !== committed.get(path));
  if (stale.length === 0) return;
  process.stderr.write(`stale: ${stale.join(", ")}; run \`npm run bundle\`, and commit it\n`);
  process.exitCode = 1;
}

const files = await bundleFiles();
if (process.argv.includes("--check")) check(files);
else write(files);
