// Kinds of options whose value is what a file holds: read once, with the other checks of the command line.
import { X509Certificate } from 'node:crypto';
import { readBounded, shownPath } from '../server/command/named-file.js';
import type { Option } from '../server/command/option.js';

/** The path of a PEM file of certificates; the value is its text. */
export const certificatesFile = (o: { help: string; defaultText: string }): Option<string | undefined> => ({
  ...o,
  allowed: 'the path of a readable PEM file with one certificate or more, at most 4 MiB; it may be a pipe',
  redact: shownPath,
  parse(path) {
    const text = textOf(path);
    return text !== undefined && holdsCertificates(text) ? text : undefined;
  },
});

/** The path of a file that holds one token (the characters of RFC 6750 section 2.1); the value is the token. */
export const tokenFile = (o: { help: string; defaultText: string }): Option<string | undefined> => ({
  ...o,
  allowed: 'the path of a readable file, or of a pipe, that holds one token and nothing else',
  redact: shownPath,
  parse(path) {
    const token = textOf(path)?.trim();
    return token !== undefined && /^[\w.~+/-]+=*$/.test(token) ? token : undefined;
  },
});

function textOf(path: string): string | undefined {
  try {
    return readBounded(path, true).toString();
  } catch {
    // Missing, not ours to read, no file, too large: what is allowed is said by the option.
    return undefined;
  }
}

function holdsCertificates(text: string): boolean {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.map((block) => new X509Certificate(block)).length > 0;
  } catch {
    // One of the blocks is no certificate.
    return false;
  }
}
