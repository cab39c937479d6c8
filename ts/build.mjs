// Bundles src/index.ts into the Python package as one ES module, with its stylesheet beside it.
// Panel loads both from there. `node build.mjs` writes nothing when the bundle is over its budget.
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { minify } from "terser";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = join(HERE, "..", "panel_chunked", "dist");
const NAME = "panel_chunked.bundle";
const BUDGET_GZIPPED = 40_000; // of the script

/** The outputs as Map<file name, bytes>, and the bundled source files' paths. */
async function bundle() {
  const result = await build({
    absWorkingDir: HERE,
    entryPoints: { [NAME]: "src/index.ts" },
    outdir: OUT,
    bundle: true,
    format: "esm",
    minify: true,
    target: ["es2022", "chrome109", "firefox115", "safari16.4"],
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none", // their licences go into a file of their own, see licences()
    metafile: true,
    write: false,
    logLevel: "warning",
  });
  const outputs = new Map(result.outputFiles.map((file) => [basename(file.path), file.contents]));
  outputs.set(`${NAME}.js`, await smaller(outputs.get(`${NAME}.js`)));
  return { outputs, inputs: Object.keys(result.metafile.inputs) };
}

/** Terser makes of what esbuild has minified some three percent less, compressed. */
async function smaller(contents) {
  const options = { module: true, compress: { ecma: 2020, passes: 3 } };
  const { code } = await minify(Buffer.from(contents).toString("utf8"), options);
  return Buffer.from(code, "utf8");
}

/** The licence texts of the packages in the bundle, which their licences ask to pass on. */
async function licences(inputs) {
  const packages = new Set();
  for (const input of inputs) {
    const match = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match) packages.add(match[1]);
  }
  const texts = [...packages].sort().map(async (name) => {
    const folder = join(HERE, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} ships no licence file: check that it may be bundled`);
    return `${name} ${version}\n\n${await readFile(join(folder, file), "utf8")}`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(79)}\n\n`);
}

/** Prints each file's size; throws when the script is over its budget. */
function checkSize(outputs) {
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
  const gzipped = (contents) => gzipSync(contents, { level: 9 }).length;
  for (const [name, contents] of outputs) {
    console.log(`${name}: ${kb(contents.length)}, ${kb(gzipped(contents))} gzipped`);
  }
  const size = gzipped(outputs.get(`${NAME}.js`));
  if (size > BUDGET_GZIPPED) {
    throw new Error(`the script is ${kb(size)} gzipped, over its ${kb(BUDGET_GZIPPED)}`);
  }
}

/** Replaces a file in one step, so that a running server never reads half a bundle. */
async function replace(name, contents) {
  const target = join(OUT, name);
  await writeFile(`${target}.tmp`, contents);
  await rename(`${target}.tmp`, target);
}

const { outputs, inputs } = await bundle();
for (const name of [`${NAME}.js`, `${NAME}.css`]) {
  if (!outputs.has(name)) throw new Error(`esbuild gave no ${name}: src/index.ts must import one`);
}
checkSize(outputs);
await mkdir(OUT, { recursive: true });
await replace("THIRD_PARTY_LICENSES.txt", await licences(inputs));
// The script comes last: its time tells make and hatch_build.py whether the bundle is current.
await replace(`${NAME}.css`, outputs.get(`${NAME}.css`));
await replace(`${NAME}.js`, outputs.get(`${NAME}.js`));
