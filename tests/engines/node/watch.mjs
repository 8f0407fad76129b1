// New alerts in Node: polls the component's trigger, and keeps in a file where to go on.
//
//     node watch.mjs COMPONENT FILE            prints each new alert as a line of JSON, until it is stopped
//     node watch.mjs COMPONENT FILE --once     prints those that are there
//
// An event counts as delivered once the file is written behind it. Whatever stops the program, no alert is lost; one
// that was printed just before is printed again, with the same id.

import { open, readFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { explain, load } from "./defender.mjs";
import { exact } from "./json.mjs";

/** How long to wait while nothing is new, in milliseconds. */
const PAUSE = 30_000;

/** Where a trigger goes on, in a file that is replaced as a whole. */
export class Checkpoint {
  constructor(file) {
    this.file = file;
  }

  /** What was kept last; nothing before the first time. */
  async read() {
    try {
      return await readFile(this.file, "utf8");
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }

  async write(text) {
    const draft = await open(`${this.file}.new`, "w", 0o600);
    try {
      await draft.writeFile(text);
      await draft.sync();
    } finally {
      await draft.close();
    }
    await rename(`${this.file}.new`, this.file);
  }
}

/** Polls once, and hands over each event before it moves on. Says whether there is more to fetch at once. */
export async function poll(triggers, checkpoint, deliver, options = {}) {
  const batch = triggers.pollNewAlerts(await checkpoint.read(), options);
  for (const event of batch.events) await deliver(event);
  await checkpoint.write(batch.checkpoint);
  return batch.more;
}

async function main(component, file, once) {
  const { DEFENDER_API_URL, DEFENDER_ACCESS_TOKEN } = process.env;
  const { connect } = await load(component);
  const checkpoint = new Checkpoint(file);
  for (;;) {
    let wait = PAUSE;
    try {
      const { triggers } = await connect({ DEFENDER_API_URL, DEFENDER_ACCESS_TOKEN });
      const more = await poll(triggers, checkpoint, (event) => console.log(exact(event)));
      if (more) continue;
    } catch (failure) {
      // What is not permanent is worth another try: the checkpoint has not moved.
      if (!failure.tag || failure.tag.startsWith("permanent-") || once) throw failure;
      console.error(explain(failure));
      wait = 1000 * (failure.val?.retryAfterSeconds ?? PAUSE / 1000);
    }
    if (once) return;
    await sleep(wait);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [component, file, once] = process.argv.slice(2);
  if (!file || (once !== undefined && once !== "--once")) {
    console.error("usage: node watch.mjs COMPONENT FILE [--once]");
    process.exit(1);
  }
  try {
    await main(component, file, once !== undefined);
  } catch (failure) {
    if (!failure.tag) throw failure;
    console.error(explain(failure));
    process.exitCode = 1;
  }
}
