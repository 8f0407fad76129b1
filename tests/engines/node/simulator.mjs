// The stand-in API, started as its users start it, and driven over HTTP.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { exact } from "./json.mjs";

export async function startSimulator() {
  const binary = process.env.CONNECTOR_BIN;
  if (!binary) throw new Error("CONNECTOR_BIN must be the path of the connector's command line");
  const words = ["simulate", "--port", "0", "--output", "json"];
  const child = spawn(binary, words, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve, reject) => child.once("exit", resolve).once("error", reject));
  const [line] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    ended.then((code) => {
      throw new Error(`the simulator ended with exit code ${code} before it was ready`);
    }),
  ]);
  const { url, tenantId, clientId, clientSecret } = JSON.parse(line);

  /** Sends a request to the simulator, past the component. */
  const ask = async (path, options = {}) => {
    const reply = await fetch(url + path, options);
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${path} answered ${reply.status}: ${text}`);
    return text && JSON.parse(text);
  };
  const send = (path, method, body) =>
    ask(`/_simulator${path}`, { method, body: body && exact(body), headers: { "content-type": "application/json" } });
  return {
    url,
    tenantId,
    clientId,
    clientSecret,
    ask,
    /** A token with the roles that the application has now. */
    token: async () => {
      const form = {
        grant_type: "client_credentials",
        client_id: clientId,
        client_secret: clientSecret,
        scope: "https://api.securitycenter.microsoft.com/.default",
      };
      const path = `/${tenantId}/oauth2/v2.0/token`;
      return (await ask(path, { method: "POST", body: new URLSearchParams(form) })).access_token;
    },
    reset: () => send("/reset", "POST"),
    changeRoles: (change) => send("/roles", "POST", change),
    /** Makes every answer go wrong until the next reset. */
    spoil: (effect) => send("/faults", "POST", { effect }),
    /** Raises one alert or several. */
    alert: (alerts) => send("/alerts", "POST", alerts),
    settle: (settings) => send("/settings", "PATCH", settings),
    populate: (population) => send("/population", "PUT", population),
    /** Runs `calls`, and returns what arrived meanwhile. */
    arrivals: async (calls) => {
      await ask("/_simulator/log", { method: "DELETE" });
      await calls();
      const { arrivals } = await ask("/_simulator/log");
      return arrivals.map(({ method, path, query, headers, body }) => {
        const target = query === null ? path : `${path}?${query}`;
        return { method, target, headers: Object.fromEntries(headers), body };
      });
    },
    stop: () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}
