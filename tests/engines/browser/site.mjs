// Serves the page on loopback, hands it the test's calls, and takes their outcomes.

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Where the page's files are: its own here, and those that pages share with other engines. */
const FOLDERS = [".", "../node"].map((folder) => new URL(`${folder}/`, import.meta.url));

/**
 * `component` are the generated files. Requests for `/api/` go on to the `api`, as a page's own server would have it; those
 * for `/moved/api/` are redirected there.
 */
export async function serve(component, api) {
  const calls = new Queue();
  const outcomes = new Queue();

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://page");
    try {
      if (pathname === "/next") return answer(response, 200, "application/json", JSON.stringify(await calls.next()));
      if (pathname === "/outcome") {
        outcomes.add(JSON.parse(await body(request)));
        return answer(response, 204);
      }
      if (pathname.startsWith("/api/")) return await forward(request, response, api);
      if (pathname.startsWith("/moved/")) {
        return response.writeHead(307, { location: request.url.slice("/moved".length) }).end();
      }
      const type = TYPES[extname(pathname)] ?? "application/octet-stream";
      answer(response, 200, type, await file(pathname, component));
    } catch (error) {
      answer(response, error.code === "ENOENT" ? 404 : 500, "text/plain", error.message);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    /** Has the page make a call. */
    call: async (call) => {
      calls.add(call);
      return outcomes.next();
    },
    close: () => {
      calls.add(null);
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Items in order, for whoever waits for the next one. */
class Queue {
  #items = [];
  #waiting = [];

  add(item) {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#items.push(item);
  }

  next() {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

async function file(pathname, component) {
  const [, generated] = /^\/component\/(.*)$/.exec(pathname) ?? [];
  if (generated) return component[generated] ?? Promise.reject(Object.assign(new Error("no such file"), { code: "ENOENT" }));
  const [page, shared] = FOLDERS.map((folder) => fileURLToPath(new URL(`.${pathname}`, folder)));
  return readFile(page).catch(() => readFile(shared));
}

async function forward(request, response, api) {
  const { authorization, "content-type": type } = request.headers;
  const headers = Object.fromEntries(Object.entries({ authorization, "content-type": type }).filter(([, value]) => value));
  const sent = request.method === "GET" ? undefined : await body(request);
  const reply = await fetch(api + request.url, { method: request.method, headers, body: sent });
  answer(response, reply.status, reply.headers.get("content-type") ?? "text/plain", await reply.text());
}

async function body(request) {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) text += piece;
  return text;
}

function answer(response, status, type, content) {
  response.writeHead(status, { ...(type && { "content-type": type }), "cache-control": "no-store" });
  response.end(content);
}
