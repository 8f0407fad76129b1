// Writes the component as JavaScript and TypeScript's declarations into a folder, as `npx jco transpile` does.
//
//     node transpile.mjs COMPONENT FOLDER

import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { transpile } from "@bytecodealliance/jco-transpile";

const [component, folder] = process.argv.slice(2);
const { files } = await transpile(component, {
  name: "component",
  instantiation: "async",
  noComponentErrorWrapping: true,
});
for (const [name, content] of Object.entries(files)) {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
