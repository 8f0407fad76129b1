// Keeps what was asked and what was answered, secrets and all: tests look for them where they must not be.

export function log(state) {
  return async (context, next) => {
    const entry = {
      at: Date.now(),
      method: context.method,
      path: context.req.asked.split("?")[0],
      query: Object.fromEntries(new URL(context.req.asked, "http://localhost").searchParams),
      headers: { ...context.headers },
    };
    state.log.push(entry);
    try {
      await next();
    } finally {
      entry.form = { ...context.oidc?.body };
      entry.status = context.status;
      entry.reply = context.body && context.response.is("json") && !context.body.pipe ? context.body : undefined;
      entry.location = context.response.get("location") || undefined;
    }
  };
}
