// Hides the secrets in a URL before it is shown. No other file knows how.

const SECRET_PARAMETER = /([?&][^=&?#]*(?:password|token|secret)[^=&?#]*=)[^&#]*/gi;

/** Returns a valid URL with `***` for the values of its secret parameters: `?token=`, `&sentinel_password=` and the like. */
export const withoutSecretParameters = (url: string): string => url.replace(SECRET_PARAMETER, '$1***');

/**
 * Returns text with `***` for the secrets of a URL in it. The URL need not be valid. Everything up to the last `@` counts as
 * user and password, so a `/`, `?` or `#` that somebody forgot to percent-encode is part of them.
 */
export function withoutSecret(text: string): string {
  const start = text.indexOf('//') + 2;
  const end = text.lastIndexOf('@');
  if (start < 2 || end < start) return withoutSecretParameters(text);
  const hidden = text.slice(start, end);
  // If that @ is part of a parameter's secret, the rest of the secret follows it, so all of it is hidden.
  if (withoutSecretParameters(hidden) !== hidden) return `${text.slice(0, start)}***`;
  return `${text.slice(0, start)}***${withoutSecretParameters(text.slice(end))}`;
}
