// Device codes as Entra hands them out, and slow_down for whoever polls faster than it was told to (RFC 8628, 3.5).
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code

/** What a timer may be early by, in milliseconds. */
const TOLERANCE = 50;

export function polls(settings) {
  const codes = new Map();
  return async (context, next) => {
    await next();
    const reply = context.body;
    if (reply?.device_code) {
      codes.set(reply.device_code, { interval: settings.interval * 1000, last: 0 });
      delete reply.verification_uri_complete;
      reply.interval = settings.interval;
      reply.message = `To sign in, use a web browser to open the page ${reply.verification_uri} and enter the code ${reply.user_code} to authenticate.`;
    } else if (reply?.error === "authorization_pending") {
      const code = codes.get(context.oidc.body.device_code);
      const now = Date.now();
      if (now - code.last < code.interval - TOLERANCE) {
        code.interval += 5000;
        context.body = { error: "slow_down", error_description: "you are polling too quickly" };
      }
      code.last = now;
    }
  };
}
