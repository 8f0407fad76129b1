// `wasi:http` by way of `fetch`, for `promises.mjs`.
//
// jco's shim has this too, but it follows redirects, so that a change could be made elsewhere or twice, and it does not say
// when a request certainly was not sent. Here a redirect is the API's answer, as in other engines. A page learns only that
// there was a redirect.

import { types } from "./node_modules/@bytecodealliance/preview2-shim/dist/browser/http.js";
import {
  inputStreamCreate,
  ioErrorCreate,
  outputStreamCreate,
  pollableCreate,
} from "./node_modules/@bytecodealliance/preview2-shim/dist/browser/io.js";

const { Fields, RequestOptions } = types;

/** Sends a request. It leaves once its body is complete. */
export function handle(request, options) {
  return new FutureIncomingResponse(request.send(options));
}

class OutgoingRequest {
  #headers;
  #method = "GET";
  #scheme = "https";
  #authority = "";
  #path = "/";
  #body;

  constructor(headers) {
    this.#headers = headers.entries().map(([name, value]) => [name, text(value)]);
  }

  setMethod({ tag, val }) {
    this.#method = (val ?? tag).toUpperCase();
  }

  setScheme(scheme) {
    this.#scheme = scheme?.tag === "HTTP" ? "http" : "https";
  }

  setAuthority(authority) {
    this.#authority = authority;
  }

  setPathWithQuery(path) {
    this.#path = path;
  }

  body() {
    this.#body = new OutgoingBody();
    return this.#body;
  }

  async send(options) {
    const body = await this.#body?.whole;
    const given = new AbortController();
    const timer = setTimeout(() => given.abort(), milliseconds(options?.firstByteTimeout()));
    try {
      const response = await fetch(`${this.#scheme}://${this.#authority}${this.#path}`, {
        method: this.#method,
        headers: this.#headers,
        body,
        redirect: "manual",
        cache: "no-store",
        credentials: "omit",
        signal: given.signal,
      });
      if (response.type === "opaqueredirect") throw new Error("the API answered with a redirect");
      return new IncomingResponse(response, milliseconds(options?.betweenBytesTimeout()));
    } finally {
      clearTimeout(timer);
    }
  }
}

class OutgoingBody {
  #pieces = [];
  #finish;
  /** All bytes, once the component has written them. */
  whole = new Promise((resolve) => (this.#finish = resolve));

  write() {
    return outputStreamCreate({ write: (bytes) => void this.#pieces.push(bytes.slice()), blockingFlush() {} });
  }

  static finish(body) {
    body.#finish(new Blob(body.#pieces));
  }
}

class FutureIncomingResponse {
  #ended;
  #outcome;

  constructor(response) {
    this.#ended = response.then(
      (val) => (this.#outcome = { tag: "ok", val }),
      (error) => (this.#outcome = { tag: "err", val: errorCode(error) }),
    );
  }

  subscribe() {
    return pollableCreate(this.#ended);
  }

  get() {
    return this.#outcome && { tag: "ok", val: this.#outcome };
  }
}

/** The engines' names for errors after which certainly nothing was sent. */
const UNSENT = {
  ECONNREFUSED: { tag: "connection-refused" },
  ConnectionRefused: { tag: "connection-refused" },
  ENOTFOUND: { tag: "DNS-error", val: { rcode: "NXDOMAIN", infoCode: undefined } },
};

function errorCode(error) {
  if (error.name === "AbortError") return { tag: "HTTP-response-timeout" };
  return UNSENT[error.cause?.code ?? error.code] ?? { tag: "internal-error", val: error.message };
}

/** Headers of the connection rather than the reply. The shim's fields refuse them. */
const HOP = new Set(["connection", "host", "keep-alive"]);
const ABOUT_PACKING = new Set([...HOP, "content-encoding", "content-length"]);

class IncomingResponse {
  #response;
  #patience;

  constructor(response, patience) {
    this.#response = response;
    this.#patience = patience;
  }

  status() {
    return this.#response.status;
  }

  headers() {
    // `fetch` decompresses the body, so these headers do not describe what is read.
    const packed = this.#response.headers.has("content-encoding");
    const kept = [...this.#response.headers].filter(([name]) => !(packed ? ABOUT_PACKING : HOP).has(name));
    return Fields.fromList(kept.map(([name, value]) => [name, new TextEncoder().encode(value)]));
  }

  consume() {
    return new IncomingBody(this.#response.body?.getReader(), this.#patience);
  }
}

class IncomingBody {
  #reader;
  #patience;

  constructor(reader, patience) {
    this.#reader = reader;
    this.#patience = patience;
  }

  stream() {
    let rest = new Uint8Array();
    const blockingRead = async (most) => {
      while (rest.length === 0) rest = await this.#next();
      const piece = rest.subarray(0, Number(most));
      rest = rest.subarray(piece.length);
      return piece;
    };
    return inputStreamCreate({ blockingRead, drop: () => void this.#reader?.cancel().catch(() => {}) });
  }

  async #next() {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("the reply stopped")), this.#patience);
    });
    try {
      const { done, value } = (await Promise.race([this.#reader?.read(), late])) ?? { done: true };
      if (done) throw { tag: "closed" };
      return value;
    } catch (error) {
      throw error.tag ? error : { tag: "last-operation-failed", val: ioErrorCreate(error.message) };
    } finally {
      clearTimeout(timer);
    }
  }

  static finish() {}
}

/** Why a body broke off. */
function httpErrorCode({ message }) {
  return { tag: "internal-error", val: message };
}

function text(bytes) {
  return new TextDecoder().decode(bytes);
}

/** A time-out of WASI's, which is in nanoseconds. Without one: the longest time that timers take. */
function milliseconds(nanoseconds) {
  return nanoseconds === undefined ? 2 ** 31 - 1 : Number(nanoseconds / 1_000_000n);
}

/** The interface `wasi:http/types`, as far as a client needs it. */
export const httpTypes = {
  Fields,
  FutureIncomingResponse,
  IncomingBody,
  IncomingResponse,
  OutgoingBody,
  OutgoingRequest,
  RequestOptions,
  httpErrorCode,
};
