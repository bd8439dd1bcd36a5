// Verifies a bundle with sigstore-js. Reads one JSON object from stdin and prints one:
// {module, bundle, artifact?, trustedRoot?, key?, options, policy} -> {signer} or {refused: {name, code, message}}
"use strict";
const asked = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
// What `@sigstore/verify` itself uses is looked for from there, so that the versions go together.
const part = require("node:module").createRequire(`${asked.module}/package.json`);
const { bundleFromJSON } = part("@sigstore/bundle");
const { TrustedRoot } = part("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = part("@sigstore/verify");

const nothing = { tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] };
try {
  const key = asked.key && require("node:crypto").createPublicKey(asked.key);
  const keys = key && (() => ({ publicKey: key, validFor: () => true }));
  const material = toTrustMaterial(TrustedRoot.fromJSON(asked.trustedRoot ?? nothing), keys);
  const artifact = asked.artifact === undefined ? undefined : Buffer.from(asked.artifact, "base64");
  const entity = toSignedEntity(bundleFromJSON(asked.bundle), artifact);
  const { identity } = new Verifier(material, asked.options).verify(entity, asked.policy);
  const signer = { san: identity?.subjectAlternativeName ?? null, issuer: identity?.extensions?.issuer ?? null };
  console.log(JSON.stringify({ signer }));
} catch ({ name, code, message }) {
  console.log(JSON.stringify({ refused: { name, code, message } }));
}
