// What a URL holds in confidence, hidden before the URL is shown. The only place that knows how.

const SECRET_PARAMETER = /([?&][^=&?#]*(?:password|token|secret)[^=&?#]*=)[^&#]*/gi;

/** A valid URL with `***` for what its secret parameters say: `?token=`, `&sentinel_password=` and the like. */
export const withoutSecretParameters = (url: string): string => url.replace(SECRET_PARAMETER, '$1***');

/**
 * Text with `***` for the secrets of a URL in it, which need not be valid. User and password are taken to end at the
 * last `@`, wherever it is: a `/`, `?` or `#` that somebody forgot to percent-encode is part of them.
 */
export function withoutSecret(text: string): string {
  const start = text.indexOf('//') + 2;
  const end = text.lastIndexOf('@');
  if (start < 2 || end < start) return withoutSecretParameters(text);
  const hidden = text.slice(start, end);
  // Where that @ is part of a parameter's secret, the rest of that secret follows it.
  if (withoutSecretParameters(hidden) !== hidden) return `${text.slice(0, start)}***`;
  return `${text.slice(0, start)}***${withoutSecretParameters(text.slice(end))}`;
}
