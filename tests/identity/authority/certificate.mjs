// What Entra wants of an assertion signed with a certificate, besides what the standard does:
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials

import { X509Certificate, createHash, createPublicKey } from "node:crypto";

import { errors } from "oidc-provider";

/** The keys of certificates, as the provider takes them. */
export function publicKeys(certificates) {
  return certificates.map((pem) => ({
    ...createPublicKey(pem).export({ format: "jwk" }),
    use: "sig",
    kid: thumbprint(pem),
  }));
}

/** The SHA-256 thumbprint, in base64url. */
function thumbprint(pem) {
  return createHash("sha256").update(new X509Certificate(pem).raw).digest("base64url");
}

/** The signature is checked already, and that the assertion speaks for the client, now, and for the first time. */
export function checkAssertion(context, settings, claims, header) {
  const refuse = (why) => {
    throw new errors.InvalidClientAuth(`AADSTS700027: ${why}`);
  };
  if (header.typ !== "JWT") refuse("The assertion's header has no type JWT.");
  const named = header["x5t#S256"];
  if (!named) refuse("The assertion's header names no certificate in x5t#S256.");
  const pem = settings.certificateClient.certificates.find((pem) => thumbprint(pem) === named);
  const known = `[Reason - %. Thumbprint of key used by client: '${named}']`;
  if (!pem) {
    refuse(`The certificate with identifier used to sign the client assertion is not registered on application. ${known.replace("%", "The key was not found")}`);
  }
  const certificate = new X509Certificate(pem);
  const now = Date.now();
  if (now > Date.parse(certificate.validTo)) {
    refuse(`The certificate with identifier used to sign the client assertion is expired on application. ${known.replace("%", "The key used is expired")}`);
  }
  if (now < Date.parse(certificate.validFrom)) refuse("The certificate is not valid yet.");
  if (claims.aud !== context.oidc.urlFor("token")) refuse("The assertion's audience is not the token endpoint.");
  if (claims.sub !== claims.iss) refuse("The assertion's subject is not its issuer.");
  if (typeof claims.nbf !== "number" || typeof claims.iat !== "number") refuse("The assertion does not say since when it is good.");
  if (claims.exp - claims.nbf > 24 * 3600) refuse("The assertion is good for too long.");
}
